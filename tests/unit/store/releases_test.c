#include "fixture.h"

static struct release *get(struct store *store, int64_t id, struct arena *arena)
{
    struct err err = {0};
    struct release *release = NULL;
    ASSERT_OK(store_release_get(store, id, arena, &release, &err), err);
    return release;
}

static void assert_same_release(const struct release *a, const struct release *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->stage, b->stage);
    assert_string_equal(a->from, b->from);
    assert_string_equal(a->actor, b->actor);
    assert_string_equal(a->reason, b->reason);
    assert_int_equal(a->phase, b->phase);
    assert_string_equal(a->why, b->why);
    assert_string_equal(a->plan_digest, b->plan_digest);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->phase_ms, b->phase_ms);
    assert_int_equal(a->finished_ms, b->finished_ms);
    assert_int_equal(a->wave, b->wave);
    assert_int_equal(a->wave_count, b->wave_count);
    assert_memory_equal(a->commits, b->commits, sizeof(a->commits));
    assert_int_equal(a->is_pushed, b->is_pushed);
    assert_int_equal(a->superseded_by, b->superseded_by);
    assert_int_equal(a->rollback_of, b->rollback_of);
}

static void assert_same_item(const struct release_item *a, const struct release_item *b)
{
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->workload, b->workload);
    assert_string_equal(a->target, b->target);
    assert_int_equal(a->wave, b->wave);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->since_ms, b->since_ms);
    assert_int_equal(a->change_count, b->change_count);
    assert_memory_equal(a->changes, b->changes, a->change_count * sizeof(*a->changes));
}

static void assert_same_step(const struct release_step *a, const struct release_step *b)
{
    assert_int_equal(a->release, b->release);
    assert_int_equal(a->wave, b->wave);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->outcome, b->outcome);
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->finished_ms, b->finished_ms);
}

static void assert_same_approval(const struct approval *a, const struct approval *b)
{
    assert_int_equal(a->release, b->release);
    assert_string_equal(a->person, b->person);
    assert_int_equal(a->is_rejection, b->is_rejection);
    assert_string_equal(a->message, b->message);
    assert_string_equal(a->plan_digest, b->plan_digest);
    assert_int_equal(a->at_ms, b->at_ms);
}

static void a_release_comes_back_as_it_was_written(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *written = release_made(arena);
    written->rollback_of = 7;
    written->is_pushed = true;
    TEXT_COPY_CUT(written->commits[1], "0123456789abcdef0123456789abcdef01234567");
    written->items[1].change_count = 0; /* as in a config release */
    AUTO_JSON *plan = json_pack("{s: [s]}", "skipped", "db");
    ASSERT_OK(store_release_insert(*state, written, plan, "", &err), err);
    assert_int_equal(written->id, 1);

    struct release *read = get(*state, written->id, arena);
    assert_same_release(read, written);
    assert_int_equal(read->item_count, 2);
    for (size_t i = 0; i < read->item_count; i++) {
        assert_same_item(&read->items[i], &written->items[i]);
    }
    AUTO_JSON *kept = store_release_plan(*state, written->id, &err);
    assert_true(json_equal(kept, plan));
}

static void every_kind_phase_and_state_survives(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    for (int i = 0; i < RELEASE_PHASE_COUNT; i++) {
        struct release *release = release_made(arena);
        release->phase = (enum release_phase)i;
        release->kind = (enum release_kind)(i % RELEASE_KIND_COUNT);
        release->items[0].state = (enum item_state)(i % ITEM_STATE_COUNT);
        ASSERT_OK(store_release_insert(*state, release, NULL, "", &err), err);
        struct release *read = get(*state, release->id, arena);
        assert_int_equal(read->phase, release->phase);
        assert_int_equal(read->kind, release->kind);
        assert_int_equal(read->items[0].state, release->items[0].state);
    }
}

