/* The config repository of the demonstration, made by the git program. */
#include <stdio.h>
#include <string.h>

#include "proc/proc.h"
#include "sandbox/demo.h"

#define FILES_BYTES_MAX (1U << 20)

const char *const demo_clusters[DEMO_CLUSTERS] = {"dev", "staging", "prod-eu", "prod-us"};

static const struct {
    const char *name;
    const char *kind;
    int replicas;
} workloads[] = {
    {"cart", "Deployment", 2},     {"catalog", "Deployment", 2},  {"checkout", "Deployment", 2},
    {"collector", "DaemonSet", 0}, {"ledger", "StatefulSet", 2},  {"mailer", "Deployment", 1},
    {"orders", "Deployment", 2},   {"payments", "Deployment", 2}, {"report", "CronJob", 0},
    {"search", "HelmRelease", 2},  {"users", "Deployment", 2},    {"web", "Deployment", 3},
};

const size_t demo_shop_count = COUNT_OF(workloads);

void demo_name_workload(size_t index, char out[static DEMO_NAME_BYTES])
{
    if (index < COUNT_OF(workloads)) {
        snprintf(out, DEMO_NAME_BYTES, "%s", workloads[index].name);
    } else {
        snprintf(out, DEMO_NAME_BYTES, "service-%zu", index + 1);
    }
}

/* Flux installs it. */
static bool is_chart(size_t index)
{
    return index < COUNT_OF(workloads) && strcmp(workloads[index].kind, "HelmRelease") == 0;
}

void demo_name_repository(size_t index, char out[static DEMO_REPOSITORY_BYTES])
{
    char name[DEMO_NAME_BYTES];
    demo_name_workload(index, name);
    snprintf(out, DEMO_REPOSITORY_BYTES, "%s/%s", is_chart(index) ? "charts" : "shop", name);
}

/* ---- fast-import: a commit without a checkout ---- */

static void add_data(struct str *stream, struct slice bytes)
{
    str_addf(stream, "data %zu\n", bytes.length);
    str_add_bytes(stream, bytes.bytes, bytes.length);
    str_add_char(stream, '\n');
}

static void add_file(struct str *stream, const char *path, const char *text)
{
    str_addf(stream, "M 100644 inline %s\n", path);
    add_data(stream, slice_of(text));
}

static void begin_commit(struct str *stream, const char *author, const char *message, bool is_first)
{
    int64_t now_s = env_now_ms(env_system()) / 1000;
    str_add(stream, "commit refs/heads/main\n");
    str_addf(stream, "committer %s <%s@shop.example> %lld +0000\n", author, author,
             (long long)now_s);
    add_data(stream, slice_of(message));
    if (!is_first) {
        str_add(stream, "from refs/heads/main^0\n");
    }
}

static bool git(const char *repository, const char *const *words, struct slice input,
                struct proc_result *result, struct err *err)
{
    const char *argv[12] = {"git", "--git-dir", repository};
    size_t count = 3;
    for (; *words && count + 1 < COUNT_OF(argv); words++) {
        argv[count++] = *words;
    }
    const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
                               "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", NULL};
    struct proc_call call = {.argv = argv, .env = env, .input = input};
    if (!proc_run(&call, result, err)) {
        return err->kind == ERR_NOT_FOUND
                   ? err_set(err, ERR_NOT_FOUND, "the demo needs the git program; install git")
                   : false;
    }
    return result->exit_code == 0 ||
           err_set(err, ERR_INTERNAL, "git %s: %.300s", argv[3], result->errors.text);
}

static bool import(const char *repository, const struct str *stream, struct err *err)
{
    static const char *const words[] = {"fast-import", "--quiet", NULL};
    AUTO(proc_result_done) struct proc_result result = {0};
    return git(repository, words, str_slice(stream), &result, err);
}

bool demo_commit_file(const char *repository, const char *path, const char *text,
                      const char *message, struct err *err)
{
    AUTO_STR(stream, FILES_BYTES_MAX);
    begin_commit(&stream, "ada", message, false);
    add_file(&stream, path, text);
    return import(repository, &stream, err);
}

bool demo_read_file(const char *repository, const char *path, struct str *out, struct err *err)
{
    AUTO_STR(object, 1024);
    str_addf(&object, "main:%s", path);
    const char *const words[] = {"cat-file", "blob", object.text, NULL};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git(repository, words, (struct slice){0}, &result, err)) {
        return false;
    }
    str_add_bytes(out, result.output.text, result.output.length);
    return true;
}

/* ---- manifests ---- */

