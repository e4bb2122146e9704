/* Which settings stay behind, and how objects change. */
#include "../testing.h"

#include "impact/impact.h"

/* A Deployment of one container with these settings. */
static json_t *workload(const char *spec, const char *container)
{
    AUTO_STR(text, 16384);
    struct err err = {0};
    str_addf(&text,
             "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{%s\"template\":{"
             "\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"web:1\"%s}]}}}}",
             spec, container);
    json_t *value = json_parse(str_slice(&text), &err);
    if (!value) {
        fail_msg("%s: %s", text.text, err.text);
    }
    return value;
}

struct side {
    const char *spec, *container;
};

static json_t *compare(struct side source, struct side here)
{
    AUTO_JSON *there = workload(source.spec, source.container);
    AUTO_JSON *own = workload(here.spec, here.container);
    json_t *list = json_array();
    struct impact_pair pair = {"web", "prod-eu", there, own};
    assert_true(impact_stays(&pair, list));
    return list;
}

#define ENV(list) ",\"env\":[" list "]"
#define VALUE(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"
#define SECRET(name, secret)                                                                       \
    "{\"name\":\"" name "\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"" secret                   \
    "\",\"key\":\"k\"}}}"

static void each_setting_that_differs_is_named(void **state)
{
    (void)state;
    static const struct {
        struct side source, here;
        const char *field, *there, *own; /* NULL: not set */
    } cases[] = {
        {{"\"replicas\":2,", ""}, {"\"replicas\":6,", ""}, "replicas", "2", "6"},
        {{"", ENV(VALUE("LOG", "debug"))},
         {"", ENV(VALUE("LOG", "warn"))},
         "env LOG",
         "debug",
         "warn"},
        {{"", ENV(VALUE("NEW", "1"))}, {"", ""}, "env NEW", "1", NULL},
        {{"", ""}, {"", ENV(VALUE("OLD", "1"))}, "env OLD", NULL, "1"},
        {{"", ENV(SECRET("DB", "a"))},
         {"", ENV(SECRET("DB", "b"))},
         "env DB",
         "secret a/k",
         "secret b/k"},
        {{"", ENV(VALUE("X_PASSWORD", "a"))},
         {"", ENV(VALUE("X_PASSWORD", "b"))},
         "env X_PASSWORD",
         "(hidden)",
         "(hidden)"},
        {{"", ENV(VALUE("DB", "pg://u:p@h/d"))},
         {"", ENV(SECRET("DB", "b"))},
         "env DB",
         "(hidden)",
         "secret b/k"},
        {{"", ",\"envFrom\":[{\"configMapRef\":{\"name\":\"a\"}}]"},
         {"", ""},
         "envFrom",
         "configMap a",
         NULL},
        {{"", ",\"resources\":{\"requests\":{\"cpu\":\"1\"}}"},
         {"", ",\"resources\":{\"requests\":{\"cpu\":\"250m\"}}"},
         "resources.requests.cpu",
         "1",
         "250m"},
        {{"", ",\"resources\":{\"limits\":{\"memory\":\"1Gi\"}}"},
         {"", ""},
         "resources.limits.memory",
         "1Gi",
         NULL},
        {{"", ",\"args\":[\"-v\"]"}, {"", ",\"args\":[\"-q\"]"}, "args", "[\"-v\"]", "[\"-q\"]"},
        {{"", ",\"imagePullPolicy\":\"Always\""}, {"", ""}, "imagePullPolicy", "Always", NULL},
        {{"", ""},
         {"", ",\"livenessProbe\":{\"httpGet\":{\"port\":80}}"},
         "livenessProbe",
         NULL,
         "{\"httpGet\":{\"port\":80}}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_JSON *list = compare(cases[i].source, cases[i].here);
        const json_t *item = json_array_get(list, 0);
        const char *there = json_text_at(item, "source", NULL);
        const char *own = json_text_at(item, "here", NULL);
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(json_text_at(item, "field", ""), cases[i].field);
        assert_string_equal(there ? there : "-", cases[i].there ? cases[i].there : "-");
        assert_string_equal(own ? own : "-", cases[i].own ? cases[i].own : "-");
    }
}

static void what_means_the_same_is_no_difference(void **state)
{
    (void)state;
    static const struct {
        struct side source, here;
    } cases[] = {
        {{"", ",\"resources\":{\"requests\":{\"cpu\":1}}"},
         {"", ",\"resources\":{\"requests\":{\"cpu\":\"1000m\"}}"}},
        {{"", ENV(VALUE("A", "1") "," VALUE("B", "2"))},
         {"", ENV(VALUE("B", "2") "," VALUE("A", "1"))}},
        {{"", ",\"args\":null"}, {"", ""}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_JSON *list = compare(cases[i].source, cases[i].here);
        assert_int_equal(json_array_size(list), 0);
    }
}

static void a_container_of_one_side_only_is_told(void **state)
{
    (void)state;
    AUTO_JSON *list = compare((struct side){"", ""}, (struct side){"", "},{\"name\":\"side\""});
    const json_t *item = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_text_at(item, "container", ""), "side");
    assert_null(json_at(item, "source"));
}

static void the_list_has_an_end(void **state)
{
    (void)state;
    AUTO_JSON *source = workload("", "");
    AUTO_JSON *here = workload("\"replicas\":2,", "");
    AUTO_JSON *list = json_array();
    struct impact_pair pair = {"web", "prod-eu", source, here};
    for (int i = 0; i < IMPACT_STAYS_MAX; i++) {
        assert_true(impact_stays(&pair, list));
    }
    assert_false(impact_stays(&pair, list));
    assert_int_equal(json_array_size(list), IMPACT_STAYS_MAX);
}

/* ---- rendered ---- */

static void diff(const char *before, const char *after, struct str *out)
{
    struct err err = {0};
    AUTO_JSON *old_object = before ? json_parse(slice_of(before), &err) : NULL;
    AUTO_JSON *new_object = after ? json_parse(slice_of(after), &err) : NULL;
    impact_rendered("prod-eu/x", old_object, new_object, out);
}

static void an_object_is_compared_as_yaml(void **state)
{
    (void)state;
    AUTO_STR(text, 8192);
    diff("{\"kind\":\"X\",\"spec\":{\"list\":[{\"a\":1,\"b\":\"yes\"},2,[]],\"text\":"
         "\"l1\\nl2\\n\"}}",
         "{\"kind\":\"X\",\"spec\":{\"list\":[{\"a\":1,\"b\":\"no\"},2,[]],\"text\":\"l1\\nl3\\n\"}"
         "}",
         &text);
    assert_string_equal(text.text, "--- a/prod-eu/x\n"
                                   "+++ b/prod-eu/x\n"
                                   "@@ -2,9 +2,9 @@\n"
                                   " spec:\n"
                                   "   list:\n"
                                   "     - a: 1\n"
                                   "-      b: \"yes\"\n"
                                   "+      b: \"no\"\n"
                                   "     - 2\n"
                                   "     - []\n"
                                   "   text: |\n"
                                   "     l1\n"
                                   "-    l2\n"
                                   "+    l3\n");
}

static void a_secrets_values_are_never_shown(void **state)
{
    (void)state;
    AUTO_STR(text, 8192);
    diff("{\"kind\":\"Secret\",\"data\":{\"a\":\"AAAA\",\"b\":\"BBBB\"}}",
         "{\"kind\":\"Secret\",\"data\":{\"a\":\"AAAA\",\"b\":\"CCCC\",\"c\":\"DDDD\"}}", &text);
    assert_null(strstr(text.text, "AAAA"));
    assert_null(strstr(text.text, "BBBB"));
    assert_null(strstr(text.text, "CCCC"));
    assert_null(strstr(text.text, "DDDD"));

    assert_non_null(strstr(text.text, "+  b: (hidden and changed)\n+  c: (hidden)\n"));
    assert_non_null(strstr(text.text, "   a: (hidden)\n"));
}

static void what_comes_and_goes_is_shown_whole(void **state)
{
    (void)state;
    AUTO_STR(comes, 1024);
    AUTO_STR(goes, 1024);
    diff(NULL, "{\"kind\":\"X\"}", &comes);
    diff("{\"kind\":\"X\"}", NULL, &goes);
    assert_non_null(strstr(comes.text, "@@ -0,0 +1,1 @@\n+kind: X\n"));
    assert_non_null(strstr(goes.text, "@@ -1,1 +0,0 @@\n-kind: X\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_that_differs_is_named),
        cmocka_unit_test(what_means_the_same_is_no_difference),
        cmocka_unit_test(a_container_of_one_side_only_is_told),
        cmocka_unit_test(the_list_has_an_end),
        cmocka_unit_test(an_object_is_compared_as_yaml),
        cmocka_unit_test(a_secrets_values_are_never_shown),
        cmocka_unit_test(what_comes_and_goes_is_shown_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
