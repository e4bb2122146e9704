#include "../testing.h"

#include <stdio.h>

#include "model/release.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_HEX "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void image_references_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *repository, *tag, *digest, *host;
    } cases[] = {
        {"nginx", "nginx", "", "", ""},
        {"nginx:1.27", "nginx", "1.27", "", ""},
        {"library/nginx:1.27", "library/nginx", "1.27", "", ""},
        {"ghcr.io/acme/web", "ghcr.io/acme/web", "", "", "ghcr.io"},
        {"127.0.0.1:5000/shop/cart:1.1.0", "127.0.0.1:5000/shop/cart", "1.1.0", "",
         "127.0.0.1:5000"},
        {"localhost/cart", "localhost/cart", "", "", "localhost"},
        {"[::1]:5000/cart:v1", "[::1]:5000/cart", "v1", "", "[::1]:5000"},
        {"host:5000/cart", "host:5000/cart", "", "", "host:5000"},
        {"cart@sha256:" HEX, "cart", "", "sha256:" HEX, ""},
        {"a__b/c-d--e.f:_x@sha256:" HEX, "a__b/c-d--e.f", "_x", "sha256:" HEX, ""},
        {"Host/cart:1", "Host/cart", "1", "", "Host"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct image image;
        struct err err = {0};
        ASSERT_OK(image_parse(cases[i].text, &image, &err), err);
        assert_string_equal(image.repository, cases[i].repository);
        assert_string_equal(image.tag, cases[i].tag);
        assert_string_equal(image.digest, cases[i].digest);
        char host[IMAGE_REPOSITORY_BYTES];
        image_registry(&image, host, sizeof(host));
        assert_string_equal(host, cases[i].host);

        AUTO_STR(text, IMAGE_TEXT_BYTES);
        image_format(&image, &text);
        assert_string_equal(text.text, cases[i].text);
    }
}

static void what_is_no_image_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "empty"},
        {"Cart", "not a repository"},
        {"cart:", "a tag is"},
        {"cart:-1", "a tag is"},
        {"cart:a b", "a tag is"},
        {"cart@sha256:12", "64 hex digits"},
        {"cart@md5:" HEX, "64 hex digits"},
        {"cart@sha256:" HEX "0", "64 hex digits"},
        {"cart:1@", "64 hex digits"},
        {"a//b", "not a repository"},
        {"/a", "not a repository"},
        {"a/", "not a repository"},
        {"a/../b", "not a repository"},
        {"a___b", "not a repository"},
        {"a..b/c", "not a repository"},
        {"host:port/cart", "not a repository"},
        {"host:123456/cart", "not a repository"},
        {"[::1/cart", "not a repository"},
        {"-host.io/cart", "not a repository"},
        {"user@host.io/cart", "64 hex digits"},
        {"cart\n", "not a repository"},
        {"ca\x01rt", "not a repository"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct image image = {.tag = "kept"};
        struct err err = {0};
        if (image_parse(cases[i].text, &image, &err)) {
            fail_msg("\"%s\" was read", cases[i].text);
        }
        assert_non_null(strstr(err.text, cases[i].says));
        assert_string_equal(image.tag, "kept");
    }
}

static void names_of_any_length_are_bounded(void **state)
{
    (void)state;
    char long_text[400];
    memset(long_text, 'a', sizeof(long_text));
    long_text[IMAGE_REPOSITORY_BYTES - 1] = '\0';
    struct image image;
    struct err err = {0};
    ASSERT_OK(image_parse(long_text, &image, &err), err);
    long_text[IMAGE_REPOSITORY_BYTES - 1] = 'a';
    long_text[IMAGE_REPOSITORY_BYTES] = '\0';
    ASSERT_FAILS(image_parse(long_text, &image, &err), err, ERR_INVALID, "longer than 255");
    memset(long_text, 'a', sizeof(long_text));
    long_text[128] = '\0';
    assert_true(image_tag_is_valid(long_text));
    long_text[128] = 'a';
    long_text[129] = '\0';
    assert_false(image_tag_is_valid(long_text));
}

