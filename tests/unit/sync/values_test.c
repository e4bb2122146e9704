/* What a HelmRelease wants once Flux has put its values together. */
#include "../testing.h"

#include <string.h>

#include "../render/trees.h"
#include "sync/engine.h"

#define MAP(id, place, values)                                                                     \
    {                                                                                              \
        .kind = "ConfigMap", .namespace = (place), .name = (id),                                   \
        .json = "{\"data\":{\"values.yaml\":\"" values "\"}}"                                      \
    }

/* `tree`: of the revision's commit; NULL: there is none. */
static void expect_images_by(struct memory_tree *tree, const char *spec, const char *const *wanted,
                             size_t count)
{
    AUTO_STR(json, 10000);
    str_addf(&json,
             "{\"apiVersion\":\"helm.toolkit.fluxcd.io/v2\",\"kind\":\"HelmRelease\","
             "\"metadata\":{\"name\":\"web\"},\"spec\":%s}",
             spec);
    struct render_object objects[] = {
        MAP("a", "shop", "image:\\n  repository: acme/web\\n  tag: v1\\n"),
        MAP("b", "shop", "image: {tag: v2}\\nside: {image: 'acme/side:1'}\\n"),
        MAP("c", "shop", "side: null\\n"),
        MAP("b", "other", "image: {tag: v9}\\n"),
        MAP("broken", "shop", "image: {tag\\n"),
        {.api_version = "helm.toolkit.fluxcd.io/v2",
         .kind = "HelmRelease",
         .namespace = "shop",
         .name = "web",
         .json = json.text,
         .file = "web.yaml"},
    };
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        objects[i].api_version = objects[i].api_version ? objects[i].api_version : "v1";
        objects[i].json_length = strlen(objects[i].json);
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct revision revision = {.render = {.objects = objects, .count = COUNT_OF(objects)},
                                .arena = arena};
    if (tree) {
        struct manifest_tree face = memory_face(tree);
        revision_read_charts(&revision, &face);
    }
    struct sync sync = {.revision = &revision};
    struct workload_image images[WORKLOAD_IMAGES_MAX];
    size_t got = object_images(&sync, &objects[COUNT_OF(objects) - 1], images);
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        str_clear(&text);
        str_addf(&text, "%s=%s:%s", images[i].container, images[i].image.repository,
                 images[i].image.tag);
        assert_string_equal(text.text, wanted[i]);
    }
}

static void expect_images(const char *spec, const char *const *wanted, size_t count)
{
    expect_images_by(NULL, spec, wanted, count);
}

#define FROM(names) "{\"valuesFrom\":[" names "]"
#define SOURCE(name) "{\"kind\":\"ConfigMap\",\"name\":\"" name "\"}"
#define IMAGES(...)                                                                                \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void the_last_source_has_the_last_word(void **state)
{
    (void)state;
    expect_images(FROM(SOURCE("a")) "}", IMAGES("image=acme/web:v1"));
    expect_images(FROM(SOURCE("a") "," SOURCE("b")) "}",
                  IMAGES("image=acme/web:v2", "side.image=acme/side:1"));
    expect_images(FROM(SOURCE("a") "," SOURCE("b") "," SOURCE("c")) "}",
                  IMAGES("image=acme/web:v2"));
}

static void the_releases_own_values_stand_above_all(void **state)
{
    (void)state;
    expect_images(FROM(SOURCE("a") "," SOURCE("b")) ",\"values\":{\"image\":{\"tag\":\"v3\"}}}",
                  IMAGES("image=acme/web:v3", "side.image=acme/side:1"));
}

static void what_is_not_there_says_nothing(void **state)
{
    (void)state;
    expect_images(FROM(SOURCE("a") "," SOURCE("broken") "," SOURCE("nowhere") ",7") "}",
                  IMAGES("image=acme/web:v1"));
    expect_images(FROM("{\"kind\":\"Secret\",\"name\":\"a\"},"
                       "{\"kind\":\"ConfigMap\",\"name\":\"b\",\"targetPath\":\"image.tag\"}") "}",
                  NULL, 0);
}

#define OF_GIT(more)                                                                               \
    "{\"chart\":{\"spec\":{\"chart\":\"./charts/shop\",\"sourceRef\":{\"kind\":\"GitRepository\"," \
    "\"name\":\"g\"}" more "}}"

static void a_chart_in_the_repository_says_what_the_release_leaves_out(void **state)
{
    (void)state;
    AUTO(memory_done) struct memory_tree tree = {0};
    memory_put(&tree, "charts/shop/Chart.yaml", "name: shop\n");
    memory_put(&tree, "charts/shop/values.yaml",
               "image: {repository: acme/web, tag: ''}\nredis: {image: {tag: '8'}}\n");
    memory_put(&tree, "charts/shop/charts/redis/values.yaml",
               "image: {repository: library/redis, tag: '7'}\nside: {image: 'acme/side:1'}\n");
    memory_put(&tree, "values/dev.yaml", "image: {tag: v2}\n");
    memory_put(&tree, "values/broken.yaml", "image: {tag\n");
    expect_images_by(&tree, OF_GIT("") "}",
                     IMAGES("redis.image=library/redis:8", "redis.side.image=acme/side:1"));
    expect_images_by(&tree, OF_GIT("") ",\"values\":{\"image\":{\"tag\":\"v3\"},\"redis\":null}}",
                     IMAGES("image=acme/web:v3"));
    expect_images_by(
        &tree,
        OF_GIT(",\"valuesFiles\":[\"charts/shop/values.yaml\",\"values/dev.yaml\","
               "\"values/broken.yaml\",\"values/none.yaml\"]") "}",
        IMAGES("image=acme/web:v2", "redis.image=library/redis:8", "redis.side.image=acme/side:1"));
    expect_images_by(
        &tree,
        OF_GIT(",\"valuesFiles\":[\"charts/shop/values.yaml\",\"values/dev.yaml\"]") ",\"valuesFrom"
                                                                                     "\":[" SOURCE(
                                                                                         "b") "],"
                                                                                              "\"va"
                                                                                              "lues"
                                                                                              "\":{"
                                                                                              "\"re"
                                                                                              "dis"
                                                                                              "\":"
                                                                                              "null"
                                                                                              "}}",
        IMAGES("image=acme/web:v2", "side.image=acme/side:1"));
    memory_put(&tree, "charts/shop/Chart.yaml", NULL);
    expect_images_by(&tree, OF_GIT("") "}", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_source_has_the_last_word),
        cmocka_unit_test(the_releases_own_values_stand_above_all),
        cmocka_unit_test(what_is_not_there_says_nothing),
        cmocka_unit_test(a_chart_in_the_repository_says_what_the_release_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
