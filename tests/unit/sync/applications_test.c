/* Which versions an Application of Argo CD wants, as the server's look at Git has them, too. */
#include "../testing.h"

#include <string.h>

#include "../render/trees.h"
#include "sync/engine.h"

#define GIT "\"repoURL\":\"https://git.example.org/config.git\""
#define REGISTRY "\"repoURL\":\"ghcr.io/acme/charts\",\"chart\":\"api\""
#define IMAGES(...)                                                                                \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void expect_images(struct memory_tree *tree, const char *spec, const char *const *wanted,
                          size_t count)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(json, 10000);
    str_addf(&json,
             "{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Application\","
             "\"metadata\":{\"name\":\"api\"},\"spec\":%s}",
             spec);
    struct render_object object = {.api_version = "argoproj.io/v1alpha1",
                                   .kind = "Application",
                                   .namespace = "argocd",
                                   .name = "api",
                                   .json = json.text,
                                   .json_length = json.length,
                                   .file = "api.yaml"};
    struct revision revision = {.render = {.objects = &object, .count = 1}, .arena = arena};
    struct manifest_tree face = memory_face(tree);
    revision_read_charts(&revision, &face);
    struct sync sync = {.revision = &revision};
    struct workload_image images[WORKLOAD_IMAGES_MAX];
    size_t got = object_images(&sync, &object, images);
    AUTO_STR(text, 10000);
    for (size_t i = 0; i < got; i++) {
        str_addf(&text, "%s=", images[i].container);
        image_format(&images[i].image, &text);
        str_add(&text, " ");
    }
    for (size_t i = 0; i < count && i < got; i++) {
        AUTO_STR(one, IMAGE_TEXT_BYTES);
        str_addf(&one, "%s ", wanted[i]);
        if (!strstr(text.text, one.text)) {
            fail_msg("no %s among %s", wanted[i], text.text);
        }
    }
    if (got != count) {
        fail_msg("%zu and not %zu: %s", got, count, text.text);
    }
}

static void what_it_sets_for_a_chart(void **state)
{
    (void)state;
    AUTO(memory_done) struct memory_tree tree = {0};
    expect_images(
        &tree,
        "{\"source\":{" REGISTRY ",\"targetRevision\":\"1.2.3\",\"helm\":{\"parameters\":["
        "{\"name\":\"image.repository\",\"value\":\"acme/api\"},"
        "{\"name\":\"image.tag\",\"value\":\"v2\"},{\"name\":\"a\\\\.b\",\"value\":\"x\"},"
        "{\"name\":\"side.tag\",\"value\":\"9\"}],\"valuesObject\":{\"image\":{\"tag\":\"v1\"},"
        "\"worker\":{\"image\":{\"repository\":\"acme/worker\",\"tag\":\"3\"}}}}}}",
        IMAGES("chart=ghcr.io/acme/charts/api:1.2.3", "image=acme/api:v2",
               "worker.image=acme/worker:3"));
    expect_images(&tree,
                  "{\"source\":{" GIT ",\"path\":\"apps/api\",\"kustomize\":{\"images\":["
                  "\"nginx=ghcr.io/acme/nginx:1.2\",\"ghcr.io/acme/api:v1\",\"acme/none\"]}}}",
                  IMAGES("nginx=ghcr.io/acme/nginx:1.2", "api=ghcr.io/acme/api:v1"));
    expect_images(&tree, "{}", NULL, 0);
}

static void what_the_files_of_its_chart_say(void **state)
{
    (void)state;
    AUTO(memory_done) struct memory_tree tree = {0};
    memory_put(&tree, "charts/api/Chart.yaml", "name: api\n");
    memory_put(&tree, "charts/api/values.yaml",
               "image: {repository: acme/api, tag: ''}\nproxy: {image: 'acme/proxy:1'}\n");
    memory_put(&tree, "charts/api/values-dev.yaml", "image: {tag: v1}\n");
    memory_put(&tree, "values/dev.yaml", "image: {repository: acme/db, tag: '5'}\n");
    expect_images(&tree,
                  "{\"source\":{" GIT ",\"path\":\"charts/api\",\"helm\":{\"valueFiles\":["
                  "\"values-dev.yaml\",\"none.yaml\"]}}}",
                  IMAGES("image=acme/api:v1", "proxy.image=acme/proxy:1"));
    expect_images(&tree,
                  "{\"source\":{" GIT ",\"path\":\"charts/api\",\"helm\":{\"valueFiles\":["
                  "\"/charts/api/values-dev.yaml\"],\"values\":\"image: {tag: v2}\"}}}",
                  IMAGES("image=acme/api:v2", "proxy.image=acme/proxy:1"));
    expect_images(&tree,
                  "{\"sources\":[{" GIT ",\"ref\":\"values\"},{" GIT ",\"path\":\"charts/api\","
                  "\"helm\":{\"parameters\":[{\"name\":\"image.tag\",\"value\":\"v3\"}]}},"
                  "{" REGISTRY ",\"targetRevision\":\"1.0.0\",\"helm\":{\"valueFiles\":["
                  "\"$values/values/dev.yaml\",\"$other/values/prod.yaml\"]}}]}",
                  IMAGES("image=acme/api:v3", "proxy.image=acme/proxy:1", "image[2]=acme/db:5",
                         "chart[2]=ghcr.io/acme/charts/api:1.0.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_sets_for_a_chart),
        cmocka_unit_test(what_the_files_of_its_chart_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
