#include "fixture.h"

#include <stdio.h>

#include "store/internal.h"

/* ---- holds ---- */

static struct hold hold_made(const char *stage, const char *workload, int64_t created_ms)
{
    struct hold hold = {.owner = "ada", .reason = "Black Friday", .created_ms = created_ms};
    TEXT_COPY_CUT(hold.stage, stage);
    TEXT_COPY_CUT(hold.workload, workload);
    return hold;
}

static size_t count_holds(struct store *store, int64_t now_ms)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct hold_list list;
    ASSERT_OK(store_hold_list(store, now_ms, arena, &list, &err), err);
    return list.count;
}

static void a_hold_comes_back_as_it_was_written(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct hold written = hold_made("prod", "cart", 10);
    written.rejected = image_made("shop/cart", "1.1.0", DIGEST_A);
    written.expires_ms = 1000;
    ASSERT_OK(store_hold_put(*state, &written, &err), err);
    struct hold_list list;
    ASSERT_OK(store_hold_list(*state, 999, arena, &list, &err), err);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.holds[0].id, written.id);
    assert_string_equal(list.holds[0].stage, "prod");
    assert_string_equal(list.holds[0].workload, "cart");
    assert_string_equal(list.holds[0].owner, "ada");
    assert_string_equal(list.holds[0].reason, "Black Friday");
    assert_memory_equal(&list.holds[0].rejected, &written.rejected, sizeof(written.rejected));
    assert_int_equal(list.holds[0].created_ms, 10);
    assert_int_equal(list.holds[0].expires_ms, 1000);
    assert_int_equal(count_holds(*state, 1000), 0);
}

static void a_new_hold_ends_the_older_one_of_the_same_cell_only(void **state)
{
    struct err err = {0};
    struct hold holds[] = {hold_made("prod", "cart", 10), hold_made("prod", "", 10),
                           hold_made("dev", "cart", 10), hold_made("prod", "cart", 20)};
    for (size_t i = 0; i < COUNT_OF(holds); i++) {
        ASSERT_OK(store_hold_put(*state, &holds[i], &err), err);
    }
    assert_int_equal(count_holds(*state, 30), 3);
    assert_true(holds[3].id > holds[0].id);
}

static void ending_holds_tells_how_many(void **state)
{
    struct err err = {0};
    int64_t ended = -1;
    struct hold hold = hold_made("prod", "", 10);
    ASSERT_OK(store_hold_put(*state, &hold, &err), err);
    ASSERT_OK(store_hold_end(*state, "prod", "cart", 20, &ended, &err), err);
    assert_int_equal(ended, 0);
    ASSERT_OK(store_hold_end(*state, "prod", "", 20, &ended, &err), err);
    assert_int_equal(ended, 1);
    ASSERT_OK(store_hold_end(*state, "prod", "", 20, &ended, &err), err);
    assert_int_equal(ended, 0);
    assert_int_equal(count_holds(*state, 30), 0);
}

/* ---- versions ---- */

static bool put_versions(struct store *store, const struct version_row *rows, size_t count,
                         int64_t now_ms)
{
    struct err err = {0};
    bool changed = false;
    ASSERT_OK(store_versions_put(store, "shop/cart", rows, count, now_ms, &changed, &err), err);
    return changed;
}

static const struct version_row *find_version(const struct version_list *list, const char *tag)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->rows[i].tag, tag) == 0) {
            return &list->rows[i];
        }
    }
    fail_msg("%s is not listed", tag);
    return NULL;
}

static void a_listing_replaces_what_is_known_and_keeps_when_it_was_first_seen(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct version_row first[] = {{.tag = "1.0.0", .digest = DIGEST_A},
                                        {.tag = "latest", .digest = DIGEST_A}};
    const struct version_row second[] = {{.tag = "latest", .digest = DIGEST_B},
                                         {.tag = "1.1.0", .digest = DIGEST_B}};
    assert_true(put_versions(*state, first, 2, 100));
    assert_true(put_versions(*state, second, 2, 200));
    struct version_list list;
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.rows[0].tag, "1.1.0"); /* newest first */
    assert_int_equal(list.rows[0].seen_ms, 200);
    assert_true(find_version(&list, "1.0.0")->is_gone);
    assert_string_equal(find_version(&list, "latest")->digest, DIGEST_B);
    assert_int_equal(find_version(&list, "latest")->seen_ms, 100);
}

