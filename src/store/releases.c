#include <assert.h>
#include <limits.h>
#include <string.h>

#include "store/internal.h"

/* ---- JSON in columns ---- */

static char *text_of_changes(const struct release_item *item)
{
    AUTO_JSON *list = json_array();
    for (size_t i = 0; i < item->change_count; i++) {
        json_t *change = json_object();
        json_put_text(change, "container", item->changes[i].container);
        json_put(change, "from", image_to_json(&item->changes[i].from));
        json_put(change, "to", image_to_json(&item->changes[i].to));
        json_array_append_new(list, change);
    }
    return json_text(list);
}

static bool read_changes(const char *text, struct arena *arena, struct release_item *item)
{
    AUTO_JSON *list = json_of_column(text);
    if (!json_is_array(list)) {
        return false;
    }
    item->changes = arena_alloc(arena, json_array_size(list), sizeof(*item->changes));
    size_t i = 0;
    const json_t *change = NULL;
    json_array_foreach (list, i, change) {
        struct image_change *to = &item->changes[item->change_count++];
        /* An empty `from` is no error: the container is new. */
        if (!image_from_json(json_object_get(change, "from"), &to->from)) {
            to->from = (struct image){0};
        }
        if (!TEXT_COPY(to->container, json_text_at(change, "container", "")) ||
            !image_from_json(json_object_get(change, "to"), &to->to)) {
            return false;
        }
    }
    return true;
}

static char *text_of_diagnosis(const struct diagnosis_text *diagnosis)
{
    if (!diagnosis->code[0]) {
        return NULL;
    }
    AUTO_JSON *value = json_object();
    json_put_text(value, "code", diagnosis->code);
    json_put_text(value, "what", diagnosis->what);
    json_put_text(value, "effect", diagnosis->effect);
    json_put_text(value, "action", diagnosis->action);
    return json_text(value);
}

static void read_diagnosis(const char *text, struct diagnosis_text *out)
{
    AUTO_JSON *value = json_of_column(text);
    TEXT_COPY_CUT(out->code, json_text_at(value, "code", ""));
    TEXT_COPY_CUT(out->what, json_text_at(value, "what", ""));
    TEXT_COPY_CUT(out->effect, json_text_at(value, "effect", ""));
    TEXT_COPY_CUT(out->action, json_text_at(value, "action", ""));
}

static char *text_of_commits(const struct release *release)
{
    assert(release->wave_count >= 0 && release->wave_count <= RELEASE_WAVES_MAX);
    AUTO_JSON *list = json_array();
    for (int i = 0; i < release->wave_count; i++) {
        json_array_append_new(list, json_string(release->commits[i]));
    }
    return json_text(list);
}

static bool read_commits(const char *text, struct release *release)
{
    AUTO_JSON *list = json_of_column(text);
    if (!json_is_array(list) || json_array_size(list) > RELEASE_WAVES_MAX) {
        return false;
    }
    size_t i = 0;
    const json_t *commit = NULL;
    json_array_foreach (list, i, commit) {
        if (!json_is_string(commit) || !TEXT_COPY(release->commits[i], json_string_value(commit))) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static bool no_release(int64_t id, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no release R-%lld", (long long)id);
}

static bool insert_item(struct store *store, int64_t release, struct release_item *item,
                        struct err *err)
{
    AUTO(xfree) char *changes = text_of_changes(item);
    AUTO(xfree) char *diagnosis = text_of_diagnosis(&item->diagnosis);
    if (!db_run(
            store->db,
            "INSERT INTO release_item (release, workload, target, wave, state, since_ms, changes,"
            " ready, wanted, diagnosis) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            err, "issisisiis", release, item->workload, item->target, (int64_t)item->wave,
            item_state_name(item->state), item->since_ms, changes, (int64_t)item->ready,
            (int64_t)item->wanted, diagnosis)) {
        return false;
    }
    item->id = db_last_id(store->db);
    return true;
}

static bool insert_row(struct store *store, struct release *release, const json_t *plan,
                       const char *request_key, struct err *err)
{
    AUTO(xfree) char *commits = text_of_commits(release);
    AUTO(xfree) char *plan_text = plan ? json_text(plan) : NULL;
    if (!db_run(
            store->db,
            "INSERT INTO release (kind, stage, source, actor, reason, phase, why, plan_digest, "
            "plan,"
            " request_key, created_ms, phase_ms, finished_ms, wave, wave_count, commits, is_pushed,"
            " superseded_by, rollback_of, is_over)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            err, "ssssssssssiiiiisbiib", release_kind_name(release->kind), release->stage,
            release->from, release->actor, release->reason, release_phase_name(release->phase),
            release->why, release->plan_digest, plan_text, request_key[0] ? request_key : NULL,
            release->created_ms, release->phase_ms, release->finished_ms, (int64_t)release->wave,
            (int64_t)release->wave_count, commits, release->is_pushed, release->superseded_by,
            release->rollback_of, release_is_over(release->phase))) {
        return false;
    }
    release->id = db_last_id(store->db);
    return true;
}

static bool find_key(struct store *store, const char *request_key, int64_t *out_id, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db, "SELECT id FROM release WHERE request_key = ?", &rows, err, "s",
                  request_key)) {
        return false;
    }
    *out_id = db_next(rows, err) ? db_int(rows, 0) : 0;
    return err->kind == ERR_NONE;
}

