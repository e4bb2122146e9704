#include "../testing.h"

#include "plan/plan.h"

#define FILE_OF_CART "clusters/prod/cart.yaml"

static struct image image(const char *tag)
{
    struct image made = {0};
    TEXT_COPY_CUT(made.repository, "r/cart");
    TEXT_COPY_CUT(made.tag, tag);
    return made;
}

/* `offered` NULL: the source has no such image. */
static struct plan_container container(const char *current, const char *offered)
{
    struct plan_container made = {.file = FILE_OF_CART, .line = 7};
    TEXT_COPY_CUT(made.container, "main");
    made.current = image(current);
    if (offered) {
        made.offered = image(offered);
        made.order = strcmp(offered, current);
    }
    return made;
}

static struct plan_candidate candidate(const char *workload, const char *target, int wave,
                                       struct plan_container *containers, size_t count)
{
    struct plan_candidate made = {.wave = wave, .containers = containers, .container_count = count};
    TEXT_COPY_CUT(made.workload, workload);
    TEXT_COPY_CUT(made.target, target);
    return made;
}

static const struct plan_request to_prod = {.to = "prod", .from = "staging"};
static const struct plan_request forwards = {
    .to = "prod", .from = "staging", .forwards_only = true};

/* ---- one workload ---- */

static const struct {
    const char *name;
    const struct plan_request *request;
    const char *current, *offered, *blocked, *unavailable;
    const char *skipped; /* NULL: it changes */
    bool has_it;
} verdicts[] = {
    {"a newer version moves", &to_prod, "1.0.0", "1.1.0", NULL, NULL, NULL, false},
    {"a person may go back", &to_prod, "1.1.0", "1.0.0", NULL, NULL, NULL, false},
    {"automation never goes back", &forwards, "1.1.0", "1.0.0", NULL, NULL,
     "It has 1.1.0, which is newer than 1.0.0; heddle never moves backwards by itself.", false},
    {"the same version is nothing to do", &to_prod, "1.0.0", "1.0.0", NULL, NULL,
     "It already has 1.0.0.", true},
    {"a place that cannot be edited says why", &to_prod, "1.0.0", "1.1.0", "It is encrypted.", NULL,
     "It is encrypted.", false},
    {"a blocked place that need not change blocks nothing", &to_prod, "1.0.0", "1.0.0",
     "It is encrypted.", NULL, "It already has 1.0.0.", true},
    {"a source without its images has nothing to give", &to_prod, "1.0.0", NULL, NULL, NULL,
     "staging has none of its images.", false},
    {"an unavailable source comes first", &to_prod, "1.0.0", "1.0.0", NULL, "It is not healthy.",
     "It is not healthy.", false},
};

static void each_workload_moves_or_says_why_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct plan_container only = container(verdicts[i].current, verdicts[i].offered);
        only.blocked = verdicts[i].blocked;
        struct plan_candidate asked = candidate("cart", "prod", 0, &only, 1);
        asked.unavailable = verdicts[i].unavailable;
        struct plan plan;
        plan_make(verdicts[i].request, &asked, 1, arena, &plan);
        const char *reason = plan.skip_count ? plan.skips[0].reason : NULL;
        bool as_wanted = verdicts[i].skipped
                             ? plan.item_count == 0 && strcmp(reason, verdicts[i].skipped) == 0 &&
                                   plan.skips[0].has_it == verdicts[i].has_it
                             : plan.item_count == 1 && !reason;
        if (!as_wanted) {
            fail_msg("%s: %s", verdicts[i].name, reason ? reason : "it changes");
        }
    }
}

static void a_change_keeps_the_repository_as_it_is_written(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_container only = container("1.0.0", "1.1.0");
    TEXT_COPY_CUT(only.current.repository, "mirror.test/cart");
    struct plan_candidate asked = candidate("cart", "prod", 0, &only, 1);
    struct plan plan;
    plan_make(&to_prod, &asked, 1, arena, &plan);
    const struct plan_change *change = &plan.items[0].changes[0];
    assert_string_equal(change->to.repository, "mirror.test/cart");
    assert_string_equal(change->to.tag, "1.1.0");
    assert_string_equal(change->file, FILE_OF_CART);
    assert_int_equal(change->line, 7);
}

static void a_moving_tag_without_digest_gets_one(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_container only = container("main", "main");
    TEXT_COPY_CUT(only.offered.digest, "sha256:1");
    struct plan_candidate asked = candidate("cart", "prod", 0, &only, 1);
    struct plan plan;
    plan_make(&forwards, &asked, 1, arena, &plan);
    assert_int_equal(plan.item_count, 0); /* by the policy it is the same */
    only.order = 1;
    plan_make(&forwards, &asked, 1, arena, &plan);
    assert_int_equal(plan.item_count, 1);
    only.current = only.offered;
    plan_make(&forwards, &asked, 1, arena, &plan);
    assert_int_equal(plan.item_count, 0);
}

static void one_container_that_is_in_the_way_keeps_the_others(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_container both[] = {container("1.0.0", "1.1.0"), container("1.0.0", "1.1.0")};
    both[1].blocked = "It is encrypted.";
    struct plan_candidate asked = candidate("cart", "prod", 0, both, 2);
    struct plan plan;
    plan_make(&to_prod, &asked, 1, arena, &plan);
    assert_int_equal(plan.item_count, 0);
    assert_string_equal(plan.skips[0].reason, "It is encrypted.");
}

static void a_container_that_the_source_does_not_know_stays(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_container both[] = {container("1.0.0", "1.1.0"), container("2.0.0", NULL)};
    struct plan_candidate asked = candidate("cart", "prod", 0, both, 2);
    struct plan plan;
    plan_make(&to_prod, &asked, 1, arena, &plan);
    assert_int_equal(plan.items[0].change_count, 1);
}