static void an_update_writes_what_moves_and_leaves_the_rest(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    release->phase = RELEASE_DONE;
    release->phase_ms = release->finished_ms = 9000;
    release->wave = 1;
    release->is_pushed = true;
    release->superseded_by = 3;
    TEXT_COPY_CUT(release->why, "Done after 4 s.");
    TEXT_COPY_CUT(release->commits[1], "0123456789012345678901234567890123456789");
    TEXT_COPY_CUT(release->stage, "elsewhere");
    ASSERT_OK(store_release_update(*state, release, &err), err);
    struct release *read = get(*state, release->id, arena);
    assert_int_equal(read->phase, RELEASE_DONE);
    assert_int_equal(read->finished_ms, 9000);
    assert_int_equal(read->wave, 1);
    assert_true(read->is_pushed);
    assert_int_equal(read->superseded_by, 3);
    assert_string_equal(read->why, "Done after 4 s.");
    assert_string_equal(read->commits[0], "");
    assert_string_equal(read->commits[1], release->commits[1]);
    assert_string_equal(read->stage, "prod");
}

static void an_item_keeps_its_diagnosis(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct release_item *item = &release->items[1];
    item->state = ITEM_STUCK;
    item->ready = 2;
    item->wanted = 4;
    item->diagnosis = (struct diagnosis_text){"HD1011", "The image \"x\" is missing \xE2\x80\xA6",
                                              "The old version serves.", "push it"};
    ASSERT_OK(store_item_update(*state, item, &err), err);
    struct release *read = get(*state, release->id, arena);
    assert_int_equal(read->items[1].state, ITEM_STUCK);
    assert_int_equal(read->items[1].ready, 2);
    assert_memory_equal(&read->items[1].diagnosis, &item->diagnosis, sizeof(item->diagnosis));
    item->diagnosis.code[0] = '\0';
    ASSERT_OK(store_item_update(*state, item, &err), err);
    assert_string_equal(get(*state, release->id, arena)->items[1].diagnosis.what, "");
}

static void what_does_not_exist_is_not_found(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_made(arena);
    struct release *found = NULL;
    release->id = release->items[0].id = 99;
    ASSERT_FAILS(store_release_get(*state, 99, arena, &found, &err), err, ERR_NOT_FOUND, "R-99");
    ASSERT_FAILS(store_release_update(*state, release, &err), err, ERR_NOT_FOUND, "R-99");
    ASSERT_FAILS(store_item_update(*state, &release->items[0], &err), err, ERR_NOT_FOUND, "99");
    ASSERT_FAILS(store_release_plan(*state, 99, &err), err, ERR_NOT_FOUND, "R-99");
    struct release *planless = release_stored(*state, arena);
    assert_null(store_release_plan(*state, planless->id, &err));
    assert_int_equal(err.kind, ERR_NONE);
}

static void the_same_request_makes_one_release(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *first = release_made(arena);
    struct release *again = release_made(arena);
    struct release *other = release_made(arena);
    ASSERT_OK(store_release_insert(*state, first, NULL, "key-1", &err), err);
    ASSERT_FAILS(store_release_insert(*state, again, NULL, "key-1", &err), err, ERR_CONFLICT,
                 "R-1");
    assert_int_equal(again->id, first->id);
    ASSERT_OK(store_release_insert(*state, other, NULL, "key-2", &err), err);
    assert_int_equal(other->id, 2);
}

static void a_repeated_request_leaves_the_surrounding_transaction_whole(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *first = release_made(arena);
    ASSERT_OK(store_release_insert(*state, first, NULL, "key-1", &err), err);
    ASSERT_OK(store_begin(*state, &err), err);
    assert_false(store_release_insert(*state, release_made(arena), NULL, "key-1", &err));
    ASSERT_OK(store_release_insert(*state, release_made(arena), NULL, "key-2", &err), err);
    ASSERT_OK(store_commit(*state, &err), err);
    assert_int_equal(get(*state, 2, arena)->item_count, 2);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_list active;
    ASSERT_OK(store_begin(*state, &err), err);
    release_stored(*state, arena);
    store_abort(*state);
    ASSERT_OK(store_release_active(*state, arena, &active, &err), err);
    assert_int_equal(active.count, 0);
}