static void add_image(const struct demo *demo, const char *name, bool with_version, struct str *out)
{
    str_addf(out, "%s/shop/%s", demo->registry_host, name);
    char digest[IMAGE_DIGEST_BYTES];
    AUTO_STR(repository, 128);
    str_addf(&repository, "shop/%s", name);
    if (with_version && sandbox_registry_digest(demo->registry, repository.text, "1.0.0", digest)) {
        str_addf(out, ":1.0.0@%s", digest);
    }
}

static void add_pod_spec(const struct demo *demo, const char *name, bool with_version,
                         const char *indent, bool restarts, struct str *out)
{
    if (!restarts) {
        str_addf(out, "%srestartPolicy: OnFailure\n", indent);
    }
    str_addf(out, "%scontainers:\n%s  - name: %s\n%s    image: ", indent, indent, name, indent);
    add_image(demo, name, with_version, out);
    str_addf(out, "\n%s    resources:\n%s      requests: {cpu: 50m, memory: 64Mi}\n", indent,
             indent);
    str_addf(out, "%s      limits: {memory: 128Mi}\n", indent);
}

static void add_cron_job(const struct demo *demo, const char *name, bool with_version,
                         struct str *out)
{
    str_add(
        out,
        "  schedule: \"0 3 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n");
    add_pod_spec(demo, name, with_version, "          ", false, out);
}

static void add_pods(const struct demo *demo, const char *name, const char *kind, int replicas,
                     bool with_version, struct str *out)
{
    if (replicas) {
        str_addf(out, "  replicas: %d\n", replicas);
    }
    if (strcmp(kind, "StatefulSet") == 0) {
        str_addf(out, "  serviceName: %s\n", name);
    }
    str_addf(out, "  selector: {matchLabels: {app: %s}}\n  template:\n", name);
    str_addf(out, "    metadata: {labels: {app: %s}}\n    spec:\n", name);
    add_pod_spec(demo, name, with_version, "      ", true, out);
}

static void add_release(const struct demo *demo, size_t index, struct str *out)
{
    const char *name = workloads[index].name;
    str_addf(out,
             "# %s of the shop, a chart.\napiVersion: source.toolkit.fluxcd.io/v1\n"
             "kind: HelmRepository\nmetadata: {name: charts, namespace: shop}\n"
             "spec: {type: oci, interval: 5m, url: \"oci://%s/charts\"}\n---\n",
             name, demo->registry_host);
    str_addf(out,
             "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
             "metadata: {name: %s, namespace: shop}\nspec:\n  interval: 5m\n  chart:\n    spec:\n"
             "      chart: %s\n      version: 1.0.0\n"
             "      sourceRef: {kind: HelmRepository, name: charts}\n  values: {replicas: %d}\n",
             name, name, workloads[index].replicas);
}

static void write_manifest(const struct demo *demo, size_t index, bool with_version,
                           struct str *out)
{
    char name[DEMO_NAME_BYTES];
    demo_name_workload(index, name);
    if (is_chart(index)) {
        add_release(demo, index, out);
        return;
    }
    bool is_of_shop = index < COUNT_OF(workloads);
    const char *kind = is_of_shop ? workloads[index].kind : "Deployment";
    bool is_cron_job = strcmp(kind, "CronJob") == 0;
    str_addf(out, "# %s of the shop.\napiVersion: %s/v1\nkind: %s\n", name,
             is_cron_job ? "batch" : "apps", kind);
    str_addf(out, "metadata: {name: %s, namespace: shop}\nspec:\n", name);
    if (is_cron_job) {
        add_cron_job(demo, name, with_version, out);
    } else {
        add_pods(demo, name, kind, is_of_shop ? workloads[index].replicas : 2, with_version, out);
    }
}

