/* What a HelmRelease wants once Flux has put its values together. */
#include "../testing.h"

#include <string.h>

#include "sync/engine.h"

#define MAP(id, place, values)                                                                     \
    {                                                                                              \
        .kind = "ConfigMap", .namespace = (place), .name = (id),                                   \
        .json = "{\"data\":{\"values.yaml\":\"" values "\"}}"                                      \
    }

static void expect_images(const char *spec, const char *const *wanted, size_t count)
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
    };
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        objects[i].json_length = strlen(objects[i].json);
    }
    struct revision revision = {.render = {.objects = objects, .count = COUNT_OF(objects)}};
    struct sync sync = {.revision = &revision};
    const struct render_object release = {.api_version = "helm.toolkit.fluxcd.io/v2",
                                          .kind = "HelmRelease",
                                          .namespace = "shop",
                                          .name = "web",
                                          .json = json.text,
                                          .json_length = json.length,
                                          .file = "web.yaml"};
    struct workload_image images[WORKLOAD_IMAGES_MAX];
    size_t got = object_images(&sync, &release, images);
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        str_clear(&text);
        str_addf(&text, "%s=%s:%s", images[i].container, images[i].image.repository,
                 images[i].image.tag);
        assert_string_equal(text.text, wanted[i]);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_source_has_the_last_word),
        cmocka_unit_test(the_releases_own_values_stand_above_all),
        cmocka_unit_test(what_is_not_there_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
