#include "../testing.h"

#include "sync/prune.h"

struct row {
    const char *what;
    struct prune_facts facts;
    enum prune_verdict verdict;
};

static const struct row rows[] = {
    {"nothing has left", {.owned = 5, .wanted = 5}, PRUNE_NOTHING},
    {"one of five may go", {.leaving = 1, .owned = 5, .wanted = 4}, PRUNE_GO},
    {"ten may always go, whatever share they are",
     {.leaving = 10, .owned = 11, .wanted = 1},
     PRUNE_GO},
    {"eleven of twenty are too many", {.leaving = 11, .owned = 20, .wanted = 9}, PRUNE_REFUSED},
    {"exactly half may go", {.leaving = 50, .owned = 100, .wanted = 50}, PRUNE_GO},
    {"more than half may go when Git says how many",
     {.leaving = 51, .owned = 100, .wanted = 49, .allowed = 51},
     PRUNE_GO},
    {"an old permission does not hold for more",
     {.leaving = 52, .owned = 100, .wanted = 48, .allowed = 51},
     PRUNE_REFUSED},
    {"the agent's flag switches the guard off",
     {.leaving = 99, .owned = 100, .wanted = 1, .allow_all = true},
     PRUNE_GO},
    {"an empty path never deletes, whatever the flag says",
     {.leaving = 1, .owned = 1, .allow_all = true, .allowed = 1},
     PRUNE_REFUSED},
    {"a file that cannot be read holds everything back",
     {.leaving = 1, .owned = 5, .wanted = 4, .has_problems = true},
     PRUNE_LATER},
    {"kinds that are not known for now hold everything back",
     {.leaving = 1, .owned = 5, .wanted = 4, .is_partial = true},
     PRUNE_LATER},
    {"first the new must stand, then the old may go",
     {.leaving = 1, .owned = 5, .wanted = 4, .has_failures = true},
     PRUNE_LATER},
};

static void the_guard_knows_these_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[PRUNE_TEXT_BYTES];
        enum prune_verdict verdict = prune_judge(&rows[i].facts, text);
        if (verdict != rows[i].verdict) {
            fail_msg("%s: %d", rows[i].what, (int)verdict);
        }
        assert_int_equal(text[0] != '\0', verdict == PRUNE_REFUSED);
    }
}

static void a_refusal_says_how_to_allow_it(void **state)
{
    (void)state;
    struct prune_facts facts = {.leaving = 37, .owned = 60, .wanted = 23};
    char text[PRUNE_TEXT_BYTES];
    prune_judge(&facts, text);
    assert_non_null(strstr(text, "37 of 60"));
    assert_non_null(strstr(text, "heddle.dev/allow-prune: \"37\""));
    assert_non_null(strstr(text, "--allow-prune-all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_knows_these_cases),
        cmocka_unit_test(a_refusal_says_how_to_allow_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
