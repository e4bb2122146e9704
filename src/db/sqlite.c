#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "db/db.h"

/* A server that was just told to stop may hold the file for a moment longer. */
#define BUSY_MS 3000

struct db {
    sqlite3 *handle;
    struct map statements; /* SQL → sqlite3_stmt, kept prepared; only literals come here, so it is
                              bounded */
    int depth;             /* of nested transactions */
    bool is_doomed;        /* a part was aborted: the outermost must not commit */
    bool is_light;         /* the outermost waits for no disk */
    int64_t changes;
};

struct db_rows {
    struct db *db;
    sqlite3_stmt *statement;
};

/* ---- failures: SQLite's codes become our kinds here and nowhere else ---- */

/* Extended codes stand before the primary code that they belong to; the first match counts.
   Without a text, SQLite's own is shown. */
static const struct failure {
    int code;
    enum err_kind kind;
    const char *text;
} failures[] = {
    {SQLITE_CONSTRAINT_UNIQUE, ERR_CONFLICT, NULL},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ERR_CONFLICT, NULL},
    {SQLITE_CONSTRAINT_FOREIGNKEY, ERR_NOT_FOUND, "it belongs to something that does not exist"},
    {SQLITE_CONSTRAINT_TRIGGER, ERR_REFUSED, NULL},
    {SQLITE_FULL, ERR_UNAVAILABLE, "the disk is full; free some space, nothing was lost"},
    {SQLITE_IOERR_WRITE, ERR_UNAVAILABLE,
     "the disk takes no more (over a quota, or broken); free some space, nothing was lost"},
    {SQLITE_IOERR, ERR_UNAVAILABLE, NULL},
    {SQLITE_CANTOPEN, ERR_UNAVAILABLE, NULL},
    {SQLITE_READONLY, ERR_UNAVAILABLE, "it may only be read; check the owner and the mode"},
    {SQLITE_PERM, ERR_UNAVAILABLE, "it may not be opened; check the owner and the mode"},
    {SQLITE_BUSY, ERR_UNAVAILABLE,
     "another process has the database open; is a server running already?"},
    {SQLITE_LOCKED, ERR_UNAVAILABLE,
     "another process has the database open; is a server running already?"},
    {SQLITE_NOTADB, ERR_INTERNAL, "it is not a database, or it is damaged; restore a backup"},
    {SQLITE_CORRUPT, ERR_INTERNAL, "the database is damaged; restore a backup"},
};

static bool failed(const struct db *db, const char *doing, struct err *err)
{
    int code = sqlite3_extended_errcode(db->handle);
    const char *text = sqlite3_errmsg(db->handle);
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        if (failures[i].code == code || failures[i].code == (code & 0xFF)) {
            return err_set(err, failures[i].kind, "%s: %s", doing,
                           failures[i].text ? failures[i].text : text);
        }
    }
    return err_set(err, ERR_INTERNAL, "%s: %s", doing, text);
}

/* ---- open and close ---- */

/* SQLite gives the -wal file the mode of the database.  Only a file that is new is made here:
   closing a second descriptor of an open database would drop its locks. */
static void make_private(const char *path)
{
    int file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
    }
}

/* Some file systems cannot do WAL, and SQLite then quietly keeps the old mode. */
static bool use_wal(struct db *db, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(db, "PRAGMA journal_mode = WAL", &rows, err)) {
        return false;
    }
    if (!db_next(rows, err)) {
        return err->kind == ERR_NONE ? err_set(err, ERR_INTERNAL, "no answer about WAL") : false;
    }
    const char *mode = db_text(rows, 0);
    return strcmp(mode, "wal") == 0 || strcmp(mode, "memory") == 0 ||
           err_set(err, ERR_UNAVAILABLE,
                   "this file system cannot hold a write-ahead log; use a local disk");
}

/* EXCLUSIVE, because one server owns its database: a second one is turned away, and the defect
   of WAL with several connections (SQLite 3.7.0 to 3.51.2) has no second connection to appear. */
static bool configure(struct db *db, struct err *err)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    return db_script(db,
                     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
                     "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;",
                     err) &&
           use_wal(db, err) && db_script(db, "PRAGMA synchronous = FULL;", err);
}

bool db_open(const char *path, struct db **out, struct err *err)
{
    AUTO(db_close) struct db *db = xcalloc(1, sizeof(*db));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (strcmp(path, ":memory:") != 0) {
        make_private(path);
    }
    if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
        return failed(db, path, err);
    }
    if (!configure(db, err)) {
        return err_wrap(err, "open %s", path);
    }
    *out = TAKE(db);
    return true;
}

void db_close(struct db **db)
{
    if (!*db) {
        return;
    }
    MAP_EACH (slot, &(*db)->statements) {
        sqlite3_finalize(slot->value);
    }
    map_done(&(*db)->statements);
    sqlite3_close((*db)->handle);
    xfree(db);
}

/* ---- statements ---- */

