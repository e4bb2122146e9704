/* Where versions stand, shape by shape; each row is a shape of real repositories. */
#include "locate/locate.h"

#include "../testing.h"

#define FOUND_BYTES_MAX 8192

struct shape {
    const char *name;
    const char *path;
    const char *text;
    const char *want; /* a line for each place: form confidence image tag digest line:column who */
};

static void add_line(struct str *out, const struct locate_place *place)
{
    str_addf(out, "%s %s %s tag=%s digest=%s %u:%u %s%s%s\n", locate_form_name(place->form),
             locate_confidence_name(place->confidence), place->image, place->tag, place->digest,
             place->line, place->column, place->container_type, place->container_type[0] ? " " : "",
             place->container);
}

static void check(const struct shape *shape, const struct image_field *fields, size_t field_count)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(got, FOUND_BYTES_MAX);
    struct err err = {0};
    struct yaml_document *documents = NULL;
    struct slice text = slice_of(shape->text);
    ASSERT_OK(yaml_parse(arena, text, &documents, &err), err);
    struct locate_file file = {.path = shape->path,
                               .text = text,
                               .documents = documents,
                               .fields = fields,
                               .field_count = field_count};
    for (const struct locate_place *place = locate_places(&file, arena); place;
         place = place->next) {
        add_line(&got, place);
    }
    if (strcmp(got.text, shape->want) != 0) {
        fail_msg("%s\nwanted:\n%sgot:\n%s", shape->name, shape->want, got.text);
    }
}

static void check_all(const struct shape *shapes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(&shapes[i], NULL, 0);
    }
}

/* ---- pods ---- */

static const struct shape pods[] = {
    {"containers of each type and image volumes", "cart.yaml",
     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart}\nspec:\n  template:\n    "
     "spec:\n"
     "      initContainers: [{name: init, image: 'localhost:5000/tools'}]\n"
     "      containers:\n        - name: cart\n          image: ghcr.io/acme/cart:1.0@sha256:"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
     "      ephemeralContainers: [{name: debug, image: busybox:1}]\n"
     "      volumes: [{name: model, image: {reference: acme/model:2}}]\n",
     "field certain localhost:5000/tools tag= digest= 7:44 initContainer init\n"
     "field certain ghcr.io/acme/cart tag=1.0 digest=sha256:"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 10:18 container cart\n"
     "field certain busybox tag=1 digest= 11:50 ephemeralContainer debug\n"
     "field certain acme/model tag=2 digest= 12:50 volume model\n"},
    {"a CronJob nests deeper, and a Pod not at all", "jobs.yaml",
     "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n"
     "        spec:\n          containers: [{image: a:1}]\n---\napiVersion: v1\nkind: Pod\nspec: "
     "{containers: [{image: b:2}]}\n",
     "field certain a tag=1 digest= 8:32 container \n"
     "field certain b tag=2 digest= 12:29 container \n"},
    {"an operator's kind is known by its shape", "m.yaml",
     "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec:\n  pytorchReplicaSpecs:\n    Master:\n"
     "      template: {spec: {containers: [{name: t, image: 'acme/train:3'}]}}\n",
     "field likely acme/train tag=3 digest= 6:55 container t\n"},
    {"items of a List are objects of their own", "list.yaml",
     "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: "
     "x}\n"
     "    spec: {containers: [{name: c, image: a:1}]}\n",
     "field certain a tag=1 digest= 7:42 container c\n"},
    {"text in ConfigMaps, templates and foreign schemes are no images", "c.yaml",
     "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    containers: [{image: a:1}]\n---\n"
     "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {{ .Image }}\n"
     "    - image: ko://example.org/x\n    - image: <image>\n    - image: docker.io/{user}/x\n",
     ""},
    {"what an alias repeats is found once, at its anchor", "a.yaml",
     "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - &c {name: a, image: a:1}\n    - *c\n",
     "field certain a tag=1 digest= 5:27 container a\n"},
};

static void containers_are_found_in_any_kind(void **state)
{
    (void)state;
    check_all(pods, COUNT_OF(pods));
}

/* ---- kustomizations ---- */