static void the_active_ones_are_listed_oldest_first(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    for (int i = 0; i < RELEASE_PHASE_COUNT; i++) {
        struct release *release = release_made(arena);
        release->phase = (enum release_phase)i;
        ASSERT_OK(store_release_insert(*state, release, NULL, "", &err), err);
    }
    struct release_list active;
    ASSERT_OK(store_release_active(*state, arena, &active, &err), err);
    assert_int_equal(active.count, RELEASE_DONE);
    for (size_t i = 0; i < active.count; i++) {
        assert_int_equal(active.releases[i]->id, i + 1);
        assert_int_equal(active.releases[i]->item_count, 2);
    }
}

/* done, by ada, of cart and web; R-2: failed, automatic, in dev; R-3: running. */
static void insert_three(struct store *store, struct arena *arena)
{
    struct err err = {0};
    struct release *one = release_made(arena);
    struct release *two = release_made(arena);
    struct release *three = release_made(arena);
    one->phase = RELEASE_DONE;
    two->phase = RELEASE_FAILED;
    two->kind = RELEASE_AUTO;
    two->created_ms = 6000;
    TEXT_COPY_CUT(two->stage, "dev");
    TEXT_COPY_CUT(two->actor, "heddle");
    TEXT_COPY_CUT(two->items[0].workload, "search");
    three->phase = RELEASE_SYNCING;
    three->created_ms = 7000;
    ASSERT_OK(store_release_insert(store, one, NULL, "", &err), err);
    ASSERT_OK(store_release_insert(store, two, NULL, "", &err), err);
    ASSERT_OK(store_release_insert(store, three, NULL, "", &err), err);
}

static void a_list_is_filtered_and_newest_first(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    static const struct {
        struct release_filter filter;
        const char *ids;
    } cases[] = {
        {{.limit = 10}, "321"},
        {{.limit = 2}, "32"},
        {{.limit = 0}, "3"},
        {{.limit = 10, .before_id = 3}, "21"},
        {{.limit = 10, .stage = "prod"}, "31"},
        {{.limit = 10, .stage = "pro%"}, ""},
        {{.limit = 10, .kind = "auto"}, "2"},
        {{.limit = 10, .actor = "ada"}, "31"},
        {{.limit = 10, .workload = "web"}, "321"},
        {{.limit = 10, .workload = "cart"}, "31"},
        {{.limit = 10, .state = "active"}, "3"},
        {{.limit = 10, .state = "over"}, "21"},
        {{.limit = 10, .state = "failed"}, "2"},
        {{.limit = 10, .state = "stuck"}, ""},
        {{.limit = 10, .text = "ART"}, "31"},
        {{.limit = 10, .text = "a%t"}, ""},
        {{.limit = 10, .text = "Hedd"}, "2"},
        {{.limit = 10, .text = "r-2"}, "2"},
        {{.limit = 10, .text = "1.1.0"}, "321"},
        {{.limit = 10, .text = "1.1"}, ""},
        {{.limit = 10, .until_ms = 7000}, "21"},
        {{.limit = 10, .since_ms = 6000, .until_ms = 7000}, "2"},
        {{.limit = 10, .state = "' OR 1 = 1 --"}, ""},
        {{.limit = 10, .since_ms = 6000}, "32"},
        {{.limit = 10, .stage = "prod", .state = "over"}, "1"},
    };
    insert_three(*state, arena);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct release_list list;
        char ids[8] = "";
        ASSERT_OK(store_release_list(*state, &cases[i].filter, arena, &list, &err), err);
        for (size_t n = 0; n < list.count; n++) {
            ids[n] = (char)('0' + list.releases[n]->id);
        }
        assert_string_equal(ids, cases[i].ids);
    }
}

static void a_stuck_one_is_found_until_it_is_over(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_filter filter = {.limit = 10, .state = "stuck"};
    struct release_list list;
    struct release *release = release_made(arena);
    release->phase = RELEASE_ROLLING_OUT;
    release->items[1].state = ITEM_STUCK;
    ASSERT_OK(store_release_insert(*state, release, NULL, "", &err), err);
    ASSERT_OK(store_release_list(*state, &filter, arena, &list, &err), err);
    assert_int_equal(list.count, 1);
    release->phase = RELEASE_STOPPED;
    ASSERT_OK(store_release_update(*state, release, &err), err);
    ASSERT_OK(store_release_list(*state, &filter, arena, &list, &err), err);
    assert_int_equal(list.count, 0);
}

