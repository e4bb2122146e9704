/* What checks of signatures have found. */
#include <string.h>

#include "store/internal.h"

static const char *const state_words[] = {
    [SIGNATURE_UNCHECKED] = "unchecked",
    [SIGNATURE_GOOD] = "good",
    [SIGNATURE_BAD] = "bad",
};

static bool read_state(const char *word, enum signature_state *out)
{
    for (size_t i = 0; word && i < COUNT_OF(state_words); i++) {
        if (strcmp(state_words[i], word) == 0) {
            *out = (enum signature_state)i;
            return true;
        }
    }
    return false;
}

static bool read_signature(struct db_rows *rows, struct arena *arena, void *out)
{
    struct signature_row *row = out;
    row->repository = arena_strdup(arena, db_text(rows, 0));
    row->digest = arena_strdup(arena, db_text(rows, 1));
    row->rule = arena_strdup(arena, db_text(rows, 2));
    TEXT_COPY_CUT(row->verdict.why, db_text(rows, 4));
    row->found_ms = db_int(rows, 5);
    return read_state(db_text(rows, 3), &row->verdict.state);
}

static const struct row_reader signature_reader = {sizeof(struct signature_row), read_signature};

bool store_signatures_list(struct store *store, const char *repository, struct arena *arena,
                           struct signature_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT repository, digest, rule, state, why, found_ms FROM signature"
                  " WHERE ?1 IS NULL OR repository = ?1 ORDER BY repository, digest",
                  &rows, err, "s", repository) ||
        !rows_collect(store, rows, &signature_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct signature_list){list.items, list.count};
    return true;
}

static bool is_known(struct store *store, const struct signature_row *row, bool *out,
                     struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db,
                  "SELECT 1 FROM signature WHERE repository = ? AND digest = ? AND rule = ?"
                  " AND state = ? AND why = ?",
                  &rows, err, "sssss", row->repository, row->digest, row->rule,
                  state_words[row->verdict.state], row->verdict.why)) {
        return false;
    }
    *out = db_next(rows, err);
    return err->kind == ERR_NONE;
}

static bool put(struct store *store, const struct signature_row *row, struct err *err)
{
    return db_run(store->db,
                  "INSERT INTO signature (repository, digest, rule, state, why, found_ms)"
                  " VALUES (?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (repository, digest) DO UPDATE SET rule = excluded.rule,"
                  " state = excluded.state, why = excluded.why, found_ms = excluded.found_ms",
                  err, "sssssi", row->repository, row->digest, row->rule,
                  state_words[row->verdict.state], row->verdict.why, row->found_ms);
}

static bool forget_oldest(struct store *store, const char *repository, struct err *err)
{
    return db_run(store->db,
                  "DELETE FROM signature WHERE repository = ?1 AND digest IN (SELECT digest"
                  " FROM signature WHERE repository = ?1 ORDER BY found_ms DESC, digest"
                  " LIMIT 1000000 OFFSET ?2)",
                  err, "si", repository, (int64_t)STORE_SIGNATURES_MAX);
}

bool store_signature_put(struct store *store, const struct signature_row *row, bool *out_changed,
                         struct err *err)
{
    bool known = false;
    if (!db_begin(store->db, err)) {
        return false;
    }
    if (!is_known(store, row, &known, err) ||
        (!known && (!put(store, row, err) || !forget_oldest(store, row->repository, err)))) {
        db_abort(store->db);
        return false;
    }
    *out_changed = !known;
    return db_commit(store->db, err);
}
