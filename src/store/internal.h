/* internal: what the files of store/ share: the connection, and how rows become lists. */
#pragma once

#include "db/db.h"
#include "store/store.h"

#define LIST_LIMIT_MAX 500 /* rows of one page */

struct store {
    struct db *db;
    int64_t skipped_rows;
};

int64_t migrations_newest(void);
/* Bring an older database to version `last`; refuses one of a newer heddle or of another program.
 */
bool migrations_run(struct db *db, int64_t last, struct err *err) MUST_CHECK;

/* How one row becomes one item of a list.  `read` gets a zeroed item, and returns false for a row
   that this program cannot have written: an unknown word, a number out of range, a name too long.
 */
struct row_reader {
    size_t size; /* of an item */
    bool (*read)(struct db_rows *rows, struct arena *arena, void *out);
};
struct row_list {
    void *items;
    size_t count;
};
/* Read all rows into the arena.  An unreadable one is skipped and counted: it must not hide the
   others, nor stop the server. */
bool rows_collect(struct store *store, struct db_rows *rows, const struct row_reader *reader,
                  struct arena *arena, struct row_list *out, struct err *err) MUST_CHECK;

/* Fixed text of a column; false when it does not fit.  A cut name would be another name. */
#define COLUMN_NAME(rows, column, array) TEXT_COPY((array), db_text((rows), (column)))
/* The same for sentences, which may be cut. */
#define COLUMN_TEXT(rows, column, array) TEXT_COPY_CUT((array), db_text((rows), (column)))

/* A number of a column; false when it is not from 0 to `max`. */
bool column_int(struct db_rows *rows, int column, int max, int *out);

/* 1 … LIST_LIMIT_MAX */
int64_t page_limit(size_t limit);
/* The value of a JSON column; NULL when it is empty or cannot be read. */
json_t *json_of_column(const char *text);
