#include "store/internal.h"

bool store_setting_put(struct store *store, const char *key, const char *value, struct err *err)
{
    return db_run(
        store->db,
        "INSERT INTO setting (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        err, "ss", key, value);
}

bool store_setting_get(struct store *store, const char *key, struct str *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db, "SELECT value FROM setting WHERE key = ?", &rows, err, "s", key) ||
        !db_next(rows, err)) {
        return false;
    }
    str_add(out, db_text(rows, 0));
    return true;
}