static void an_equal_listing_changes_nothing(void **state)
{
    const struct version_row rows[] = {{.tag = "1.0.0", .digest = DIGEST_A}};
    const struct version_row unresolved[] = {{.tag = "1.0.0"}};
    assert_true(put_versions(*state, rows, 1, 100));
    assert_false(put_versions(*state, rows, 1, 200));
    assert_false(put_versions(*state, unresolved, 1, 300));
    assert_true(put_versions(*state, NULL, 0, 400));
    assert_false(put_versions(*state, NULL, 0, 500));
    assert_true(put_versions(*state, rows, 1, 600));
}

static void what_an_image_says_is_kept_with_its_digest(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    struct version_row row = {
        .tag = "1.0.0", .digest = "sha256:a", .created_ms = 7, .platforms = "linux/arm64"};
    struct version_row listed = {.tag = "1.0.0"};
    struct version_list list;
    assert_true(put_versions(*state, &row, 1, 100));
    assert_false(put_versions(*state, &row, 1, 200));
    assert_false(put_versions(*state, &listed, 1, 300));
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.rows[0].created_ms, 7);
    assert_string_equal(list.rows[0].platforms, "linux/arm64");
    /* The tag moves, and nothing is known of what it stands for now. */
    ASSERT_OK(store_version_resolve(*state, "shop/cart", "1.0.0", "sha256:b", &err), err);
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.rows[0].created_ms, 0);
    assert_string_equal(list.rows[0].platforms, "");
    row.created_ms = 9;
    assert_true(put_versions(*state, &row, 1, 400));
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.rows[0].created_ms, 9);
}

static void a_version_that_comes_back_unresolved_keeps_its_digest(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct version_row resolved[] = {{.tag = "1.0.0", .digest = DIGEST_A}};
    const struct version_row unresolved[] = {{.tag = "1.0.0"}};
    assert_true(put_versions(*state, resolved, 1, 100));
    assert_true(put_versions(*state, NULL, 0, 200));
    assert_true(put_versions(*state, unresolved, 1, 300));
    struct version_list list;
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &list, &err), err);
    assert_false(list.rows[0].is_gone);
    assert_string_equal(list.rows[0].digest, DIGEST_A);
    assert_int_equal(list.rows[0].seen_ms, 100);
}

static bool put_signature(struct store *store, const char *digest, enum signature_state state,
                          const char *why, int64_t now_ms)
{
    struct err err = {0};
    bool changed = false;
    struct signature_row row = {.repository = "shop/cart",
                                .digest = digest,
                                .rule = "r",
                                .verdict = {.state = state},
                                .found_ms = now_ms};
    TEXT_COPY_CUT(row.verdict.why, why);
    ASSERT_OK(store_signature_put(store, &row, &changed, &err), err);
    return changed;
}