static void add_folder(const struct demo *demo, const char *folder, bool with_version,
                       struct str *stream)
{
    AUTO_STR(path, 256);
    str_addf(&path, "%s/namespace.yaml", folder);
    add_file(stream, path.text, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    for (size_t i = 0; i < demo->workload_count; i++) {
        AUTO_STR(text, 4096);
        char name[DEMO_NAME_BYTES];
        demo_name_workload(i, name);
        write_manifest(demo, i, with_version, &text);
        str_clear(&path);
        str_addf(&path, "%s/%s.yaml", folder, name);
        add_file(stream, path.text, text.text);
    }
}

static void add_base_list(const struct demo *demo, struct str *stream)
{
    AUTO_STR(text, 4096);
    str_add(&text, "resources:\n  - namespace.yaml\n");
    for (size_t i = 0; i < demo->workload_count; i++) {
        char name[DEMO_NAME_BYTES];
        demo_name_workload(i, name);
        str_addf(&text, "  - %s.yaml\n", name);
    }
    add_file(stream, "base/kustomization.yaml", text.text);
}

/* A chart's version of the overlay's own. */
static void add_chart_patch(const char *cluster, const char *name, struct str *stream)
{
    AUTO_STR(path, 256);
    AUTO_STR(text, 1024);
    str_addf(&path, "clusters/%s/%s-chart-version.yaml", cluster, name);
    str_addf(&text,
             "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
             "metadata: {name: %s, namespace: shop}\n"
             "spec: {chart: {spec: {version: 1.0.0}}}\n",
             name);
    add_file(stream, path.text, text.text);
}

static void add_image_entry(const struct demo *demo, size_t index, struct str *out)
{
    char digest[IMAGE_DIGEST_BYTES] = "";
    char repository[DEMO_REPOSITORY_BYTES];
    demo_name_repository(index, repository);
    str_addf(out, "  - name: %s/%s\n    newTag: 1.0.0\n", demo->registry_host, repository);
    if (sandbox_registry_digest(demo->registry, repository, "1.0.0", digest)) {
        str_addf(out, "    digest: %s\n", digest);
    }
}

/* An overlay over the base: its versions stand in its own images: and patches, so that one
   cluster's promotion changes no other. */
static void add_overlay(const struct demo *demo, const char *cluster, struct str *stream)
{
    AUTO_STR(text, (size_t)DEMO_WORKLOADS_MAX * 256);
    AUTO_STR(patches, 4096);
    str_add(&text, "resources:\n  - ../../base\nimages:\n");
    for (size_t i = 0; i < demo->workload_count; i++) {
        if (is_chart(i)) {
            add_chart_patch(cluster, workloads[i].name, stream);
            str_addf(&patches, "  - path: %s-chart-version.yaml\n", workloads[i].name);
        } else {
            add_image_entry(demo, i, &text);
        }
    }
    str_addf(&text, "patches:\n%s", patches.text);
    AUTO_STR(path, 256);
    str_addf(&path, "clusters/%s/kustomization.yaml", cluster);
    add_file(stream, path.text, text.text);
}

static void add_pipeline(const struct demo *demo, struct str *stream)
{
    double speed = demo->options.speed > 0 ? demo->options.speed : 1;
    AUTO_STR(text, 4096);
    str_add(&text, "# How versions move: registry -> dev -> staging -> prod.\n"
                   "apiVersion: heddle.dev/v1\n"
                   "kind: Pipeline\n"
                   "metadata: {name: shop}\n"
                   "spec:\n"
                   "  versions:\n"
                   "    - images: \"**\"\n"
                   "      policy: {semver: \">=1.0.0\"}\n"
                   "  stages:\n"
                   "    - name: dev\n"
                   "      targets: [{cluster: dev, path: clusters/dev}]\n"
                   "      automatic: true\n"
                   "    - name: staging\n"
                   "      from: [dev]\n"
                   "      targets: [{cluster: staging, path: clusters/staging}]\n"
                   "      automatic: true\n");
    str_addf(&text, "      gates: [{soak: %dms}]\n", (int)(10000 / speed));
    str_add(&text, "    - name: prod\n"
                   "      from: [staging]\n"
                   "      targets:\n"
                   "        - {cluster: prod-eu, path: clusters/prod-eu}\n"
                   "        - {cluster: prod-us, path: clusters/prod-us}\n"
                   "      waves: [[prod-eu], [prod-us]]\n"
                   "      gates: [{approval: {count: 1}}]\n");
    add_file(stream, "heddle.yaml", text.text);
}

bool demo_make_repository(struct demo *demo, struct err *err)
{
    static const char *const init[] = {"init", "--quiet", "--bare", "--initial-branch=main", NULL};
    AUTO(proc_result_done) struct proc_result result = {0};
    AUTO_STR(stream, FILES_BYTES_MAX);
    begin_commit(&stream, "ada", "Begin with version 1.0.0 everywhere\n", true);
    add_folder(demo, "clusters/dev", true, &stream);
    add_folder(demo, "clusters/staging", true, &stream);
    add_folder(demo, "base", false, &stream);
    add_base_list(demo, &stream);
    add_overlay(demo, "prod-eu", &stream);
    add_overlay(demo, "prod-us", &stream);
    add_pipeline(demo, &stream);
    return git(demo->repository, init, (struct slice){0}, &result, err) &&
           import(demo->repository, &stream, err);
}
