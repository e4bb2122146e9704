#include "store/internal.h"

bool store_cluster_put(struct store *store, const char *name, int64_t now_ms, struct err *err)
{
    return db_run(store->db,
                  "INSERT INTO cluster (name, created_ms, seen_ms, session) VALUES (?, ?, 0, '')"
                  " ON CONFLICT (name) DO NOTHING",
                  err, "si", name, now_ms);
}

bool store_cluster_report(struct store *store, const char *name, const char *session,
                          const json_t *report, int64_t now_ms, struct err *err)
{
    AUTO(xfree) char *text = json_text(report);
    return db_run(store->db,
                  "INSERT INTO cluster (name, created_ms, seen_ms, session, report)"
                  " VALUES (?1, ?2, ?2, ?3, ?4)"
                  " ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms,"
                  " session = excluded.session, report = excluded.report",
                  err, "siss", name, now_ms, session, text);
}

static bool read_cluster(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct cluster_row *cluster = out;
    cluster->created_ms = db_int(rows, 1);
    cluster->seen_ms = db_int(rows, 2);
    return COLUMN_NAME(rows, 0, cluster->name) && COLUMN_NAME(rows, 3, cluster->session);
}

static const struct row_reader cluster_reader = {sizeof(struct cluster_row), read_cluster};

bool store_cluster_list(struct store *store, struct arena *arena, struct cluster_list *out,
                        struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db, "SELECT name, created_ms, seen_ms, session FROM cluster ORDER BY name",
                  &rows, err) ||
        !rows_collect(store, rows, &cluster_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct cluster_list){list.items, list.count};
    return true;
}

json_t *store_cluster_last_report(struct store *store, const char *name, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db, "SELECT report FROM cluster WHERE name = ?", &rows, err, "s", name) ||
        !db_next(rows, err)) {
        return NULL;
    }
    return json_of_column(db_text(rows, 0));
}
