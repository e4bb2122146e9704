#include <string.h>

#include "base/map.h"
#include "store/internal.h"

/* ---- reading ---- */

/* Of a hundred thousand rows most have no digest and no platforms, which need no memory then. */
static const char *keep(struct arena *arena, const char *text)
{
    return text && text[0] ? arena_strdup(arena, text) : "";
}

static bool read_version(struct db_rows *rows, struct arena *arena, void *out)
{
    struct version_row *row = out;
    row->repository = keep(arena, db_text(rows, 0));
    row->tag = keep(arena, db_text(rows, 1));
    row->digest = keep(arena, db_text(rows, 2));
    row->seen_ms = db_int(rows, 3);
    row->is_gone = db_int(rows, 4) != 0;
    row->created_ms = db_int(rows, 5);
    row->platforms = keep(arena, db_text(rows, 6));
    return strlen(row->repository) < IMAGE_REPOSITORY_BYTES && strlen(row->tag) < IMAGE_TAG_BYTES &&
           strlen(row->digest) < IMAGE_DIGEST_BYTES;
}

static const struct row_reader version_reader = {sizeof(struct version_row), read_version};

bool store_versions_list(struct store *store, const char *repository, struct arena *arena,
                         struct version_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(
            store->db,
            "SELECT repository, tag, digest, seen_ms, is_gone, created_ms, platforms FROM version"
            " WHERE ?1 IS NULL OR repository = ?1 ORDER BY repository, seen_ms DESC, tag",
            &rows, err, "s", repository) ||
        !rows_collect(store, rows, &version_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct version_list){list.items, list.count};
    return true;
}

/* ---- replacing what is known of a repository by a listing ---- */

struct listing {
    const char *repository;
    const struct version_row *rows;
    size_t count;
    int64_t now_ms;
};

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

/* A row without a digest keeps the one that is known: it was listed, but not resolved this time. */
static bool put_row(struct store *store, const struct listing *listing,
                    const struct version_row *row, struct err *err)
{
    return db_run(
        store->db,
        "INSERT INTO version (repository, tag, digest, seen_ms, is_gone, created_ms, platforms)"
        " VALUES (?, ?, ?, ?, 0, ?, ?)"
        " ON CONFLICT (repository, tag) DO UPDATE SET is_gone = 0,"
        " digest = CASE WHEN excluded.digest = '' THEN digest ELSE excluded.digest END,"
        " created_ms = CASE WHEN excluded.digest = '' THEN created_ms ELSE excluded.created_ms END,"
        " platforms = CASE WHEN excluded.digest = '' THEN platforms ELSE excluded.platforms END",
        err, "sssiis", listing->repository, row->tag, text_or_none(row->digest), listing->now_ms,
        row->created_ms, text_or_none(row->platforms));
}

static bool mark_gone(struct store *store, const struct version_row *row, struct err *err)
{
    return db_run(store->db, "UPDATE version SET is_gone = 1 WHERE repository = ? AND tag = ?", err,
                  "ss", row->repository, row->tag);
}

static bool differs(const struct version_row *known, const struct version_row *row)
{
    return !known || known->is_gone ||
           (text_or_none(row->digest)[0] &&
            (strcmp(known->digest, row->digest) != 0 || known->created_ms != row->created_ms));
}

static bool put_listed(struct store *store, const struct listing *listing,
                       const struct version_list *known, bool *changed, struct err *err)
{
    AUTO(map_done) struct map before = {0};
    for (size_t i = 0; i < known->count; i++) {
        map_set(&before, known->rows[i].tag, &known->rows[i]);
    }
    for (size_t i = 0; i < listing->count; i++) {
        const struct version_row *row = &listing->rows[i];
        if (differs(map_get(&before, row->tag), row)) {
            *changed = true;
            if (!put_row(store, listing, row, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool mark_unlisted(struct store *store, const struct listing *listing,
                          const struct version_list *known, bool *changed, struct err *err)
{
    AUTO(map_done) struct map listed = {0};
    for (size_t i = 0; i < listing->count; i++) {
        map_set(&listed, listing->rows[i].tag, NULL);
    }
    for (size_t i = 0; i < known->count; i++) {
        const struct version_row *row = &known->rows[i];
        if (!row->is_gone && !map_has(&listed, row->tag)) {
            *changed = true;
            if (!mark_gone(store, row, err)) {
                return false;
            }
        }
    }
    return true;
}

bool store_versions_put(struct store *store, const char *repository, const struct version_row *rows,
                        size_t count, int64_t now_ms, bool *out_changed, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct listing listing = {repository, rows, count, now_ms};
    struct version_list known = {0};
    bool changed = false;
    /* Most listings bring nothing new, and an empty transaction writes nothing.  What a power cut
       takes of them, the registry says again. */
    if (!db_begin_light(store->db, err)) {
        return false;
    }
    if (!store_versions_list(store, repository, arena, &known, err) ||
        !put_listed(store, &listing, &known, &changed, err) ||
        !mark_unlisted(store, &listing, &known, &changed, err)) {
        db_abort(store->db);
        return false;
    }
    *out_changed = changed;
    return db_commit(store->db, err);
}

bool store_version_resolve(struct store *store, const char *repository, const char *tag,
                           const char *digest, struct err *err)
{
    return db_run(store->db,
                  "UPDATE version SET digest = ?, created_ms = 0, platforms = ''"
                  " WHERE repository = ? AND tag = ? AND digest <> ?",
                  err, "ssss", digest, repository, tag, digest);
}