static void what_a_check_has_found_is_kept_and_an_equal_finding_writes_nothing(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    struct signature_list list;
    assert_true(put_signature(*state, DIGEST_A, SIGNATURE_BAD, "It is not signed.", 100));
    assert_false(put_signature(*state, DIGEST_A, SIGNATURE_BAD, "It is not signed.", 200));
    assert_true(put_signature(*state, DIGEST_B, SIGNATURE_UNCHECKED, "Away.", 200));
    ASSERT_OK(store_signatures_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.rows[0].digest, DIGEST_A);
    assert_string_equal(list.rows[0].rule, "r");
    assert_int_equal(list.rows[0].verdict.state, SIGNATURE_BAD);
    assert_string_equal(list.rows[0].verdict.why, "It is not signed.");
    assert_int_equal(list.rows[0].found_ms, 100);
    assert_true(put_signature(*state, DIGEST_A, SIGNATURE_GOOD, "", 300));
    ASSERT_OK(store_signatures_list(*state, NULL, arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.rows[0].verdict.state, SIGNATURE_GOOD);
    ASSERT_OK(store_signatures_list(*state, "shop/web", arena, &list, &err), err);
    assert_int_equal(list.count, 0);
}

static void of_too_many_signatures_the_oldest_are_forgotten(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    struct signature_list list;
    ASSERT_OK(store_begin(*state, &err), err);
    for (int64_t i = 0; i < STORE_SIGNATURES_MAX + 2; i++) {
        put_signature(*state, arena_printf(arena, "sha256:%05lld", (long long)i), SIGNATURE_GOOD,
                      "", i);
    }
    ASSERT_OK(store_commit(*state, &err), err);
    ASSERT_OK(store_signatures_list(*state, "shop/cart", arena, &list, &err), err);
    assert_int_equal(list.count, STORE_SIGNATURES_MAX);
    assert_string_equal(list.rows[0].digest, "sha256:00002");
}

static void repositories_do_not_mix(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct version_row rows[] = {{.tag = "1.0.0", .digest = DIGEST_A}};
    bool changed = false;
    assert_true(put_versions(*state, rows, 1, 100));
    ASSERT_OK(store_versions_put(*state, "shop/web", rows, 1, 100, &changed, &err), err);
    ASSERT_OK(store_versions_put(*state, "shop/web", NULL, 0, 200, &changed, &err), err);
    struct version_list all;
    struct version_list cart;
    ASSERT_OK(store_versions_list(*state, NULL, arena, &all, &err), err);
    ASSERT_OK(store_versions_list(*state, "shop/cart", arena, &cart, &err), err);
    assert_int_equal(all.count, 2);
    assert_int_equal(cart.count, 1);
    assert_false(cart.rows[0].is_gone);
}

/* ---- clusters ---- */

static void a_cluster_keeps_its_last_report(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    ASSERT_OK(store_cluster_put(*state, "dev", 10, &err), err);
    assert_null(store_cluster_last_report(*state, "dev", &err));
    assert_int_equal(err.kind, ERR_NONE);
    AUTO_JSON *report = json_pack("{s: i}", "sequence", 4);
    ASSERT_OK(store_cluster_report(*state, "dev", "session-1", report, 20, &err), err);
    ASSERT_OK(store_cluster_put(*state, "dev", 30, &err), err);
    struct cluster_list list;
    ASSERT_OK(store_cluster_list(*state, arena, &list, &err), err);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.clusters[0].created_ms, 10);
    assert_int_equal(list.clusters[0].seen_ms, 20);
    assert_string_equal(list.clusters[0].session, "session-1");
    AUTO_JSON *last = store_cluster_last_report(*state, "dev", &err);
    assert_true(json_equal(last, report));
}

/* ---- tokens ---- */

static struct token_row token_made(const char *name, const char *hash)
{
    struct token_row token = {
        .role = "promote", .cluster = "dev", .created_ms = 10, .expires_ms = 1000};
    TEXT_COPY_CUT(token.name, name);
    TEXT_COPY_CUT(token.hash, hash);
    return token;
}

static void a_token_is_found_by_its_hash_until_it_is_revoked(void **state)
{
    struct err err = {0};
    struct token_row written = token_made("ada", "cafe");
    struct token_row read;
    ASSERT_OK(store_token_insert(*state, &written, &err), err);
    ASSERT_OK(store_token_find(*state, "cafe", &read, &err), err);
    assert_int_equal(read.id, written.id);
    assert_string_equal(read.name, "ada");
    assert_string_equal(read.role, "promote");
    assert_string_equal(read.cluster, "dev");
    assert_string_equal(read.hash, "cafe");
    assert_int_equal(read.created_ms, 10);
    assert_int_equal(read.used_ms, 0);
    assert_int_equal(read.revoked_ms, 0);
    assert_int_equal(read.expires_ms, 1000);
    ASSERT_OK(store_token_revoke(*state, "ada", 50, &err), err);
    ASSERT_FAILS(store_token_find(*state, "cafe", &read, &err), err, ERR_NOT_FOUND, "no such");
    ASSERT_FAILS(store_token_revoke(*state, "ada", 60, &err), err, ERR_NOT_FOUND, "\"ada\"");
}

static void a_name_is_free_again_when_its_token_is_revoked(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_row first = token_made("ada", "cafe");
    struct token_row second = token_made("ada", "beef");
    ASSERT_OK(store_token_insert(*state, &first, &err), err);
    ASSERT_FAILS(store_token_insert(*state, &second, &err), err, ERR_CONFLICT, "\"ada\" already");
    ASSERT_OK(store_token_revoke(*state, "ada", 50, &err), err);
    ASSERT_OK(store_token_insert(*state, &second, &err), err);
    struct token_list list;
    ASSERT_OK(store_token_list(*state, arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.tokens[0].revoked_ms, 50);
}

/* ---- settings ---- */

static void a_setting_is_what_was_put_last(void **state)
{
    struct err err = {0};
    AUTO_STR(value, 64);
    assert_false(store_setting_get(*state, "head", &value, &err));
    assert_int_equal(err.kind, ERR_NONE);
    ASSERT_OK(store_setting_put(*state, "head", "one", &err), err);
    ASSERT_OK(store_setting_put(*state, "head", "two", &err), err);
    assert_true(store_setting_get(*state, "head", &value, &err));
    assert_string_equal(value.text, "two");
}

/* ---- the record ---- */

static void the_record_is_read_in_pages_from_the_newest(void **state)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    for (int64_t i = 1; i <= 5; i++) {
        struct audit_row row = {
            .at_ms = i, .actor = "ada", .verb = "approve", .object = "R-1", .text = "yes"};
        ASSERT_OK(store_audit_add(*state, &row, &err), err);
    }
    struct audit_list page;
    ASSERT_OK(store_audit_list(*state, 0, 2, arena, &page, &err), err);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].id, 5);
    assert_string_equal(page.rows[0].verb, "approve");
    ASSERT_OK(store_audit_list(*state, page.rows[1].id, 1000, arena, &page, &err), err);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.rows[2].at_ms, 1);
}