static bool insert_whole(struct store *store, struct release *release, const json_t *plan,
                         const char *request_key, struct err *err)
{
    if (!insert_row(store, release, plan, request_key, err)) {
        return false;
    }
    for (size_t i = 0; i < release->item_count; i++) {
        if (!insert_item(store, release->id, &release->items[i], err)) {
            return false;
        }
    }
    return true;
}

bool store_release_insert(struct store *store, struct release *release, const json_t *plan,
                          const char *request_key, struct err *err)
{
    int64_t known = 0;
    if (!db_begin(store->db, err)) {
        return false;
    }
    bool is_new = find_key(store, request_key, &known, err) && !known;
    if (is_new && insert_whole(store, release, plan, request_key, err)) {
        return db_commit(store->db, err);
    }
    release->id = known;
    if (!known) {
        db_abort(store->db);
        return false;
    }
    /* Nothing was written, so an enclosing transaction may go on. */
    return db_commit(store->db, err) &&
           err_set(err, ERR_CONFLICT, "this request made R-%lld before", (long long)known);
}

bool store_release_of_key(struct store *store, const char *sender, struct str *out_key,
                          int64_t *out_id, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO_STR(first, 256);
    AUTO_STR(end, 256);
    str_addf(&first, "%s:", sender);
    str_addf(&end, "%s;", sender); /* ';' follows ':', so the index finds it */
    *out_id = 0;
    if (!db_query(store->db,
                  "SELECT id, request_key FROM release WHERE request_key >= ? AND request_key < ?",
                  &rows, err, "ss", first.text, end.text)) {
        return false;
    }
    if (db_next(rows, err)) {
        *out_id = db_int(rows, 0);
        str_add(out_key, db_text(rows, 1));
    }
    return err->kind == ERR_NONE;
}

bool store_release_update(struct store *store, const struct release *release, struct err *err)
{
    AUTO(xfree) char *commits = text_of_commits(release);
    if (!db_run(store->db,
                "UPDATE release SET phase = ?, why = ?, phase_ms = ?, finished_ms = ?, wave = ?,"
                " commits = ?, is_pushed = ?, superseded_by = ?, is_over = ? WHERE id = ?",
                err, "ssiiisbibi", release_phase_name(release->phase), release->why,
                release->phase_ms, release->finished_ms, (int64_t)release->wave, commits,
                release->is_pushed, release->superseded_by, release_is_over(release->phase),
                release->id)) {
        return false;
    }
    return db_changes(store->db) == 1 || no_release(release->id, err);
}

bool store_item_update(struct store *store, const struct release_item *item, struct err *err)
{
    AUTO(xfree) char *diagnosis = text_of_diagnosis(&item->diagnosis);
    if (!db_run(
            store->db,
            "UPDATE release_item SET state = ?, since_ms = ?, ready = ?, wanted = ?, diagnosis = ?"
            " WHERE id = ?",
            err, "siiisi", item_state_name(item->state), item->since_ms, (int64_t)item->ready,
            (int64_t)item->wanted, diagnosis, item->id)) {
        return false;
    }
    return db_changes(store->db) == 1 ||
           err_set(err, ERR_NOT_FOUND, "no release has an item %lld", (long long)item->id);
}

