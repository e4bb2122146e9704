#include "store/internal.h"

bool store_audit_add(struct store *store, const struct audit_row *row, struct err *err)
{
    return db_run(store->db,
                  "INSERT INTO audit (at_ms, actor, verb, object, text) VALUES (?, ?, ?, ?, ?)",
                  err, "issss", row->at_ms, row->actor, row->verb, row->object, row->text);
}

static bool read_audit(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct audit_row *row = out;
    row->id = db_int(rows, 0);
    row->at_ms = db_int(rows, 1);
    COLUMN_TEXT(rows, 5, row->text);
    return COLUMN_NAME(rows, 2, row->actor) && COLUMN_NAME(rows, 3, row->verb) &&
           COLUMN_NAME(rows, 4, row->object);
}

static const struct row_reader audit_reader = {sizeof(struct audit_row), read_audit};

bool store_audit_list(struct store *store, int64_t before_id, size_t limit, struct arena *arena,
                      struct audit_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT id, at_ms, actor, verb, object, text FROM audit WHERE ?1 = 0 OR id < ?1"
                  " ORDER BY id DESC LIMIT ?2",
                  &rows, err, "ii", before_id, page_limit(limit)) ||
        !rows_collect(store, rows, &audit_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct audit_list){list.items, list.count};
    return true;
}
