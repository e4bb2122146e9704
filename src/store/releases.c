#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/internal.h"

#define LIST_LIMIT_MAX 500

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
    AUTO_JSON *list = parse_or_null(text);
    if (!json_is_array(list)) {
        return false;
    }
    item->changes = arena_alloc(arena, json_array_size(list), sizeof(*item->changes));
    size_t i = 0;
    const json_t *change = NULL;
    json_array_foreach(list, i, change)
    {
        struct image_change *to = &item->changes[item->change_count++];
        TEXT_COPY_CUT(to->container, json_text_at(change, "container", ""));
        /* An empty `from` is no error: the container is new. */
        if (!image_from_json(json_object_get(change, "from"), &to->from)) {
            to->from = (struct image){0};
        }
        if (!image_from_json(json_object_get(change, "to"), &to->to)) {
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
    AUTO_JSON *value = parse_or_null(text);
    TEXT_COPY_CUT(out->code, json_text_at(value, "code", ""));
    TEXT_COPY_CUT(out->what, json_text_at(value, "what", ""));
    TEXT_COPY_CUT(out->effect, json_text_at(value, "effect", ""));
    TEXT_COPY_CUT(out->action, json_text_at(value, "action", ""));
}

static char *text_of_commits(const struct release *release)
{
    AUTO_JSON *list = json_array();
    for (int i = 0; i < release->wave_count && i < RELEASE_WAVES_MAX; i++) {
        json_array_append_new(list, json_string(release->commits[i]));
    }
    return json_text(list);
}

static void read_commits(const char *text, struct release *release)
{
    AUTO_JSON *list = parse_or_null(text);
    size_t i = 0;
    const json_t *commit = NULL;
    json_array_foreach(list, i, commit)
    {
        if (i < RELEASE_WAVES_MAX && json_is_string(commit)) {
            TEXT_COPY_CUT(release->commits[i], json_string_value(commit));
        }
    }
}

/* ---- writing ---- */

static bool insert_item(struct store *store, int64_t release, struct release_item *item,
                        struct err *err)
{
    AUTO(xfree) char *changes = text_of_changes(item);
    AUTO(xfree) char *diagnosis = text_of_diagnosis(&item->diagnosis);
    if (!db_run(store->db,
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
    if (!db_run(store->db,
                "INSERT INTO release (kind, stage, source, actor, reason, phase, why, plan_digest, plan,"
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
    *out_id = 0;
    if (!db_query(store->db, "SELECT id FROM release WHERE request_key = ?", &rows, err, "s",
                  request_key)) {
        return false;
    }
    if (db_next(rows, err)) {
        *out_id = db_int(rows, 0);
    }
    return err->kind == ERR_NONE;
}

bool store_release_insert(struct store *store, struct release *release, const json_t *plan,
                          const char *request_key, struct err *err)
{
    release->id = 0;
    int64_t known = 0;
    if (request_key[0] && !find_key(store, request_key, &known, err)) {
        return false;
    }
    if (known) {
        release->id = known;
        return err_set(err, ERR_CONFLICT, "this request made R-%lld before", (long long)known);
    }
    if (!db_begin(store->db, err)) {
        return false;
    }
    bool done = insert_row(store, release, plan, request_key, err);
    for (size_t i = 0; done && i < release->item_count; i++) {
        done = insert_item(store, release->id, &release->items[i], err);
    }
    if (!done) {
        release->id = 0;
        db_abort(store->db);
        return false;
    }
    return db_commit(store->db, err);
}

bool store_release_update(struct store *store, const struct release *release, struct err *err)
{
    AUTO(xfree) char *commits = text_of_commits(release);
    return db_run(store->db,
                  "UPDATE release SET phase = ?, why = ?, phase_ms = ?, finished_ms = ?, wave = ?,"
                  " commits = ?, is_pushed = ?, superseded_by = ?, is_over = ? WHERE id = ?",
                  err, "ssiiisbibi", release_phase_name(release->phase), release->why,
                  release->phase_ms, release->finished_ms, (int64_t)release->wave, commits,
                  release->is_pushed, release->superseded_by, release_is_over(release->phase),
                  release->id);
}

bool store_item_update(struct store *store, const struct release_item *item, struct err *err)
{
    AUTO(xfree) char *diagnosis = text_of_diagnosis(&item->diagnosis);
    return db_run(store->db,
                  "UPDATE release_item SET state = ?, since_ms = ?, ready = ?, wanted = ?, diagnosis = ?"
                  " WHERE id = ?",
                  err, "siiisi", item_state_name(item->state), item->since_ms, (int64_t)item->ready,
                  (int64_t)item->wanted, diagnosis, item->id);
}

/* ---- reading ---- */

#define RELEASE_COLUMNS                                                                            \
    "id, kind, stage, source, actor, reason, phase, why, plan_digest, created_ms, phase_ms,"       \
    " finished_ms, wave, wave_count, commits, is_pushed, superseded_by, rollback_of "

/* NULL for a row that this program cannot have written. */
static struct release *read_release(struct db_rows *rows, struct arena *arena)
{
    struct release *release = ARENA_NEW(arena, struct release);
    release->id = db_int(rows, 0);
    release->kind = release_kind_of(db_text(rows, 1));
    TEXT_COPY_CUT(release->stage, db_text(rows, 2));
    TEXT_COPY_CUT(release->from, db_text(rows, 3));
    TEXT_COPY_CUT(release->actor, db_text(rows, 4));
    TEXT_COPY_CUT(release->reason, db_text(rows, 5));
    release->phase = release_phase_of(db_text(rows, 6));
    TEXT_COPY_CUT(release->why, db_text(rows, 7));
    TEXT_COPY_CUT(release->plan_digest, db_text(rows, 8));
    release->created_ms = db_int(rows, 9);
    release->phase_ms = db_int(rows, 10);
    release->finished_ms = db_int(rows, 11);
    release->wave = (int)db_int(rows, 12);
    release->wave_count = (int)db_int(rows, 13);
    read_commits(db_text(rows, 14), release);
    release->is_pushed = db_int(rows, 15) != 0;
    release->superseded_by = db_int(rows, 16);
    release->rollback_of = db_int(rows, 17);
    bool is_good = release->kind < RELEASE_KIND_COUNT && release->phase < RELEASE_PHASE_COUNT &&
                   release->wave_count >= 0 && release->wave_count <= RELEASE_WAVES_MAX &&
                   release->wave >= 0 && release->wave <= release->wave_count;
    return is_good ? release : NULL;
}

static bool read_item(struct db_rows *rows, struct arena *arena, struct release_item *item)
{
    *item = (struct release_item){.id = db_int(rows, 0), .wave = (int)db_int(rows, 3)};
    TEXT_COPY_CUT(item->workload, db_text(rows, 1));
    TEXT_COPY_CUT(item->target, db_text(rows, 2));
    item->state = item_state_of(db_text(rows, 4));
    item->since_ms = db_int(rows, 5);
    item->ready = (int)db_int(rows, 7);
    item->wanted = (int)db_int(rows, 8);
    read_diagnosis(db_text(rows, 9), &item->diagnosis);
    return item->state < ITEM_STATE_COUNT && read_changes(db_text(rows, 6), arena, item);
}

static bool read_items(struct store *store, struct release *release, struct arena *arena,
                       struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db,
                  "SELECT id, workload, target, wave, state, since_ms, changes, ready, wanted, diagnosis"
                  " FROM release_item WHERE release = ? ORDER BY id",
                  &rows, err, "i", release->id)) {
        return false;
    }
    VEC(struct release_item) items = {0};
    while (db_next(rows, err)) {
        struct release_item *item = VEC_ADD(&items);
        if (!read_item(rows, arena, item)) {
            items.count--;
        }
    }
    release->item_count = items.count;
    release->items = arena_alloc(arena, items.count, sizeof(*items.items));
    if (items.count) {
        memcpy(release->items, items.items, items.count * sizeof(*items.items));
    }
    VEC_DONE(&items);
    return err->kind == ERR_NONE;
}

/* Every release that `rows` gives, with its items. */
static bool collect(struct store *store, struct db_rows *rows, struct arena *arena,
                    struct release_list *out, struct err *err)
{
    VEC(struct release *) found = {0};
    while (db_next(rows, err)) {
        struct release *release = read_release(rows, arena);
        if (release) {
            *VEC_ADD(&found) = release;
        }
    }
    bool done = err->kind == ERR_NONE;
    for (size_t i = 0; done && i < found.count; i++) {
        done = read_items(store, found.items[i], arena, err);
    }
    *out = (struct release_list){arena_alloc(arena, found.count, sizeof(*found.items)), found.count};
    if (found.count) {
        memcpy(out->releases, found.items, found.count * sizeof(*found.items));
    }
    VEC_DONE(&found);
    return done;
}

bool store_release_get(struct store *store, int64_t id, struct arena *arena, struct release **out,
                       struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct release_list list;
    if (!db_query(store->db, "SELECT " RELEASE_COLUMNS "FROM release WHERE id = ?", &rows, err, "i", id) ||
        !collect(store, rows, arena, &list, err)) {
        return false;
    }
    if (list.count == 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no release R-%lld", (long long)id);
    }
    *out = list.releases[0];
    return true;
}

json_t *store_release_plan(struct store *store, int64_t id, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db, "SELECT plan FROM release WHERE id = ?", &rows, err, "i", id) ||
        !db_next(rows, err)) {
        return NULL;
    }
    return parse_or_null(db_text(rows, 0));
}

bool store_release_active(struct store *store, struct arena *arena, struct release_list *out,
                          struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    return db_query(store->db, "SELECT " RELEASE_COLUMNS "FROM release WHERE is_over = 0 ORDER BY id",
                    &rows, err) &&
           collect(store, rows, arena, out, err);
}

bool store_release_list(struct store *store, const struct release_filter *filter, struct arena *arena,
                        struct release_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    const char *state = filter->state;
    bool only_active = state && strcmp(state, "active") == 0;
    bool only_over = state && strcmp(state, "over") == 0;
    const char *phase = only_active || only_over ? NULL : state;
    size_t limit = filter->limit < 1 ? 1 : filter->limit > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : filter->limit;
    return db_query(store->db,
                    "SELECT " RELEASE_COLUMNS "FROM release"
                    " WHERE (?1 IS NULL OR stage = ?1) AND (?2 IS NULL OR kind = ?2)"
                    " AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR phase = ?4)"
                    " AND (?5 = 0 OR is_over = 0) AND (?6 = 0 OR is_over = 1)"
                    " AND created_ms >= ?7 AND (?8 = 0 OR id < ?8)"
                    " AND (?9 IS NULL OR id IN (SELECT release FROM release_item WHERE workload = ?9))"
                    " ORDER BY id DESC LIMIT ?10",
                    &rows, err, "ssssbbiisi", filter->stage, filter->kind, filter->actor, phase,
                    only_active, only_over, filter->since_ms, filter->before_id, filter->workload,
                    (int64_t)limit) &&
           collect(store, rows, arena, out, err);
}