/* ---- reading ---- */

#define RELEASE_COLUMNS                                                                            \
    "id, kind, stage, source, actor, reason, phase, why, plan_digest, created_ms, phase_ms,"       \
    " finished_ms, wave, wave_count, commits, is_pushed, superseded_by, rollback_of "

static bool read_release_names(struct db_rows *rows, struct release *release)
{
    release->kind = release_kind_of(db_text(rows, 1));
    release->phase = release_phase_of(db_text(rows, 6));
    return release->kind < RELEASE_KIND_COUNT && release->phase < RELEASE_PHASE_COUNT &&
           COLUMN_NAME(rows, 2, release->stage) && COLUMN_NAME(rows, 3, release->from) &&
           COLUMN_NAME(rows, 4, release->actor) && COLUMN_NAME(rows, 8, release->plan_digest);
}

/* An item of the list is a pointer: the engine keeps releases by their address. */
static bool read_release(struct db_rows *rows, struct arena *arena, void *out)
{
    struct release *release = ARENA_NEW(arena, struct release);
    *(struct release **)out = release;
    release->id = db_int(rows, 0);
    release->created_ms = db_int(rows, 9);
    release->phase_ms = db_int(rows, 10);
    release->finished_ms = db_int(rows, 11);
    release->is_pushed = db_int(rows, 15) != 0;
    release->superseded_by = db_int(rows, 16);
    release->rollback_of = db_int(rows, 17);
    COLUMN_TEXT(rows, 5, release->reason);
    COLUMN_TEXT(rows, 7, release->why);
    return read_release_names(rows, release) && read_commits(db_text(rows, 14), release) &&
           column_int(rows, 13, RELEASE_WAVES_MAX, &release->wave_count) &&
           column_int(rows, 12, release->wave_count, &release->wave);
}

static const struct row_reader release_reader = {sizeof(struct release *), read_release};

static bool read_item(struct db_rows *rows, struct arena *arena, void *out)
{
    struct release_item *item = out;
    item->id = db_int(rows, 0);
    item->state = item_state_of(db_text(rows, 4));
    item->since_ms = db_int(rows, 5);
    read_diagnosis(db_text(rows, 9), &item->diagnosis);
    return item->state < ITEM_STATE_COUNT && COLUMN_NAME(rows, 1, item->workload) &&
           COLUMN_NAME(rows, 2, item->target) &&
           column_int(rows, 3, RELEASE_WAVES_MAX, &item->wave) &&
           column_int(rows, 7, INT_MAX, &item->ready) &&
           column_int(rows, 8, INT_MAX, &item->wanted) &&
           read_changes(db_text(rows, 6), arena, item);
}

static const struct row_reader item_reader = {sizeof(struct release_item), read_item};

static bool read_items(struct store *store, struct release *release, struct arena *arena,
                       struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(
            store->db,
            "SELECT id, workload, target, wave, state, since_ms, changes, ready, wanted, diagnosis"
            " FROM release_item WHERE release = ? ORDER BY id",
            &rows, err, "i", release->id) ||
        !rows_collect(store, rows, &item_reader, arena, &list, err)) {
        return false;
    }
    release->items = list.items;
    release->item_count = list.count;
    return true;
}

/* Every release that `rows` gives, with its items. */
static bool collect(struct store *store, struct db_rows *rows, struct arena *arena,
                    struct release_list *out, struct err *err)
{
    struct row_list list = {0};
    if (!rows_collect(store, rows, &release_reader, arena, &list, err)) {
        return false;
    }
    struct release **releases = list.items;
    for (size_t i = 0; i < list.count; i++) {
        if (!read_items(store, releases[i], arena, err)) {
            return false;
        }
    }
    *out = (struct release_list){releases, list.count};
    return true;
}

