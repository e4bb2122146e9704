#include "store/internal.h"

bool store_approval_put(struct store *store, const struct approval *approval, struct err *err)
{
    return db_run(
        store->db,
        "INSERT INTO approval (release, person, is_rejection, message, plan_digest, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (release, person) DO UPDATE SET is_rejection = excluded.is_rejection,"
        " message = excluded.message, plan_digest = excluded.plan_digest,"
        " at_ms = excluded.at_ms",
        err, "isbssi", approval->release, approval->person, approval->is_rejection,
        approval->message, approval->plan_digest, approval->at_ms);
}

static bool read_approval(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct approval *approval = out;
    approval->release = db_int(rows, 0);
    approval->is_rejection = db_int(rows, 2) != 0;
    COLUMN_TEXT(rows, 3, approval->message);
    approval->at_ms = db_int(rows, 5);
    return COLUMN_NAME(rows, 1, approval->person) && COLUMN_NAME(rows, 4, approval->plan_digest);
}

static const struct row_reader approval_reader = {sizeof(struct approval), read_approval};

bool store_approval_list(struct store *store, int64_t release, struct arena *arena,
                         struct approval_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT release, person, is_rejection, message, plan_digest, at_ms FROM approval"
                  " WHERE release = ? ORDER BY at_ms, person",
                  &rows, err, "i", release) ||
        !rows_collect(store, rows, &approval_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct approval_list){list.items, list.count};
    return true;
}
