#include "../testing.h"

#include "registry/registry.h"

static void a_push_of_a_tag_is_a_hint_and_a_pull_is_not(void **state)
{
    (void)state;
    static const char body[] =
        "{\"events\": ["
        "{\"action\": \"pull\", \"target\": {\"repository\": \"shop/cart\", \"tag\": \"1\"},"
        " \"request\": {\"host\": \"127.0.0.1:5000\"}},"
        "{\"action\": \"push\", \"target\": {\"repository\": \"shop/cart\"},"
        " \"request\": {\"host\": \"127.0.0.1:5000\"}},"
        "{\"action\": \"push\", \"target\": {\"repository\": \"shop/cart\", \"tag\": \"1.1.0\"},"
        " \"request\": {\"host\": \"127.0.0.1:5000\"}},"
        "{\"action\": \"push\", \"target\": {\"repository\": \"shop/web\", \"tag\": \"2\"}}]}";
    struct registry_hint hints[8];
    assert_int_equal(registry_hints(slice_of(body), hints, COUNT_OF(hints)), 2);
    assert_string_equal(hints[0].repository, "127.0.0.1:5000/shop/cart");
    assert_string_equal(hints[0].tag, "1.1.0");
    assert_string_equal(hints[1].repository, "shop/web");
    assert_int_equal(registry_hints(slice_of(body), hints, 1), 1);
    assert_int_equal(registry_hints(slice_of(body), hints, 0), 0);
}

static void a_package_of_gitea_is_a_hint_without_host(void **state)
{
    (void)state;
    static const char body[] =
        "{\"action\": \"created\", \"package\": {\"type\": \"container\", \"name\": \"cart\","
        " \"version\": \"1.1.0\", \"owner\": {\"login\": \"Shop\"}}}";
    struct registry_hint hint;
    assert_int_equal(registry_hints(slice_of(body), &hint, 1), 1);
    assert_string_equal(hint.repository, "shop/cart");
    assert_string_equal(hint.tag, "1.1.0");
    static const char npm[] = "{\"package\": {\"type\": \"npm\", \"name\": \"cart\","
                              " \"version\": \"1\", \"owner\": {\"login\": \"shop\"}}}";
    assert_int_equal(registry_hints(slice_of(npm), &hint, 1), 0);
}

static void what_is_not_understood_is_no_hint(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{\"events\": 3}",
        "{\"events\": [null, 7, {\"action\": 5}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"../etc\","
        " \"tag\": \"1\"}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"a:b\","
        " \"tag\": \"1\"}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"cart\","
        " \"tag\": \"1\"}, \"request\": {\"host\": \"evil/..\"}}]}",
        "{\"package\": []}",
        "payload=%7B%7D",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct registry_hint hint;
        if (registry_hints(slice_of(bodies[i]), &hint, 1) != 0) {
            fail_msg("%s gave %s", bodies[i], hint.repository);
        }
    }
}

static void a_tag_that_cannot_be_one_is_left_out(void **state)
{
    (void)state;
    static const char body[] = "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\":"
                               " \"cart\", \"tag\": \"../../x\"}}]}";
    struct registry_hint hint;
    assert_int_equal(registry_hints(slice_of(body), &hint, 1), 1);
    assert_string_equal(hint.tag, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_of_a_tag_is_a_hint_and_a_pull_is_not),
        cmocka_unit_test(a_package_of_gitea_is_a_hint_without_host),
        cmocka_unit_test(what_is_not_understood_is_no_hint),
        cmocka_unit_test(a_tag_that_cannot_be_one_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
