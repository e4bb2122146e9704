#include "store/store.h"

#include <string.h>

#include "base/vec.h"
#include "store/internal.h"

bool store_open(const char *path, struct store **out, struct err *err)
{
    AUTO(store_close) struct store *store = xcalloc(1, sizeof(*store));
    if (!db_open(path, &store->db, err)) {
        return false;
    }
    if (!migrations_run(store->db, migrations_newest(), err)) {
        return err_wrap(err, "open %s", path);
    }
    *out = TAKE(store);
    return true;
}

void store_close(struct store **store)
{
    if (*store) {
        db_close(&(*store)->db);
        xfree(store);
    }
}

bool store_begin(struct store *store, struct err *err)
{
    return db_begin(store->db, err);
}

bool store_commit(struct store *store, struct err *err)
{
    return db_commit(store->db, err);
}

void store_abort(struct store *store)
{
    db_abort(store->db);
}

int64_t store_skipped_rows(const struct store *store)
{
    return store->skipped_rows;
}

int64_t page_limit(size_t limit)
{
    return limit < 1 ? 1 : limit > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : (int64_t)limit;
}

json_t *json_of_column(const char *text)
{
    struct err unreadable = {0};
    return text[0] ? json_parse(slice_of(text), &unreadable) : NULL;
}

bool rows_collect(struct store *store, struct db_rows *rows, const struct row_reader *reader,
                  struct arena *arena, struct row_list *out, struct err *err)
{
    AUTO(xfree) char *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (db_next(rows, err)) {
        items = vec_grow_(items, count, &capacity, reader->size);
        if (reader->read(rows, arena, items + count * reader->size)) {
            count++;
        } else {
            store->skipped_rows++;
        }
    }
    if (err->kind != ERR_NONE) {
        return false;
    }
    *out = (struct row_list){arena_alloc(arena, count, reader->size), count};
    if (count > 0) {
        memcpy(out->items, items, count * reader->size);
    }
    return true;
}

bool column_int(struct db_rows *rows, int column, int max, int *out)
{
    int64_t number = db_int(rows, column);
    *out = (int)number;
    return number >= 0 && number <= max;
}