static const struct shape kustomizations[] = {
    {"entries in each form", "overlay/kustomization.yaml",
     "images:\n  - name: a\n    newTag: \"1.10\"\n  - {name: b, newName: c, digest: sha256:bb}\n"
     "  - name: d\n",
     "kustomize certain a tag=1.10 digest= 3:13 a\n"
     "kustomize certain c tag= digest=sha256:bb 4:35 b\n"
     "kustomize certain d tag= digest= 5:5 d\n"},
    {"a Component, and charts", "x.yaml",
     "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{name: a, newTag: "
     "v1}]\n"
     "helmCharts: [{name: redis, version: 1.2.3}]\n",
     "kustomize certain a tag=v1 digest= 3:28 a\n"
     "chart certain redis tag=1.2.3 digest= 4:37 \n"},
};

static void entries_of_kustomizations_are_found(void **state)
{
    (void)state;
    check_all(kustomizations, COUNT_OF(kustomizations));
}

/* ---- Helm ---- */

static const struct shape values[] = {
    {"repository beside tag, with registry and digest, at any depth", "values.yaml",
     "image: {repository: acme/web, tag: 41, digest: ''}\nworkers:\n  - job:\n      registry: "
     "ghcr.io\n"
     "      repository: acme/job\n      tag: 1.2.3@sha256:cc\n",
     "values-file likely acme/web tag=41 digest= 1:36 image\n"
     "values-file likely ghcr.io/acme/job tag=1.2.3 digest=sha256:cc 6:12 workers.[0].job\n"},
    {"an image in one scalar, or with its tag beside", "values-prod.yaml",
     "web:\n  image: acme/web:1\nsidecarImage: acme/side:2\ndb:\n  image: acme/db\n  imageTag: "
     "'3'\n"
     "cache: {image: mongo}\nnodeImage: large\nimagePullPolicy: Always\n",
     "values-file likely acme/web tag=1 digest= 2:10 web.image\n"
     "values-file likely acme/side tag=2 digest= 3:15 sidecarImage\n"
     "values-file likely acme/db tag=3 digest= 6:13 db.image\n"
     "values-file guess mongo tag= digest= 7:16 cache.image\n"},
    {"an empty tag can be filled, a missing one added", "values.yaml",
     "a: {image: {repository: acme/a, tag: \"\"}}\nb: {image: {repository: acme/b}}\n"
     "c: {repository: https://charts.example.org, version: 1}\n",
     "values-file likely acme/a tag= digest= 1:38 a.image\n"
     "values-file guess acme/b tag= digest= 2:12 b.image\n"},
    {"a file of anything else is left alone", "compose.yaml",
     "services: {web: {image: 'acme/web:1'}}\n", ""},
    {"a HelmRelease: the chart and its values", "hr.yaml",
     "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  chart: {spec: {chart: "
     "podinfo, "
     "version: '>=6.0.0'}}\n  values: {image: {repository: acme/web, tag: \"{{ x }}\"}}\n",
     "chart certain podinfo tag=>=6.0.0 digest= 4:43 \n"
     "values likely acme/web tag={{ x }} digest= 5:47 image\n"},
    {"an OCIRepository by tag, range and digest", "oci.yaml",
     "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {url: oci://ghcr.io/a/b, "
     "ref: {tag: '1'}}\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: "
     "{url: oci://ghcr.io/a/c, ref: {semver: 1.x}}\n",
     "chart certain ghcr.io/a/b tag=1 digest= 3:43 \n"
     "chart certain ghcr.io/a/c tag=1.x digest= 7:46 \n"},
    {"dependencies of a chart", "app/Chart.yaml",
     "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies: [{name: redis, version: 17.x}]\n",
     "chart certain redis tag=17.x digest= 4:39 \n"},
};

static void helm_values_and_charts_are_found(void **state)
{
    (void)state;
    check_all(values, COUNT_OF(values));
}

/* ---- Argo CD ---- */

static const struct shape applications[] = {
    {"what an Application sets", "app.yaml",
     "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    kustomize: "
     "{images: "
     "['nginx=acme/nginx:1.2', 'acme/x:1']}\n    helm:\n      parameters:\n"
     "        - {name: web.image.tag, value: '1.2'}\n"
     "        - {name: web.image.repository, value: acme/web}\n"
     "      valuesObject: {image: acme/v:7}\n  sources:\n"
     "    - {chart: redis, targetRevision: 1.2.3}\n    - {path: x, targetRevision: HEAD}\n",
     "argocd certain acme/nginx tag=1.2 digest= 5:26 \n"
     "argocd certain acme/x tag=1 digest= 5:50 \n"
     "argocd likely acme/web tag=1.2 digest= 8:40 web.image.tag\n"
     "argocd likely acme/v tag=7 digest= 10:29 image\n"
     "chart certain redis tag=1.2.3 digest= 12:38 \n"},
    {"an ApplicationSet's template", "set.yaml",
     "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {template: {spec: {source: "
     "{chart: "
     "redis, targetRevision: 1.2.3}}}}\n",
     "chart certain redis tag=1.2.3 digest= 3:65 \n"},
    {"a Rollout is a workload", "r.yaml",
     "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {containers: "
     "[{name: c, "
     "image: 'a:1'}]}}}\n",
     "field certain a tag=1 digest= 3:56 container c\n"},
};

