/* Pull requests, and statuses of commits. */
#include <limits.h>

#include "store/internal.h"

#define PULL_COLUMNS                                                                               \
    "release, wave, branch, tip, base, pushed_ms, is_left, is_settled, number, url, state, head,"  \
    " merge_commit, who, approvals, objections, checks, has_conflict, problem, items, repository," \
    " branch_into"

bool store_pull_put(struct store *store, const struct pull_request *pull, struct err *err)
{
    const struct pull_facts *facts = &pull->facts;
    return db_run(store->db,
                  "INSERT OR REPLACE INTO pull_request (" PULL_COLUMNS ")"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  err, "iisssibbisssssiisbsiss", pull->release, (int64_t)pull->wave, pull->branch,
                  pull->tip, pull->base, pull->pushed_ms, pull->is_left, pull->is_settled,
                  facts->number, facts->url, pull_state_name(facts->state), facts->head,
                  facts->merge_commit, facts->who, (int64_t)facts->approvals,
                  (int64_t)facts->objections, pull_checks_name(facts->checks), facts->has_conflict,
                  pull->problem, (int64_t)pull->items, pull->repository, pull->into);
}

static bool read_facts(struct db_rows *rows, struct pull_facts *facts)
{
    int approvals = 0;
    int objections = 0;
    facts->number = db_int(rows, 8);
    facts->state = pull_state_of(db_text(rows, 10));
    facts->checks = pull_checks_of(db_text(rows, 16));
    facts->has_conflict = db_int(rows, 17) != 0;
    COLUMN_TEXT(rows, 13, facts->who);
    bool is_read = facts->state < PULL_STATE_COUNT && facts->checks < PULL_CHECKS_COUNT &&
                   COLUMN_NAME(rows, 9, facts->url) && COLUMN_NAME(rows, 11, facts->head) &&
                   COLUMN_NAME(rows, 12, facts->merge_commit) &&
                   column_int(rows, 14, INT_MAX, &approvals) &&
                   column_int(rows, 15, INT_MAX, &objections);
    facts->approvals = (unsigned)approvals;
    facts->objections = (unsigned)objections;
    return is_read;
}

static bool read_pull(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct pull_request *pull = out;
    pull->release = db_int(rows, 0);
    pull->pushed_ms = db_int(rows, 5);
    pull->is_left = db_int(rows, 6) != 0;
    pull->is_settled = db_int(rows, 7) != 0;
    COLUMN_TEXT(rows, 18, pull->problem);
    return column_int(rows, 1, RELEASE_WAVES_MAX, &pull->wave) &&
           column_int(rows, 19, INT_MAX, &pull->items) && COLUMN_NAME(rows, 2, pull->branch) &&
           COLUMN_NAME(rows, 3, pull->tip) && COLUMN_NAME(rows, 4, pull->base) &&
           COLUMN_NAME(rows, 20, pull->repository) && COLUMN_NAME(rows, 21, pull->into) &&
           read_facts(rows, &pull->facts);
}

static const struct row_reader pull_reader = {sizeof(struct pull_request), read_pull};

bool store_pull_list(struct store *store, int64_t release, struct arena *arena,
                     struct pull_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT " PULL_COLUMNS " FROM pull_request"
                  " WHERE (?1 <> 0 AND release = ?1) OR (?1 = 0 AND (is_settled = 0 OR"
                  "  release IN (SELECT id FROM release WHERE is_over = 0)))"
                  " ORDER BY release, wave",
                  &rows, err, "i", release) ||
        !rows_collect(store, rows, &pull_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct pull_list){list.items, list.count};
    return true;
}

bool store_status_want(struct store *store, const struct commit_status *status, struct err *err)
{
    return db_run(store->db,
                  "INSERT INTO commit_status (release, wave, oid, stage, wanted, sent, repository)"
                  " VALUES (?, ?, ?, ?, ?, '', ?)"
                  " ON CONFLICT (release, wave) DO UPDATE SET"
                  " sent = CASE WHEN oid = excluded.oid THEN sent ELSE '' END,"
                  " oid = excluded.oid, wanted = excluded.wanted, repository = excluded.repository"
                  " WHERE oid <> excluded.oid OR wanted <> excluded.wanted",
                  err, "iissss", status->release, (int64_t)status->wave, status->oid, status->stage,
                  status->wanted, status->repository);
}

bool store_status_sent(struct store *store, const struct commit_status *status, struct err *err)
{
    return db_run(store->db,
                  "UPDATE commit_status SET sent = ? WHERE release = ? AND wave = ? AND oid = ?",
                  err, "siis", status->wanted, status->release, (int64_t)status->wave, status->oid);
}

static bool read_status(struct db_rows *rows, struct arena *arena, void *out)
{
    struct commit_status *status = out;
    (void)arena;
    *status = (struct commit_status){.release = db_int(rows, 0), .wave = (int)db_int(rows, 1)};
    return COLUMN_NAME(rows, 2, status->oid) && COLUMN_NAME(rows, 3, status->stage) &&
           COLUMN_NAME(rows, 4, status->wanted) && COLUMN_NAME(rows, 5, status->repository);
}

static const struct row_reader status_reader = {sizeof(struct commit_status), read_status};

bool store_status_list(struct store *store, struct arena *arena, struct commit_status_list *out,
                       struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT release, wave, oid, stage, wanted, repository FROM (SELECT *,"
                  " row_number() OVER (PARTITION BY repository ORDER BY release, wave) AS place"
                  " FROM commit_status WHERE wanted <> sent) WHERE place = 1"
                  " ORDER BY release, wave",
                  &rows, err, "") ||
        !rows_collect(store, rows, &status_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct commit_status_list){list.items, list.count};
    return true;
}
