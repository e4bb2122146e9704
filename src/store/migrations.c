#include <assert.h>

#include "store/internal.h"

/* Numbered and forward only: [0] makes version 1.  Each runs in one transaction, and a killed one
   leaves the version before it.  Never edit one that was released: add. */
static const char *const migrations[] = {
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
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, release INTEGER NOT NULL REFERENCES release (id),"
    "  wave INTEGER NOT NULL, name TEXT NOT NULL, outcome TEXT NOT NULL, text TEXT NOT NULL,"
    "  started_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL, facts TEXT,"
    "  UNIQUE (release, wave, name)) STRICT;"
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

    "CREATE TABLE session ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, token INTEGER NOT NULL REFERENCES token (id),"
    "  name_hash TEXT NOT NULL UNIQUE, secret_hash TEXT NOT NULL, before_hash TEXT NOT NULL,"
    "  is_confirmed INTEGER NOT NULL, created_ms INTEGER NOT NULL, rotated_ms INTEGER NOT NULL,"
    "  used_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX session_token ON session (token);",

    "CREATE TABLE pull_request ("
    "  release INTEGER NOT NULL REFERENCES release (id), wave INTEGER NOT NULL,"
    "  branch TEXT NOT NULL, tip TEXT NOT NULL, base TEXT NOT NULL, pushed_ms INTEGER NOT NULL,"
    "  items INTEGER NOT NULL, is_left INTEGER NOT NULL, is_settled INTEGER NOT NULL, number "
    "INTEGER NOT NULL,"
    "  url TEXT NOT NULL, state TEXT NOT NULL, head TEXT NOT NULL, merge_commit TEXT NOT NULL,"
    "  who TEXT NOT NULL, approvals INTEGER NOT NULL, objections INTEGER NOT NULL,"
    "  checks TEXT NOT NULL, has_conflict INTEGER NOT NULL, problem TEXT NOT NULL,"
    "  PRIMARY KEY (release, wave)) STRICT;"
    "CREATE INDEX pull_request_open ON pull_request (release) WHERE is_settled = 0;"
    "CREATE TABLE commit_status ("
    "  release INTEGER NOT NULL REFERENCES release (id), wave INTEGER NOT NULL,"
    "  oid TEXT NOT NULL, stage TEXT NOT NULL, wanted TEXT NOT NULL, sent TEXT NOT NULL,"
    "  PRIMARY KEY (release, wave)) STRICT;"
    "CREATE INDEX commit_status_open ON commit_status (release) WHERE wanted <> sent;",

    ("ALTER TABLE version ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE version ADD COLUMN platforms TEXT NOT NULL DEFAULT '';"),

    "CREATE TABLE signature ("
    "  repository TEXT NOT NULL, digest TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,"
    "  why TEXT NOT NULL, found_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (repository, digest)) STRICT;",

    ("ALTER TABLE pull_request ADD COLUMN repository TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE pull_request ADD COLUMN branch_into TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE commit_status ADD COLUMN repository TEXT NOT NULL DEFAULT '';"),
};

/* "hedl" in the file's header, so that another program's database is not taken for ours. */
#define APPLICATION_ID 0x6865646C

int64_t migrations_newest(void)
{
    return (int64_t)COUNT_OF(migrations);
}

struct schema {
    int64_t application, version, objects;
};

static bool read_schema(struct db *db, struct schema *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(db,
                  "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                  " FROM pragma_application_id, pragma_user_version",
                  &rows, err)) {
        return false;
    }
    if (db_next(rows, err)) {
        *out = (struct schema){db_int(rows, 0), db_int(rows, 1), db_int(rows, 2)};
    }
    return err->kind == ERR_NONE;
}

static bool check_schema(const struct schema *schema, struct err *err)
{
    bool is_empty = schema->application == 0 && schema->version == 0 && schema->objects == 0;
    if (!is_empty && (schema->application != APPLICATION_ID || schema->version < 1)) {
        return err_set(err, ERR_INVALID, "this is not heddle's database; choose another file");
    }
    if (schema->version > migrations_newest()) {
        return err_set(err, ERR_INVALID,
                       "the database has version %lld, and this heddle knows up to %lld: start the "
                       "newer heddle that wrote it, or restore a backup",
                       (long long)schema->version, (long long)migrations_newest());
    }
    return true;
}

static bool mark_version(struct db *db, int64_t version, struct err *err)
{
    AUTO_STR(mark, 96); /* PRAGMA takes no bound values */
    str_addf(&mark, "PRAGMA application_id = %d; PRAGMA user_version = %lld", APPLICATION_ID,
             (long long)version);
    return db_script(db, mark.text, err);
}

static bool run_script(struct db *db, int64_t version, struct err *err)
{
    return (db_script(db, migrations[version - 1], err) && mark_version(db, version, err)) ||
           err_wrap(err, "migrate the database to version %lld", (long long)version);
}

/* One migration, or none when `last` is reached.  The version is read inside of the transaction:
   what it says holds until the commit. */
static bool migrate_once(struct db *db, int64_t last, bool *out_done, struct err *err)
{
    struct schema schema = {0};
    if (!db_begin(db, err)) {
        return false;
    }
    if (!read_schema(db, &schema, err) || !check_schema(&schema, err)) {
        db_abort(db);
        return false;
    }
    *out_done = schema.version >= last;
    if (!*out_done && !run_script(db, schema.version + 1, err)) {
        db_abort(db);
        return false;
    }
    return db_commit(db, err);
}

bool migrations_run(struct db *db, int64_t last, struct err *err)
{
    assert(last >= 0 && last <= migrations_newest());
    bool done = false;
    for (int64_t i = 0; !done && i <= last; i++) {
        if (!migrate_once(db, last, &done, err)) {
            return false;
        }
    }
    return true;
}