static sqlite3_stmt *prepare(struct db *db, const char *sql, struct err *err)
{
    sqlite3_stmt *statement = map_get(&db->statements, sql);
    if (statement) {
        assert(!sqlite3_stmt_busy(statement)); /* somebody still reads its rows */
        sqlite3_reset(statement);
        return statement;
    }
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK) {
        failed(db, "prepare a statement", err);
        return NULL;
    }
    map_set(&db->statements, sql, statement);
    return statement;
}

static bool bind(struct db *db, sqlite3_stmt *statement, const char *format, va_list values,
                 struct err *err)
{
    /* All of them, so nothing of an earlier run is left. */
    assert((size_t)sqlite3_bind_parameter_count(statement) == strlen(format));
    for (int i = 1; format[i - 1]; i++) {
        int bound = SQLITE_MISUSE;
        if (format[i - 1] == 's') {
            bound =
                sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
        } else if (format[i - 1] == 'i') {
            bound = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
        } else if (format[i - 1] == 'b') {
            bound = sqlite3_bind_int(statement, i, va_arg(values, int) != 0);
        }
        assert(bound != SQLITE_MISUSE); /* an unknown letter in the format */
        if (bound != SQLITE_OK) {
            return failed(db, "bind a value", err);
        }
    }
    return true;
}

/* A full disk makes SQLite undo the whole transaction by itself.  What follows would then be
   committed alone, statement by statement; so it is refused until the transaction is closed. */
static bool is_undone(const struct db *db)
{
    return db->depth > 0 && (db->is_doomed || sqlite3_get_autocommit(db->handle));
}

static bool step_once(struct db *db, sqlite3_stmt *statement, struct err *err)
{
    int code = sqlite3_step(statement);
    bool done = code == SQLITE_DONE || code == SQLITE_ROW || failed(db, "write", err);
    db->changes = done ? sqlite3_changes64(db->handle) : 0;
    sqlite3_reset(statement);
    return done;
}

bool db_run_(struct db *db, const char *sql, struct err *err, const char *format, ...)
{
    if (is_undone(db)) {
        return err_set(err, ERR_UNAVAILABLE, "write: a part of this transaction failed before");
    }
    sqlite3_stmt *statement = prepare(db, sql, err);
    if (!statement) {
        return false;
    }
    va_list values;
    va_start(values, format);
    bool is_bound = bind(db, statement, format, values, err);
    va_end(values);
    return is_bound && step_once(db, statement, err);
}

bool db_query_(struct db *db, const char *sql, struct db_rows **out, struct err *err,
               const char *format, ...)
{
    sqlite3_stmt *statement = prepare(db, sql, err);
    if (!statement) {
        return false;
    }
    va_list values;
    va_start(values, format);
    bool is_bound = bind(db, statement, format, values, err);
    va_end(values);
    if (is_bound) {
        *out = xcalloc(1, sizeof(**out));
        **out = (struct db_rows){db, statement};
    }
    return is_bound;
}

bool db_next(struct db_rows *rows, struct err *err)
{
    *err = (struct err){0};
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW) {
        return true;
    }
    return code == SQLITE_DONE ? false : failed(rows->db, "read", err);
}

const char *db_text(struct db_rows *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows->statement, column);
    return text ? (const char *)text : "";
}

int64_t db_int(struct db_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

void db_rows_free(struct db_rows **rows)
{
    if (*rows) {
        sqlite3_reset((*rows)->statement);
        xfree(rows);
    }
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_changes(struct db *db)
{
    return db->changes;
}

bool db_script(struct db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           failed(db, "run a script", err);
}

/* ---- transactions ---- */

/* IMMEDIATE: a transaction that will write says so at once, and cannot fail half-way for a lock. */
bool db_begin(struct db *db, struct err *err)
{
    assert(db->depth == 0 || !db->is_light); /* what must last would not */
    if (db->depth == 0) {
        if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
            return failed(db, "begin", err);
        }
        db->is_doomed = false;
    }
    db->depth++;
    return true;
}

/* The setting cannot change inside of a transaction. */
static void end_transaction(struct db *db)
{
    db->depth = 0;
    if (db->is_light) {
        db->is_light = false;
        sqlite3_exec(db->handle, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    }
}

bool db_begin_light(struct db *db, struct err *err)
{
    bool is_outermost = db->depth == 0;
    if (is_outermost && !db_script(db, "PRAGMA synchronous = NORMAL;", err)) {
        return false;
    }
    bool has_begun = db_begin(db, err);
    db->is_light = db->is_light || is_outermost;
    if (!has_begun && is_outermost) {
        end_transaction(db);
    }
    return has_begun;
}

bool db_commit(struct db *db, struct err *err)
{
    assert(db->depth > 0);
    if (is_undone(db)) {
        db_abort(db);
        return err_set(err, ERR_UNAVAILABLE, "commit: a part of this transaction failed before");
    }
    if (db->depth > 1) {
        db->depth--;
        return true;
    }
    if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        failed(db, "commit", err);
        db_abort(db);
        return false;
    }
    end_transaction(db);
    return true;
}

void db_abort(struct db *db)
{
    assert(db->depth > 0);
    db->depth--;
    db->is_doomed = true;
    if (db->depth == 0) {
        /* It fails only when SQLite has rolled back already. */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        end_transaction(db);
    }
}