static void a_digest_decides_before_a_tag_and_a_tag_before_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"cart:1@sha256:" HEX, "cart:2@sha256:" HEX, true},
        {"mirror.io/cart@sha256:" HEX, "cart@sha256:" HEX, true},
        {"cart:1@sha256:" HEX, "cart:1@sha256:" OTHER_HEX, false},
        {"cart:1", "cart:1@sha256:" HEX, true},
        {"cart:1", "cart:2@sha256:" HEX, false},
        {"cart:1", "web:1", false},
        {"cart", "cart", true},
        {"cart", "cart@sha256:" HEX, false},
        {"cart", "cart:1", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct image a, b;
        struct err err = {0};
        ASSERT_OK(image_parse(cases[i].a, &a, &err), err);
        ASSERT_OK(image_parse(cases[i].b, &b, &err), err);
        if (image_same_version(&a, &b) != cases[i].same ||
            image_same_version(&b, &a) != cases[i].same) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
    }
}

static void an_image_survives_json_and_a_wrong_one_does_not(void **state)
{
    (void)state;
    struct image image, back;
    struct err err = {0};
    ASSERT_OK(image_parse("ghcr.io/acme/cart:1.2.3@sha256:" HEX, &image, &err), err);
    AUTO_JSON *value = image_to_json(&image);
    assert_true(image_from_json(value, &back));
    assert_memory_equal(&image, &back, sizeof(image));
    json_put_text(value, "tag", "../x");
    assert_false(image_from_json(value, &back));
    json_put_int(value, "repository", 3);
    assert_false(image_from_json(value, &back));
    assert_false(image_from_json(NULL, &back));
}

static void each_part_of_an_image_in_json_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *repository, *tag, *digest;
        bool is_good;
    } cases[] = {
        {"shop/cart", "1.0.0", "sha256:" HEX, true},
        {"shop/cart", "", "", true},
        {"", "1.0.0", "", false},
        {"Shop/Cart", "1.0.0", "", false},
        {"shop/cart", "-x", "", false},
        {"shop/cart", "1.0.0", HEX, false},
        {"shop/cart", "1.0.0", "sha256:" HEX "0", false},
        {"shop/cart", "1.0.0", "sha256:0", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct image image = {.tag = "untouched"};
        AUTO_JSON *value = json_pack("{s: s, s: s, s: s}", "repository", cases[i].repository, "tag",
                                     cases[i].tag, "digest", cases[i].digest);
        assert_int_equal(image_from_json(value, &image), cases[i].is_good);
        assert_string_equal(image.tag, cases[i].is_good ? cases[i].tag : "untouched");
    }
}