static void applications_of_argo_cd_are_read(void **state)
{
    (void)state;
    check_all(applications, COUNT_OF(applications));
}

/* ---- what people say ---- */

static const struct shape marked[] = {
    {"a marker makes certain what was a guess, and finds what has no shape", "values.yaml",
     "image:\n  repository: acme/web # {\"$imagepolicy\": \"flux-system:web:name\"}\n"
     "  tag: 1.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n"
     "engine: acme/engine:2 # {\"$imagepolicy\": \"flux-system:engine\"}\n",
     "values-file certain acme/web tag=1.0 digest= 3:8 image\n"
     "field certain acme/engine tag=2 digest= 4:9 \n"},
};

static void markers_of_flux_are_hints(void **state)
{
    (void)state;
    check_all(marked, COUNT_OF(marked));
}

static void a_named_field_is_found(void **state)
{
    (void)state;
    static const struct image_field fields[] = {
        {"Kafka", "spec.kafka.image"}, {"Kafka", "spec.pools[].image"},
        {"Other", "spec.kafka.image"}, {"Kafka", "spec.list[]"},
        {"Kafka", "spec.runtime"},     {"Kafka", "spec.missing.image"},
        {"Kafka", "spec.list"},        {"Kafka", "spec.kafka[]"},
        {"Kafka", "spec.number"}};
    static const struct shape kafka = {
        "fields named by kind and path", "k.yaml",
        "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nspec:\n  kafka: {image: 'acme/kafka:3'}\n"
        "  pools: [{image: 'acme/pool:1'}, {image: 'acme/pool:2'}]\n"
        "  list: [acme/a:1, acme/b]\n"
        "  runtime:\n    repository: acme/run\n    tag: 1.10\n"
        "  number: {}\n",
        "custom certain acme/kafka tag=3 digest= 4:18 spec.kafka.image\n"
        "custom certain acme/pool tag=1 digest= 5:19 spec.pools[].image\n"
        "custom certain acme/pool tag=2 digest= 5:43 spec.pools[].image\n"
        "custom certain acme/a tag=1 digest= 6:10 spec.list[]\n"
        "custom certain acme/b tag= digest= 6:20 spec.list[]\n"
        "custom certain acme/run tag=1.10 digest= 9:10 spec.runtime\n"};
    check(&kafka, fields, COUNT_OF(fields));
}

static void a_named_field_that_has_a_known_shape_is_found_once(void **state)
{
    (void)state;
    static const struct image_field fields[] = {
        {"Tool", "spec.containers[].image"},
        {"Tool", "spec.containers[].image"},
    };
    static const struct shape tool = {
        "named, and a container", "t.yaml",
        "apiVersion: acme.io/v1\nkind: Tool\nspec:\n  containers: [{name: t, image: acme/t:1}]\n",
        "field certain acme/t tag=1 digest= 4:33 container t\n"};
    check(&tool, fields, COUNT_OF(fields));
}

static void an_encrypted_file_says_so(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    struct locate_file file = {
        .path = "s.yaml",
        .text = slice_of("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a:1}]}\n"
                         "sops: {mac: ENC, version: 3.8.1}\n")};
    struct yaml_document *documents = NULL;
    ASSERT_OK(yaml_parse(arena, file.text, &documents, &err), err);
    file.documents = documents;
    const struct locate_place *place = locate_places(&file, arena);
    assert_non_null(place);
    assert_string_equal(place->trouble, "the file is encrypted by SOPS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_found_in_any_kind),
        cmocka_unit_test(entries_of_kustomizations_are_found),
        cmocka_unit_test(helm_values_and_charts_are_found),
        cmocka_unit_test(applications_of_argo_cd_are_read),
        cmocka_unit_test(markers_of_flux_are_hints),
        cmocka_unit_test(a_named_field_is_found),
        cmocka_unit_test(a_named_field_that_has_a_known_shape_is_found_once),
        cmocka_unit_test(an_encrypted_file_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
