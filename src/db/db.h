/*
 * db: one small statement interface; SQLite today.
 *
 * SQL is written once, as literals, in the subset that SQLite and PostgreSQL share, with ?
 * (or ?1, ?2 …) for values.  One connection, used on one thread; it holds the file alone, and
 * a second process is refused with ERR_UNAVAILABLE.  WAL and synchronous=FULL: what
 * db_commit() has acknowledged survives a power cut, but for what db_begin_light() began.
 *
 * A full disk or an I/O error is ERR_UNAVAILABLE; a broken file is ERR_INTERNAL; a broken
 * UNIQUE is ERR_CONFLICT, a broken REFERENCES is ERR_NOT_FOUND, a trigger's no is ERR_REFUSED.
 */
#pragma once

#include "base/err.h"

struct db;
struct db_rows;

/* A new file belongs to its owner only (mode 0600).  ":memory:" for tests. */
bool db_open(const char *path, struct db **out, struct err *err) MUST_CHECK;
void db_close(struct db **db);

/* Only literals compile as `sql`. */
#define db_run(db, sql, err, ...) db_run_((db), "" sql, (err), "" __VA_ARGS__)
#define db_query(db, sql, out, err, ...) db_query_((db), "" sql, (out), (err), "" __VA_ARGS__)

/* Values follow a format, one letter each: s text (NULL: SQL NULL), i int64_t, b bool (as int).
     db_run(db, "UPDATE hold SET ended_ms = ? WHERE id = ?", err, "ii", now_ms, id) */
bool db_run_(struct db *db, const char *sql, struct err *err, const char *format, ...) MUST_CHECK;
bool db_query_(struct db *db, const char *sql, struct db_rows **out, struct err *err,
               const char *format, ...) MUST_CHECK;
/* One open db_rows per literal at a time: they share its prepared statement.
   True while there is a row; false at the end and on an error, which `err` then holds
   (kind ERR_NONE at the end). */
bool db_next(struct db_rows *rows, struct err *err);
const char *db_text(struct db_rows *rows, int column); /* "" for NULL; until the next db_next() */
int64_t db_int(struct db_rows *rows, int column);      /* 0 for NULL */
void db_rows_free(struct db_rows **rows);

int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db); /* rows that the last db_run() touched */

/* Transactions nest by counting; only the outermost one commits.  After a failure inside, writes
   and the commit are refused until the outermost one has ended. */
bool db_begin(struct db *db, struct err *err) MUST_CHECK;
/* For what can be had again from elsewhere: it comes whole and in its order, but a power cut may
   take the last of it.  It waits for no disk, which takes milliseconds.  Inside of another
   transaction it is a part of that; none is begun inside of it. */
bool db_begin_light(struct db *db, struct err *err) MUST_CHECK;
bool db_commit(struct db *db, struct err *err) MUST_CHECK;
void db_abort(struct db *db);
/* Several statements at once, for migrations. */
bool db_script(struct db *db, const char *sql, struct err *err) MUST_CHECK;