static void names_are_labels_and_the_error_proposes_one(void **state)
{
    (void)state;
    struct err err = {0};
    ASSERT_OK(name_check("stage name", "prod-eu-1", &err), err);
    ASSERT_FAILS(name_check("stage name", "Prod_EU", &err), err, ERR_INVALID,
                 "stage name \"Prod_EU\"");
    assert_non_null(strstr(err.text, "write \"prod-eu\""));
    ASSERT_FAILS(name_check("stage name", "", &err), err, ERR_INVALID, "stage name is empty");
    assert_false(name_check("x", "-a", &err));
    assert_false(name_check("x", "a-", &err));
    assert_false(name_check("x", "a.b", &err));
    assert_false(name_check("x", "é", &err));
    assert_false(
        name_check("x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &err));
    assert_true(
        name_check("x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &err));
}

static void paths_stay_inside_the_repository(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "/etc", "a/../b", "..",    "./",   "a\x7f",
                                      "a//b", "a/",   "./a",    "a/./b", "a\nb", "a/b/.."};
    struct err err = {0};
    ASSERT_OK(path_check("path", "clusters/dev", &err), err);
    ASSERT_OK(path_check("path", "..a/b..", &err), err);
    ASSERT_OK(path_check("path", PATH_ROOT, &err), err);
    assert_string_equal(path_in_tree(PATH_ROOT), "");
    assert_string_equal(path_in_tree("..a"), "..a");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (path_check("path", bad[i], &err)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}

static void kinds_need_their_group_and_every_name_comes_back(void **state)
{
    (void)state;
    assert_int_equal(workload_kind_of("apps/v1", "Deployment"), WORKLOAD_DEPLOYMENT);
    assert_int_equal(workload_kind_of("batch/v1", "CronJob"), WORKLOAD_CRON_JOB);
    assert_int_equal(workload_kind_of("v1", "Deployment"), WORKLOAD_KIND_COUNT);
    assert_int_equal(workload_kind_of("example.com/v1", "Job"), WORKLOAD_KIND_COUNT);
    assert_int_equal(workload_kind_of("argoproj.io/v1alpha1", "Application"), WORKLOAD_APPLICATION);
    assert_int_equal(workload_kind_of("app.k8s.io/v1", "Application"), WORKLOAD_KIND_COUNT);
    assert_int_equal(workload_kind_of("apps/v1", "Service"), WORKLOAD_KIND_COUNT);
    for (int i = 0; i < WORKLOAD_KIND_COUNT; i++) {
        enum workload_kind kind = (enum workload_kind)i;
        assert_int_equal(workload_kind_named(workload_kind_name(kind)), kind);
    }
    for (int i = 0; i < WORKLOAD_STATE_COUNT; i++) {
        enum workload_state one = (enum workload_state)i;
        assert_int_equal(workload_state_of(workload_state_name(one)), one);
    }
    assert_int_equal(workload_state_of("splendid"), WORKLOAD_NO_DATA);
}

static void names_of_a_release_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < RELEASE_KIND_COUNT; i++) {
        enum release_kind kind = (enum release_kind)i;
        assert_int_equal(release_kind_of(release_kind_name(kind)), kind);
    }
    for (int i = 0; i < RELEASE_PHASE_COUNT; i++) {
        enum release_phase phase = (enum release_phase)i;
        assert_int_equal(release_phase_of(release_phase_name(phase)), phase);
        assert_int_equal(release_is_over(phase), phase >= RELEASE_DONE);
    }
    for (int i = 0; i < ITEM_STATE_COUNT; i++) {
        enum item_state one = (enum item_state)i;
        assert_int_equal(item_state_of(item_state_name(one)), one);
    }
    assert_string_equal(release_phase_name(RELEASE_NEEDS_APPROVAL), "needs_approval");
    assert_int_equal(release_phase_of(""), RELEASE_PHASE_COUNT);
}

static void applications_are_named_without_their_target(void **state)
{
    (void)state;
    static const struct {
        enum workload_kind kind;
        const char *name, *path, *wanted;
    } cases[] = {
        {WORKLOAD_APPLICATION, "web-dev", "clusters/dev", "web"},
        {WORKLOAD_APPLICATION, "dev-web", "dev", "web"},
        {WORKLOAD_APPLICATION, "web-prod-eu", "clusters/prod-eu", "web"},
        {WORKLOAD_APPLICATION, "web", "clusters/dev", "web"},
        {WORKLOAD_APPLICATION, "webdev", "clusters/dev", "webdev"},
        {WORKLOAD_APPLICATION, "device", "clusters/dev", "device"},
        {WORKLOAD_APPLICATION, "dev", "clusters/dev", "dev"},
        {WORKLOAD_APPLICATION, "-dev", "clusters/dev", "-dev"},
        {WORKLOAD_APPLICATION, "web", "", "web"},
        {WORKLOAD_DEPLOYMENT, "web-dev", "clusters/dev", "web-dev"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice name = workload_name_in(cases[i].kind, cases[i].name, cases[i].path);
        if (!slice_equals(name, cases[i].wanted)) {
            fail_msg("%s in %s: %.*s", cases[i].name, cases[i].path, (int)name.length, name.bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_references_are_taken_apart),
        cmocka_unit_test(what_is_no_image_is_refused_with_a_reason),
        cmocka_unit_test(names_of_any_length_are_bounded),
        cmocka_unit_test(a_digest_decides_before_a_tag_and_a_tag_before_nothing),
        cmocka_unit_test(an_image_survives_json_and_a_wrong_one_does_not),
        cmocka_unit_test(each_part_of_an_image_in_json_is_checked),
        cmocka_unit_test(names_are_labels_and_the_error_proposes_one),
        cmocka_unit_test(paths_stay_inside_the_repository),
        cmocka_unit_test(kinds_need_their_group_and_every_name_comes_back),
        cmocka_unit_test(names_of_a_release_come_back),
        cmocka_unit_test(applications_are_named_without_their_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
