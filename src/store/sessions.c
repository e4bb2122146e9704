#include "store/internal.h"

bool store_session_insert(struct store *store, struct session_row *session, struct err *err)
{
    if (!db_run(store->db,
                "INSERT INTO session (token, name_hash, secret_hash, before_hash, is_confirmed,"
                " created_ms, rotated_ms, used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                err, "isssiiii", session->token, session->name_hash, session->secret_hash,
                session->before_hash, (int64_t)session->is_confirmed, session->created_ms,
                session->rotated_ms, session->used_ms)) {
        return false;
    }
    session->id = db_last_id(store->db);
    return true;
}

struct session_of_token {
    struct session_row session;
    struct token_row token;
};

static bool read_session(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct session_row *session = &((struct session_of_token *)out)->session;
    struct token_row *token = &((struct session_of_token *)out)->token;
    session->id = db_int(rows, 0);
    session->token = token->id = db_int(rows, 1);
    session->is_confirmed = db_int(rows, 5) != 0;
    session->created_ms = db_int(rows, 6);
    session->rotated_ms = db_int(rows, 7);
    session->used_ms = db_int(rows, 8);
    token->expires_ms = db_int(rows, 12);
    return COLUMN_NAME(rows, 2, session->name_hash) && COLUMN_NAME(rows, 3, session->secret_hash) &&
           COLUMN_NAME(rows, 4, session->before_hash) && COLUMN_NAME(rows, 9, token->name) &&
           COLUMN_NAME(rows, 10, token->role) && COLUMN_NAME(rows, 11, token->cluster);
}

static const struct row_reader session_reader = {sizeof(struct session_of_token), read_session};

bool store_session_find(struct store *store, const char *name_hash, struct session_row *out,
                        struct token_row *out_token, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT session.id, token.id, name_hash, secret_hash, before_hash, is_confirmed,"
                  " session.created_ms, rotated_ms, session.used_ms, name, role, cluster,"
                  " expires_ms FROM session JOIN token ON token.id = session.token"
                  " WHERE name_hash = ? AND revoked_ms = 0",
                  &rows, err, "s", name_hash) ||
        !rows_collect(store, rows, &session_reader, arena, &list, err)) {
        return false;
    }
    if (list.count == 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no such session");
    }
    const struct session_of_token *found = list.items;
    *out = found->session;
    *out_token = found->token;
    return true;
}

bool store_session_update(struct store *store, const struct session_row *session, struct err *err)
{
    return db_run(store->db,
                  "UPDATE session SET secret_hash = ?, before_hash = ?, is_confirmed = ?,"
                  " rotated_ms = ?, used_ms = ? WHERE id = ?",
                  err, "ssiiii", session->secret_hash, session->before_hash,
                  (int64_t)session->is_confirmed, session->rotated_ms, session->used_ms,
                  session->id);
}

static bool read_use(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct session_row *session = out;
    session->id = db_int(rows, 0);
    session->token = db_int(rows, 1);
    session->created_ms = db_int(rows, 2);
    session->used_ms = db_int(rows, 3);
    return true;
}

static const struct row_reader use_reader = {sizeof(struct session_row), read_use};

bool store_session_list(struct store *store, int64_t token, struct arena *arena,
                        struct session_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT id, token, created_ms, used_ms FROM session WHERE token = ?"
                  " ORDER BY used_ms DESC, id DESC",
                  &rows, err, "i", token) ||
        !rows_collect(store, rows, &use_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct session_list){list.items, list.count};
    return true;
}

bool store_session_end(struct store *store, int64_t id, struct err *err)
{
    return db_run(store->db, "DELETE FROM session WHERE id = ?", err, "i", id);
}

bool store_session_end_all(struct store *store, int64_t token, int64_t *out_ended, struct err *err)
{
    if (!db_run(store->db, "DELETE FROM session WHERE token = ?", err, "i", token)) {
        return false;
    }
    *out_ended = db_changes(store->db);
    return true;
}

bool store_session_forget(struct store *store, int64_t created_before_ms, int64_t used_before_ms,
                          struct err *err)
{
    return db_run(store->db, "DELETE FROM session WHERE created_ms < ? OR used_ms < ?", err, "ii",
                  created_before_ms, used_before_ms);
}