static void the_record_cannot_be_changed_afterwards(void **state)
{
    struct err err = {0};
    struct store *store = *state;
    struct audit_row row = {.at_ms = 1, .actor = "ada", .verb = "approve", .object = "R-1"};
    ASSERT_OK(store_audit_add(store, &row, &err), err);
    ASSERT_FAILS(db_run(store->db, "UPDATE audit SET actor = 'bob'", &err), err, ERR_REFUSED,
                 "only added to");
    ASSERT_FAILS(db_run(store->db, "DELETE FROM audit", &err), err, ERR_REFUSED, "only added to");
}

/* ---- rows that cannot be read back ---- */

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123"

static void fill(struct store *store, struct arena *arena)
{
    struct err err = {0};
    for (int i = 0; i < 2; i++) {
        struct release *release = release_stored(store, arena);
        struct release_step step = {.release = release->id, .name = "gate", .outcome = "done"};
        struct approval approval = {.release = release->id, .person = "ada"};
        struct hold hold = hold_made(i ? "dev" : "prod", "", 10);
        struct token_row token = token_made(i ? "ada" : "bob", i ? "cafe" : "beef");
        ASSERT_OK(store_step_put(store, &step, NULL, &err), err);
        ASSERT_OK(store_approval_put(store, &approval, &err), err);
        ASSERT_OK(store_hold_put(store, &hold, &err), err);
        ASSERT_OK(store_token_insert(store, &token, &err), err);
        ASSERT_OK(store_cluster_put(store, i ? "dev" : "prod", 10, &err), err);
    }
    AUTO_JSON *report = json_object();
    ASSERT_OK(store_cluster_report(store, "dev", "session", report, 20, &err), err);
    const struct version_row rows[] = {{.tag = "1.0.0"}, {.tag = "1.1.0"}};
    put_versions(store, rows, 2, 100);
}

/* How many rows each list gives: releases, items of R-2, steps, approvals, holds, versions,
   clusters, tokens. */
static void count_all(struct store *store, char out[9])
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_list releases = {0};
    struct release *second = NULL;
    struct step_list steps = {0};
    struct approval_list approvals = {0};
    struct hold_list holds = {0};
    struct version_list versions = {0};
    struct cluster_list clusters = {0};
    struct token_list tokens = {0};
    ASSERT_OK(store_release_active(store, arena, &releases, &err), err);
    ASSERT_OK(store_release_get(store, 2, arena, &second, &err), err);
    ASSERT_OK(store_step_list(store, 1, arena, &steps, &err), err);
    ASSERT_OK(store_approval_list(store, 1, arena, &approvals, &err), err);
    ASSERT_OK(store_hold_list(store, 20, arena, &holds, &err), err);
    ASSERT_OK(store_versions_list(store, NULL, arena, &versions, &err), err);
    ASSERT_OK(store_cluster_list(store, arena, &clusters, &err), err);
    ASSERT_OK(store_token_list(store, arena, &tokens, &err), err);
    const size_t counts[] = {releases.count, second->item_count, steps.count,    approvals.count,
                             holds.count,    versions.count,     clusters.count, tokens.count};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        out[i] = (char)('0' + counts[i]);
    }
    out[8] = '\0';
}