/* ---- all together ---- */

static void items_stand_by_wave_and_empty_waves_do_not_count(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_container moves = container("1.0.0", "1.1.0");
    struct plan_container stays = container("1.1.0", "1.1.0");
    const struct plan_candidate asked[] = {
        candidate("web", "us", 4, &moves, 1), candidate("cart", "eu", 2, &stays, 1),
        candidate("web", "eu", 1, &moves, 1), candidate("cart", "eu", 1, &moves, 1)};
    struct plan plan;
    plan_make(&to_prod, asked, COUNT_OF(asked), arena, &plan);
    assert_int_equal(plan.item_count, 3);
    assert_int_equal(plan.wave_count, 2);
    assert_string_equal(plan.items[0].workload, "cart");
    assert_string_equal(plan.items[1].workload, "web");
    assert_int_equal(plan.items[1].wave, 0);
    assert_string_equal(plan.items[2].target, "us");
    assert_int_equal(plan.items[2].wave, 1);
    AUTO_STR(summary, 1000);
    plan_summary(&plan, &summary);
    assert_string_equal(summary.text, "2 workloads in 2 clusters, 2 commits.");
}

static void digest_of(const struct plan_candidate *asked, size_t count, char out[static 65])
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan;
    plan_make(&to_prod, asked, count, arena, &plan);
    text_copy_cut(out, 65, plan.digest);
}

static void the_digest_is_of_what_changes_and_where(void **state)
{
    (void)state;
    struct plan_container moves = container("1.0.0", "1.1.0");
    struct plan_container stays = container("1.1.0", "1.1.0");
    struct plan_candidate two[] = {candidate("cart", "eu", 0, &moves, 1),
                                   candidate("web", "eu", 0, &moves, 1)};
    struct plan_candidate turned[] = {two[1], two[0], candidate("orders", "eu", 0, &stays, 1)};
    char first[65];
    char other[65];
    digest_of(two, 2, first);
    digest_of(turned, 3, other);
    assert_string_equal(first, other);

    moves.line = 900; /* a line above was added */
    digest_of(two, 2, other);
    assert_string_equal(first, other);
    moves.file = "clusters/prod/other.yaml";
    digest_of(two, 2, other);
    assert_string_not_equal(first, other);
    moves = container("1.0.0", "1.1.0");
    TEXT_COPY_CUT(moves.offered.digest, "sha256:1");
    digest_of(two, 2, other);
    assert_string_not_equal(first, other);
    moves = container("0.9.0", "1.1.0");
    digest_of(two, 2, other);
    assert_string_not_equal(first, other);
    moves = container("1.0.0", "1.1.0");
    two[1].wave = 1;
    digest_of(two, 2, other);
    assert_string_not_equal(first, other);
}

static json_t *json_of(const struct plan_candidate *asked, size_t count)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan;
    plan_make(&to_prod, asked, count, arena, &plan);
    return plan_to_json(&plan);
}

static void people_see_the_first_line_that_differs(void **state)
{
    (void)state;
    struct plan_container moves = container("1.0.0", "1.1.0");
    struct plan_candidate two[] = {candidate("cart", "eu", 0, &moves, 1),
                                   candidate("web", "eu", 0, &moves, 1)};
    AUTO_JSON *before = json_of(two, 2);
    AUTO_STR(difference, 1000);
    plan_difference(before, before, &difference);
    assert_string_equal(difference.text, "");

    moves = container("1.0.0", "1.2.0");
    AUTO_JSON *newer = json_of(two, 2);
    plan_difference(before, newer, &difference);
    assert_string_equal(
        difference.text,
        "it was \"cart in eu, wave 1: main 1.0.0 → 1.1.0 in clusters/prod/cart.yaml\", "
        "it is now \"cart in eu, wave 1: main 1.0.0 → 1.2.0 in clusters/prod/cart.yaml\"");

    AUTO_JSON *fewer = json_of(two, 1);
    str_clear(&difference);
    plan_difference(newer, fewer, &difference);
    assert_non_null(strstr(difference.text, "it is now \"nothing\""));
}

static void a_tag_that_moved_to_another_digest_is_seen(void **state)
{
    (void)state;
    struct plan_container moves = container("1.0.0", "1.1.0");
    struct plan_candidate only = candidate("cart", "eu", 0, &moves, 1);
    TEXT_COPY_CUT(moves.offered.digest, "sha256:1111111111111111");
    AUTO_JSON *before = json_of(&only, 1);
    TEXT_COPY_CUT(moves.offered.digest, "sha256:2222222222222222");
    AUTO_JSON *now = json_of(&only, 1);
    AUTO_STR(difference, 1000);
    plan_difference(before, now, &difference);
    assert_non_null(strstr(difference.text, "1.1.0@111111111111 in"));
    assert_non_null(strstr(difference.text, "1.1.0@222222222222 in"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_workload_moves_or_says_why_not),
        cmocka_unit_test(a_change_keeps_the_repository_as_it_is_written),
        cmocka_unit_test(a_moving_tag_without_digest_gets_one),
        cmocka_unit_test(one_container_that_is_in_the_way_keeps_the_others),
        cmocka_unit_test(a_container_that_the_source_does_not_know_stays),
        cmocka_unit_test(items_stand_by_wave_and_empty_waves_do_not_count),
        cmocka_unit_test(the_digest_is_of_what_changes_and_where),
        cmocka_unit_test(people_see_the_first_line_that_differs),
        cmocka_unit_test(a_tag_that_moved_to_another_digest_is_seen),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
