/* Numbered, forward-only migrations; each runs in one transaction.  Never edit one that was released: add. */
#include "store/internal.h"

static const char *const migrations[] = {
    /* 1 */
    "CREATE TABLE release ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, stage TEXT NOT NULL,"
    "  source TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, phase TEXT NOT NULL,"
    "  why TEXT NOT NULL, plan_digest TEXT NOT NULL, plan TEXT, request_key TEXT,"
    "  created_ms INTEGER NOT NULL, phase_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL,"
    "  wave INTEGER NOT NULL, wave_count INTEGER NOT NULL, commits TEXT NOT NULL,"
    "  is_pushed INTEGER NOT NULL, superseded_by INTEGER NOT NULL, rollback_of INTEGER NOT NULL,"
    "  is_over INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX release_key ON release (request_key) WHERE request_key IS NOT NULL;"
    "CREATE INDEX release_open ON release (id) WHERE is_over = 0;"
    "CREATE INDEX release_stage ON release (stage, id);"
    "CREATE TABLE release_item ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, release INTEGER NOT NULL REFERENCES release (id),"
    "  workload TEXT NOT NULL, target TEXT NOT NULL, wave INTEGER NOT NULL, state TEXT NOT NULL,"
    "  since_ms INTEGER NOT NULL, changes TEXT NOT NULL, ready INTEGER NOT NULL,"
    "  wanted INTEGER NOT NULL, diagnosis TEXT) STRICT;"
    "CREATE INDEX item_release ON release_item (release, id);"
    "CREATE INDEX item_workload ON release_item (workload, release);"
    "CREATE TABLE release_step ("
    "  release INTEGER NOT NULL REFERENCES release (id), wave INTEGER NOT NULL, name TEXT NOT NULL,"
    "  outcome TEXT NOT NULL, text TEXT NOT NULL, started_ms INTEGER NOT NULL,"
    "  finished_ms INTEGER NOT NULL, facts TEXT, PRIMARY KEY (release, wave, name)) STRICT;"
    "CREATE TABLE approval ("
    "  release INTEGER NOT NULL REFERENCES release (id), person TEXT NOT NULL,"
    "  is_rejection INTEGER NOT NULL, message TEXT NOT NULL, plan_digest TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL, PRIMARY KEY (release, person)) STRICT;"
    "CREATE TABLE hold ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, stage TEXT NOT NULL, workload TEXT NOT NULL,"
    "  owner TEXT NOT NULL, reason TEXT NOT NULL, rejected TEXT, created_ms INTEGER NOT NULL,"
    "  expires_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX hold_open ON hold (stage, workload) WHERE ended_ms = 0;"
    "CREATE TABLE version ("
    "  repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, seen_ms INTEGER NOT NULL,"
    "  is_gone INTEGER NOT NULL, PRIMARY KEY (repository, tag)) STRICT;"
    "CREATE TABLE cluster ("
    "  name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,"
    "  session TEXT NOT NULL, report TEXT) STRICT;"
    "CREATE TABLE token ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role TEXT NOT NULL,"
    "  cluster TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,"
    "  used_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_ms = 0;"
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "CREATE TABLE audit ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
    "  verb TEXT NOT NULL, object TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit record is only added to'); END;"
    "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit record is only added to'); END;",
};

static bool read_version(struct db *db, int64_t *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(db, "PRAGMA user_version", &rows, err)) {
        return false;
    }
    *out = db_next(rows, err) ? db_int(rows, 0) : 0;
    return err->kind == ERR_NONE;
}

static bool migrate_to(struct db *db, int64_t version, struct err *err)
{
    AUTO_STR(mark, 64);
    str_addf(&mark, "PRAGMA user_version = %lld", (long long)version);
    if (!db_begin(db, err)) {
        return false;
    }
    if (!db_script(db, migrations[version - 1], err) || !db_script(db, mark.text, err)) {
        db_abort(db);
        return err_wrap(err, "migrate the database to version %lld", (long long)version);
    }
    return db_commit(db, err);
}

bool migrations_run(struct db *db, struct err *err)
{
    int64_t version = 0;
    if (!read_version(db, &version, err)) {
        return false;
    }
    if (version > (int64_t)COUNT_OF(migrations)) {
        return err_set(err, ERR_INVALID,
                       "the database has version %lld, and this heddle knows %zu: start the newer "
                       "heddle that wrote it, or restore a backup",
                       (long long)version, COUNT_OF(migrations));
    }
    while (version < (int64_t)COUNT_OF(migrations)) {
        if (!migrate_to(db, ++version, err)) {
            return false;
        }
    }
    return true;
}