static void a_row_that_cannot_be_read_is_skipped_and_hides_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *counts;
    } cases[] = {
        {"SELECT 1", "22112222"},
        {"UPDATE release SET phase = 'levitating' WHERE id = 1", "12112222"},
        {"UPDATE release SET kind = '' WHERE id = 1", "12112222"},
        {"UPDATE release SET stage = '" LONG_NAME "' WHERE id = 1", "12112222"},
        {"UPDATE release SET wave = 2000000000 WHERE id = 1", "12112222"},
        {"UPDATE release SET wave = -1 WHERE id = 1", "12112222"},
        {"UPDATE release SET wave_count = 4294967297 WHERE id = 1", "12112222"},
        {"UPDATE release SET commits = '[' WHERE id = 1", "12112222"},
        {"UPDATE release SET commits = '[1]' WHERE id = 1", "12112222"},
        {"UPDATE release_item SET state = 'x' WHERE id = 3", "21112222"},
        {"UPDATE release_item SET wave = 65 WHERE id = 3", "21112222"},
        {"UPDATE release_item SET changes = '{\"to\":' WHERE id = 3", "21112222"},
        {"UPDATE release_item SET changes = '[{}]' WHERE id = 3", "21112222"},
        {"UPDATE release_item SET changes = '[7]' WHERE id = 3", "21112222"},
        {"UPDATE release_item SET diagnosis = 'oops' WHERE id = 3", "22112222"},
        {"UPDATE release_step SET outcome = '" LONG_NAME "'", "22012222"},
        {"UPDATE release_step SET wave = -1", "22012222"},
        {"UPDATE approval SET person = '" LONG_NAME "'", "22102222"},
        {"UPDATE hold SET stage = '" LONG_NAME "' WHERE id = 1", "22111222"},
        {"UPDATE hold SET rejected = 'no json' WHERE id = 1", "22112222"},
        {"UPDATE version SET digest = digest || '" LONG_NAME LONG_NAME "' WHERE tag = '1.0.0'",
         "22112122"},
        {"UPDATE cluster SET name = '" LONG_NAME "' WHERE name = 'dev'", "22112212"},
        {"UPDATE token SET role = 'a role that is far too long' WHERE id = 1", "22112221"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO(store_close) struct store *store = NULL;
        assert_int_equal(folder_is_made(NULL), 0);
        ASSERT_OK(store_open(file_path, &store, &err), err);
        fill(store, arena);
        store_close(&store);
        poison(cases[i].sql);
        ASSERT_OK(store_open(file_path, &store, &err), err);
        char counts[9];
        count_all(store, counts);
        assert_string_equal(counts, cases[i].counts);
        assert_int_equal(store_skipped_rows(store) > 0, strcmp(counts, cases[0].counts) != 0);
        assert_int_equal(folder_is_removed(NULL), 0);
    }
}

static void an_unreadable_report_or_plan_is_none(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(store_close) struct store *store = NULL;
    assert_int_equal(folder_is_made(NULL), 0);
    ASSERT_OK(store_open(file_path, &store, &err), err);
    fill(store, arena);
    store_close(&store);
    poison("UPDATE cluster SET report = '{'; UPDATE release SET plan = 'plan';");
    ASSERT_OK(store_open(file_path, &store, &err), err);
    assert_null(store_cluster_last_report(store, "dev", &err));
    assert_null(store_release_plan(store, 1, &err));
    assert_int_equal(folder_is_removed(NULL), 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_in_memory, store_is_closed)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_hold_comes_back_as_it_was_written),
        WITH_STORE(a_new_hold_ends_the_older_one_of_the_same_cell_only),
        WITH_STORE(ending_holds_tells_how_many),
        WITH_STORE(a_listing_replaces_what_is_known_and_keeps_when_it_was_first_seen),
        WITH_STORE(an_equal_listing_changes_nothing),
        WITH_STORE(what_an_image_says_is_kept_with_its_digest),
        WITH_STORE(a_version_that_comes_back_unresolved_keeps_its_digest),
        WITH_STORE(what_a_check_has_found_is_kept_and_an_equal_finding_writes_nothing),
        WITH_STORE(of_too_many_signatures_the_oldest_are_forgotten),
        WITH_STORE(repositories_do_not_mix),
        WITH_STORE(a_cluster_keeps_its_last_report),
        WITH_STORE(a_token_is_found_by_its_hash_until_it_is_revoked),
        WITH_STORE(a_name_is_free_again_when_its_token_is_revoked),
        WITH_STORE(a_setting_is_what_was_put_last),
        WITH_STORE(the_record_is_read_in_pages_from_the_newest),
        WITH_STORE(the_record_cannot_be_changed_afterwards),
        cmocka_unit_test(a_row_that_cannot_be_read_is_skipped_and_hides_no_other),
        cmocka_unit_test(an_unreadable_report_or_plan_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
