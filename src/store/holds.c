#include "store/internal.h"

bool store_hold_end(struct store *store, const char *stage, const char *workload, int64_t now_ms,
                    int64_t *out_ended, struct err *err)
{
    if (!db_run(store->db,
                "UPDATE hold SET ended_ms = ? WHERE stage = ? AND workload = ? AND ended_ms = 0"
                " AND (expires_ms = 0 OR expires_ms > ?)",
                err, "issi", now_ms, stage, workload, now_ms)) {
        return false;
    }
    *out_ended = db_changes(store->db);
    return true;
}

static char *text_of_rejected(const struct image *image)
{
    AUTO_JSON *value = image->repository[0] ? image_to_json(image) : NULL;
    return value ? json_text(value) : NULL;
}

static bool insert_hold(struct store *store, struct hold *hold, struct err *err)
{
    AUTO(xfree) char *rejected = text_of_rejected(&hold->rejected);
    if (!db_run(
            store->db,
            "INSERT INTO hold (stage, workload, owner, reason, rejected, created_ms, expires_ms,"
            " ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            err, "sssssii", hold->stage, hold->workload, hold->owner, hold->reason, rejected,
            hold->created_ms, hold->expires_ms)) {
        return false;
    }
    hold->id = db_last_id(store->db);
    return true;
}

bool store_hold_put(struct store *store, struct hold *hold, struct err *err)
{
    int64_t ended = 0;
    if (!db_begin(store->db, err)) {
        return false;
    }
    if (!store_hold_end(store, hold->stage, hold->workload, hold->created_ms, &ended, err) ||
        !insert_hold(store, hold, err)) {
        db_abort(store->db);
        return false;
    }
    return db_commit(store->db, err);
}

static bool read_hold(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct hold *hold = out;
    hold->id = db_int(rows, 0);
    COLUMN_TEXT(rows, 4, hold->reason);
    hold->created_ms = db_int(rows, 6);
    hold->expires_ms = db_int(rows, 7);
    /* A hold whose version cannot be read still holds, until a person ends it: the safe side. */
    AUTO_JSON *rejected = json_of_column(db_text(rows, 5));
    if (!image_from_json(rejected, &hold->rejected)) {
        hold->rejected = (struct image){0};
    }
    return COLUMN_NAME(rows, 1, hold->stage) && COLUMN_NAME(rows, 2, hold->workload) &&
           COLUMN_NAME(rows, 3, hold->owner);
}

static const struct row_reader hold_reader = {sizeof(struct hold), read_hold};

bool store_hold_list(struct store *store, int64_t now_ms, struct arena *arena,
                     struct hold_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(
            store->db,
            "SELECT id, stage, workload, owner, reason, rejected, created_ms, expires_ms FROM hold"
            " WHERE ended_ms = 0 AND (expires_ms = 0 OR expires_ms > ?) ORDER BY id",
            &rows, err, "i", now_ms) ||
        !rows_collect(store, rows, &hold_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct hold_list){list.items, list.count};
    return true;
}
