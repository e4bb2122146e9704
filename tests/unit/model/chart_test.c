/* Charts as images have versions: what names one, and which of its versions runs. */
#include "../testing.h"

#include "model/chart.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void the_address_of_a_repository_names_the_chart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *chart, *wanted; /* NULL: none */
    } cases[] = {
        {"oci://ghcr.io/acme/charts", "web", "ghcr.io/acme/charts/web"},
        {"oci://ghcr.io/acme/charts/", "web", "ghcr.io/acme/charts/web"},
        {"oci://127.0.0.1:5000", "web", "127.0.0.1:5000/web"},
        {"https://charts.example.org", "web", "https://charts.example.org/web"},
        {"https://charts.example.org/stable//", "Web_2", "https://charts.example.org/stable/Web_2"},
        {"http://127.0.0.1:8080/x", "web", "http://127.0.0.1:8080/x/web"},
        {"oci://ghcr.io/acme/charts", "Web", NULL}, /* a registry's names are small */
        {"https://me:secret@charts.example.org", "web", NULL},
        {"https://charts.example.org/?token=x", "web", NULL},
        {"https://charts.example.org", "../web", NULL},
        {"https://charts.example.org", "", NULL},
        {"https://${HOST}", "web", NULL},
        {"https://", "web", NULL},
        {"ftp://charts.example.org", "web", NULL},
        {"charts.example.org", "web", NULL},
        {"", "web", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[IMAGE_REPOSITORY_BYTES];
        bool is_one = chart_repository(cases[i].url, cases[i].chart, out, sizeof(out));
        if (is_one != (cases[i].wanted != NULL)) {
            fail_msg("%s %s", cases[i].url, cases[i].chart);
        }
        if (is_one) {
            assert_string_equal(out, cases[i].wanted);
        }
    }
}

static void a_repository_is_that_of_a_registry_or_an_index_or_out_of_sight(void **state)
{
    (void)state;
    static const struct {
        const char *repository;
        bool is_indexed, is_out_of_sight, is_valid;
        const char *host;
    } cases[] = {
        {"ghcr.io/acme/charts/web", false, false, false, "ghcr.io"},
        {"https://charts.example.org/web", true, false, true, "charts.example.org"},
        {"http://127.0.0.1:8080/x/web", true, false, true, "127.0.0.1:8080"},
        {"helmrepository://acme/web", false, true, true, ""},
        {"https://web", true, false, false, ""},
        {"https://charts.example.org/", true, false, false, "charts.example.org"},
        {"https://charts.example.org/https://x", true, false, false, "charts.example.org"},
        {"https://charts.example.org/a b", true, false, false, "charts.example.org"},
        {"helmrepository:///web", false, true, false, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct image image = {0};
        char host[IMAGE_REPOSITORY_BYTES];
        TEXT_COPY_CUT(image.repository, cases[i].repository);
        image_registry(&image, host, sizeof(host));
        assert_string_equal(host, cases[i].host);
        assert_int_equal(chart_is_indexed(image.repository), cases[i].is_indexed);
        assert_int_equal(chart_is_out_of_sight(image.repository), cases[i].is_out_of_sight);
        assert_int_equal(chart_repository_is_valid(image.repository), cases[i].is_valid);
    }
    const char *index = "https://charts.example.org/stable/web";
    assert_int_equal(chart_index_length(index), strlen("https://charts.example.org/stable"));
}

static void a_chart_s_version_is_reported_like_an_image_s(void **state)
{
    (void)state;
    struct image image = {.repository = "https://charts.example.org/web", .tag = "1.2.3_7"};
    struct image read = {0};
    AUTO_JSON *value = image_to_json(&image);
    assert_true(image_from_json(value, &read));
    assert_string_equal(read.repository, image.repository);
    assert_string_equal(read.tag, "1.2.3_7");
}

static void only_a_whole_version_is_exact(void **state)
{
    (void)state;
    static const char *const exact[] = {"1.2.3",      "v1.2.3",  "0.0.0",
                                        "1.2.3-rc.1", "1.2.3+7", "1.2.3-rc.1+git.7"};
    static const char *const others[] = {
        "",        "1",       "1.2",    "1.x",     "1.2.x",  "*",
        ">=1.0.0", "^1.2.3",  "~1.2.3", "=1.2.3",  "1.2.3 ", "1.2.3-",
        "1.2.3+",  "1.2.3_7", "latest", "1.2.3.4", "${V}",   "1.2.3 || 2.0.0",
        "vv1.2.3"};
    for (size_t i = 0; i < COUNT_OF(exact); i++) {
        assert_true(chart_version_is_exact(exact[i]));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (chart_version_is_exact(others[i])) {
            fail_msg("%s", others[i]);
        }
    }
}

static void a_plus_is_written_as_registries_want_it_and_back(void **state)
{
    (void)state;
    char text[IMAGE_TAG_BYTES];
    assert_true(chart_tag_of_version("1.2.3+git.7", text));
    assert_string_equal(text, "1.2.3_git.7");
    chart_version_of_tag("1.2.3_git.7", text);
    assert_string_equal(text, "1.2.3+git.7");
    assert_false(chart_tag_of_version(">=1.0.0", text));
    assert_false(chart_tag_of_version("", text));
}

static void what_runs_is_told_apart_from_what_does_not(void **state)
{
    (void)state;
    static const struct {
        struct image wanted, running;
        bool runs;
    } cases[] = {
        {{.tag = "1.2.3"}, {.tag = "1.2.3"}, true},
        {{.tag = "v1.2.3"}, {.tag = "1.2.3"}, true},
        {{.tag = "1.2.3"}, {.tag = "1.2.4"}, false},
        {{.tag = "1.2.3"}, {.tag = "1.2.3_7"}, false},
        {{.tag = "1.2.3"}, {.tag = "1.2.3-rc.1"}, false},
        {{.tag = ""}, {.tag = ""}, false},
        /* Of an OCIRepository: the digest's beginning stands where the build does. */
        {{.tag = "1.2.3"}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, true},
        {{.tag = "v1.2.3_7"}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, true},
        {{.tag = "1.2.4"}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, false},
        {{.tag = "1.2.3", .digest = DIGEST}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, true},
        {{.tag = "1.2.3", .digest = OTHER}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, false},
        {{.digest = DIGEST}, {.tag = "1.2.3_0123456789ab", .digest = DIGEST}, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (chart_runs(&cases[i].wanted, &cases[i].running) != cases[i].runs) {
            fail_msg("case %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_of_a_repository_names_the_chart),
        cmocka_unit_test(a_repository_is_that_of_a_registry_or_an_index_or_out_of_sight),
        cmocka_unit_test(a_chart_s_version_is_reported_like_an_image_s),
        cmocka_unit_test(only_a_whole_version_is_exact),
        cmocka_unit_test(a_plus_is_written_as_registries_want_it_and_back),
        cmocka_unit_test(what_runs_is_told_apart_from_what_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