/* One that ended so at this time; of cart and web in the same places, or of cart alone. */
static int64_t ended(struct store *store, struct arena *arena, enum release_phase phase,
                     int64_t finished_ms, size_t items)
{
    struct err err = {0};
    struct release *release = release_made(arena);
    release->phase = phase;
    release->finished_ms = finished_ms;
    release->item_count = items;
    ASSERT_OK(store_release_insert(store, release, NULL, "", &err), err);
    return release->id;
}

static int64_t replaced_ms(struct store *store, int64_t id)
{
    struct err err = {0};
    int64_t at_ms = -1;
    ASSERT_OK(store_release_replaced(store, id, &at_ms, &err), err);
    return at_ms;
}

static void one_lives_until_all_of_it_is_replaced(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    int64_t first = ended(*state, arena, RELEASE_DONE, 100, 2);
    assert_int_equal(replaced_ms(*state, first), 0);
    ended(*state, arena, RELEASE_FAILED, 200, 2);
    assert_int_equal(replaced_ms(*state, first), 0);
    int64_t second = ended(*state, arena, RELEASE_DONE, 300, 1);
    assert_int_equal(replaced_ms(*state, first), 0);
    ended(*state, arena, RELEASE_DONE, 400, 2);
    ended(*state, arena, RELEASE_DONE, 500, 2);
    assert_int_equal(replaced_ms(*state, first), 400);
    assert_int_equal(replaced_ms(*state, second), 400);
}

static void steps_come_in_order_and_keep_their_start(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct release_step rows[] = {
        {release->id, 1, "commit", "done", "", 30, 40},
        {release->id, 0, "gate", "waiting", "It soaks.", 10, 0},
        {release->id, 0, "commit", "done", "", 10, 20},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_OK(store_step_put(*state, &rows[i], NULL, &err), err);
    }
    struct release_step opened = {release->id, 0, "gate", "done", "", 15, 15};
    ASSERT_OK(store_step_put(*state, &opened, NULL, &err), err);
    struct step_list list;
    ASSERT_OK(store_step_list(*state, release->id, arena, &list, &err), err);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.steps[0].name, "gate");
    assert_string_equal(list.steps[0].outcome, "done");
    assert_int_equal(list.steps[0].started_ms, 10);
    assert_int_equal(list.steps[0].finished_ms, 15);
    assert_same_step(&list.steps[1], &rows[2]);
    assert_same_step(&list.steps[2], &rows[0]);
}

static void an_equal_step_writes_nothing(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    AUTO_JSON *facts = json_pack("{s: i}", "approvals", 1);
    AUTO_JSON *more = json_pack("{s: i}", "approvals", 2);
    static const struct {
        const char *outcome, *text;
        int facts; /* 0: none, 1: facts, 2: more */
        bool writes;
    } cases[] = {
        {"waiting", "It soaks.", 1, true},  {"waiting", "It soaks.", 1, false},
        {"waiting", "It soaks.", 0, false}, {"waiting", "It soaks.", 2, true},
        {"waiting", "Soon.", 0, true},      {"done", "Soon.", 0, true},
        {"done", "Soon.", 2, false},
    };
    const json_t *const given[] = {NULL, facts, more};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        /* What is written shows in finished_ms, which alone does not count as a difference. */
        struct release_step step = {.release = release->id, .name = "gate"};
        step.started_ms = step.finished_ms = (int64_t)i + 1;
        TEXT_COPY_CUT(step.outcome, cases[i].outcome);
        TEXT_COPY_CUT(step.text, cases[i].text);
        ASSERT_OK(store_step_put(*state, &step, given[cases[i].facts], &err), err);
        struct step_list list;
        ASSERT_OK(store_step_list(*state, release->id, arena, &list, &err), err);
        assert_int_equal(list.steps[0].finished_ms == (int64_t)i + 1, cases[i].writes);
        assert_int_equal(list.steps[0].started_ms, 1);
    }
}