bool store_release_get(struct store *store, int64_t id, struct arena *arena, struct release **out,
                       struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct release_list list;
    if (!db_query(store->db, "SELECT " RELEASE_COLUMNS "FROM release WHERE id = ?", &rows, err, "i",
                  id) ||
        !collect(store, rows, arena, &list, err)) {
        return false;
    }
    if (list.count == 0) {
        return no_release(id, err);
    }
    *out = list.releases[0];
    return true;
}

json_t *store_release_plan(struct store *store, int64_t id, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db, "SELECT plan FROM release WHERE id = ?", &rows, err, "i", id)) {
        return NULL;
    }
    if (!db_next(rows, err)) {
        if (err->kind == ERR_NONE) {
            no_release(id, err);
        }
        return NULL;
    }
    return json_of_column(db_text(rows, 0));
}

bool store_release_active(struct store *store, struct arena *arena, struct release_list *out,
                          struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    return db_query(store->db,
                    "SELECT " RELEASE_COLUMNS "FROM release WHERE is_over = 0 ORDER BY id", &rows,
                    err) &&
           collect(store, rows, arena, out, err);
}

/* A version is asked for as a whole: "1.1" is not what "1.1.0" brought. */
#define HAS_TEXT                                                                                   \
    " AND (?11 IS NULL OR 'r-' || id = lower(?11) OR instr(lower(reason), lower(?11))"             \
    "  OR instr(lower(actor), lower(?11)) OR id IN"                                                \
    "  (SELECT release FROM release_item WHERE instr(lower(workload), lower(?11))"                 \
    "   OR EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(changes) THEN changes ELSE '[]'"   \
    "    END) WHERE json_extract(value, '$.to.tag') = ?11)))"

bool store_release_list(struct store *store, const struct release_filter *filter,
                        struct arena *arena, struct release_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    const char *state = filter->state;
    bool only_stuck = state && strcmp(state, "stuck") == 0;
    bool only_active = only_stuck || (state && strcmp(state, "active") == 0);
    bool only_over = state && strcmp(state, "over") == 0;
    const char *phase = only_active || only_over ? NULL : state;
    return db_query(store->db,
                    "SELECT " RELEASE_COLUMNS "FROM release"
                    " WHERE (?1 IS NULL OR stage = ?1) AND (?2 IS NULL OR kind = ?2)"
                    " AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR phase = ?4)"
                    " AND (?5 = 0 OR is_over = 0) AND (?6 = 0 OR is_over = 1)"
                    " AND created_ms >= ?7 AND (?8 = 0 OR id < ?8)"
                    " AND (?9 IS NULL OR id IN (SELECT release FROM release_item WHERE workload = "
                    "?9))" HAS_TEXT
                    " AND (?12 = 0 OR created_ms < ?12) AND (?13 = 0 OR EXISTS (SELECT 1 FROM"
                    "  release_item WHERE release = release.id AND state = 'stuck'))"
                    " ORDER BY id DESC LIMIT ?10",
                    &rows, err, "ssssbbiisisib", filter->stage, filter->kind, filter->actor, phase,
                    only_active, only_over, filter->since_ms, filter->before_id, filter->workload,
                    page_limit(filter->limit), filter->text, filter->until_ms, only_stuck) &&
           collect(store, rows, arena, out, err);
}

bool store_release_replaced(struct store *store, int64_t id, int64_t *out_ms, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    *out_ms = 0;
    if (!db_query(store->db,
                  "SELECT CASE WHEN COUNT(*) = COUNT(at) THEN COALESCE(MAX(at), 0) ELSE 0 END FROM"
                  " (SELECT (SELECT next.finished_ms FROM release_item AS later"
                  "   JOIN release AS next ON next.id = later.release"
                  "   WHERE later.workload = mine.workload AND later.target = mine.target"
                  "   AND later.release > mine.release AND next.phase = 'done'"
                  "   ORDER BY later.release LIMIT 1) AS at"
                  "  FROM release_item AS mine WHERE mine.release = ?)",
                  &rows, err, "i", id)) {
        return false;
    }
    if (db_next(rows, err)) {
        *out_ms = db_int(rows, 0);
    }
    return err->kind == ERR_NONE;
}
