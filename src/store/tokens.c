#include "store/internal.h"

/* When a token was last used is a hint for people, not worth a write per request. */
#define USED_STEP_MS 60000

#define TOKEN_COLUMNS "id, name, role, cluster, hash, created_ms, used_ms, revoked_ms, expires_ms "

bool store_token_insert(struct store *store, struct token_row *token, struct err *err)
{
    if (db_run(store->db,
               "INSERT INTO token (name, role, cluster, hash, created_ms, used_ms, revoked_ms,"
               " expires_ms) VALUES (?, ?, ?, ?, ?, 0, 0, ?)",
               err, "ssssii", token->name, token->role, token->cluster, token->hash,
               token->created_ms, token->expires_ms)) {
        token->id = db_last_id(store->db);
        return true;
    }
    return err->kind == ERR_CONFLICT
               ? err_set(err, ERR_CONFLICT,
                         "there is a token \"%s\" already; revoke it first, or choose another name",
                         token->name)
               : false;
}

static bool read_token(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct token_row *token = out;
    token->id = db_int(rows, 0);
    token->created_ms = db_int(rows, 5);
    token->used_ms = db_int(rows, 6);
    token->revoked_ms = db_int(rows, 7);
    token->expires_ms = db_int(rows, 8);
    return COLUMN_NAME(rows, 1, token->name) && COLUMN_NAME(rows, 2, token->role) &&
           COLUMN_NAME(rows, 3, token->cluster) && COLUMN_NAME(rows, 4, token->hash);
}

static const struct row_reader token_reader = {sizeof(struct token_row), read_token};

bool store_token_find(struct store *store, const char *hash, struct token_row *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct row_list list = {0};
    if (!db_query(store->db, "SELECT " TOKEN_COLUMNS "FROM token WHERE hash = ? AND revoked_ms = 0",
                  &rows, err, "s", hash) ||
        !rows_collect(store, rows, &token_reader, arena, &list, err)) {
        return false;
    }
    if (list.count == 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no such token");
    }
    *out = *(struct token_row *)list.items;
    return true;
}

bool store_token_used(struct store *store, int64_t id, int64_t now_ms, struct err *err)
{
    return db_run(store->db, "UPDATE token SET used_ms = ? WHERE id = ? AND used_ms <= ?", err,
                  "iii", now_ms, id, now_ms - USED_STEP_MS);
}

bool store_token_revoke(struct store *store, const char *name, int64_t now_ms, struct err *err)
{
    if (!db_run(store->db, "UPDATE token SET revoked_ms = ? WHERE name = ? AND revoked_ms = 0", err,
                "is", now_ms, name)) {
        return false;
    }
    return db_changes(store->db) > 0 ||
           err_set(err, ERR_NOT_FOUND, "there is no token \"%.63s\" in force", name);
}

bool store_token_list(struct store *store, struct arena *arena, struct token_list *out,
                      struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db, "SELECT " TOKEN_COLUMNS "FROM token ORDER BY id", &rows, err) ||
        !rows_collect(store, rows, &token_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct token_list){list.items, list.count};
    return true;
}