/* A release whose item of cart in prod-eu ended like that, `ms` after its rollout began. */
static int64_t rolled_out(struct store *store, struct arena *arena, enum item_state end, int64_t ms)
{
    struct err err = {0};
    struct release *release = release_stored(store, arena);
    struct release_step step = {release->id, 0, "rollout", "done", "", 1000, 9000};
    ASSERT_OK(store_step_put(store, &step, NULL, &err), err);
    release->items[0].state = end;
    release->items[0].since_ms = 1000 + ms;
    ASSERT_OK(store_item_update(store, &release->items[0], &err), err);
    return release->id;
}

static void rollouts_are_compared_with_those_before_that_ended_well(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct rollout_times times;
    int64_t first = rolled_out(*state, arena, ITEM_DONE, 7000);
    ASSERT_OK(store_rollout_times(*state, "cart", "prod-eu", first, &times, &err), err);
    assert_int_equal(times.count, 0);
    rolled_out(*state, arena, ITEM_FAILED, 8000);
    for (int64_t i = 1; i <= ROLLOUTS_COMPARED; i++) {
        rolled_out(*state, arena, ITEM_DONE, i * 100);
    }
    int64_t last = rolled_out(*state, arena, ITEM_DONE, 5000);
    ASSERT_OK(store_rollout_times(*state, "cart", "prod-eu", last, &times, &err), err);
    assert_int_equal(times.count, ROLLOUTS_COMPARED);
    assert_int_equal(times.ms[0], ROLLOUTS_COMPARED * 100);
    assert_int_equal(times.ms[ROLLOUTS_COMPARED - 1], 100);
    ASSERT_OK(store_rollout_times(*state, "cart", "prod-us", last, &times, &err), err);
    assert_int_equal(times.count, 0);
}

static void a_step_of_no_release_is_refused(void **state)
{
    struct err err = {0};
    struct release_step step = {.release = 99, .name = "gate", .outcome = "done"};
    ASSERT_FAILS(store_step_put(*state, &step, NULL, &err), err, ERR_NOT_FOUND, "does not exist");
}

static void a_second_word_of_the_same_person_replaces_the_first(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct approval ada = {release->id, "ada", false, "looks good", "feed", 10};
    struct approval bob = {release->id, "bob", true, "not today", "feed", 20};
    ASSERT_OK(store_approval_put(*state, &ada, &err), err);
    ASSERT_OK(store_approval_put(*state, &bob, &err), err);
    bob.is_rejection = false;
    bob.at_ms = 30;
    ASSERT_OK(store_approval_put(*state, &bob, &err), err);
    struct approval_list list;
    ASSERT_OK(store_approval_list(*state, release->id, arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    assert_same_approval(&list.approvals[0], &ada);
    assert_same_approval(&list.approvals[1], &bob);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_in_memory, store_is_closed)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_release_comes_back_as_it_was_written),
        WITH_STORE(every_kind_phase_and_state_survives),
        WITH_STORE(an_update_writes_what_moves_and_leaves_the_rest),
        WITH_STORE(an_item_keeps_its_diagnosis),
        WITH_STORE(what_does_not_exist_is_not_found),
        WITH_STORE(the_same_request_makes_one_release),
        WITH_STORE(a_repeated_request_leaves_the_surrounding_transaction_whole),
        WITH_STORE(an_aborted_transaction_leaves_nothing),
        WITH_STORE(the_active_ones_are_listed_oldest_first),
        WITH_STORE(a_list_is_filtered_and_newest_first),
        WITH_STORE(a_stuck_one_is_found_until_it_is_over),
        WITH_STORE(one_lives_until_all_of_it_is_replaced),
        WITH_STORE(steps_come_in_order_and_keep_their_start),
        WITH_STORE(an_equal_step_writes_nothing),
        WITH_STORE(rollouts_are_compared_with_those_before_that_ended_well),
        WITH_STORE(a_step_of_no_release_is_refused),
        WITH_STORE(a_second_word_of_the_same_person_replaces_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
