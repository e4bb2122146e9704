#include <string.h>

#include "store/internal.h"

/* A step that waits for the same reason as before writes nothing, whatever the time is: status
   never ticks.  Facts that are not given stay as they are. */
static bool is_known(struct store *store, const struct release_step *step, const char *facts,
                     bool *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db,
                  "SELECT outcome, text, facts FROM release_step"
                  " WHERE release = ? AND wave = ? AND name = ?",
                  &rows, err, "iis", step->release, (int64_t)step->wave, step->name)) {
        return false;
    }
    *out = db_next(rows, err) && strcmp(db_text(rows, 0), step->outcome) == 0 &&
           strcmp(db_text(rows, 1), step->text) == 0 &&
           (!facts || strcmp(db_text(rows, 2), facts) == 0);
    return err->kind == ERR_NONE;
}

bool store_step_put(struct store *store, const struct release_step *step, const json_t *facts,
                    struct err *err)
{
    AUTO(xfree) char *facts_text = facts ? json_text(facts) : NULL;
    bool known = false;
    if (!is_known(store, step, facts_text, &known, err)) {
        return false;
    }
    return known ||
           db_run(store->db,
                  "INSERT INTO release_step (release, wave, name, outcome, text, started_ms,"
                  " finished_ms, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (release, wave, name) DO UPDATE SET outcome = excluded.outcome,"
                  " text = excluded.text, finished_ms = excluded.finished_ms,"
                  " facts = coalesce(excluded.facts, facts)",
                  err, "iisssiis", step->release, (int64_t)step->wave, step->name, step->outcome,
                  step->text, step->started_ms, step->finished_ms, facts_text);
}

static bool read_step(struct db_rows *rows, struct arena *arena, void *out)
{
    (void)arena;
    struct release_step *step = out;
    int64_t wave = db_int(rows, 1);
    step->release = db_int(rows, 0);
    step->wave = (int)wave;
    COLUMN_TEXT(rows, 4, step->text);
    step->started_ms = db_int(rows, 5);
    step->finished_ms = db_int(rows, 6);
    return wave >= 0 && wave < RELEASE_WAVES_MAX && COLUMN_NAME(rows, 2, step->name) &&
           COLUMN_NAME(rows, 3, step->outcome);
}

static const struct row_reader step_reader = {sizeof(struct release_step), read_step};

bool store_step_list(struct store *store, int64_t release, struct arena *arena,
                     struct step_list *out, struct err *err)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct row_list list = {0};
    if (!db_query(store->db,
                  "SELECT release, wave, name, outcome, text, started_ms, finished_ms"
                  " FROM release_step WHERE release = ? ORDER BY wave, id",
                  &rows, err, "i", release) ||
        !rows_collect(store, rows, &step_reader, arena, &list, err)) {
        return false;
    }
    *out = (struct step_list){list.items, list.count};
    return true;
}

bool store_rollout_times(struct store *store, const char *workload, const char *target,
                         int64_t before_release, struct rollout_times *out, struct err *err)
{
    *out = (struct rollout_times){0};
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!db_query(store->db,
                  "SELECT max(item.since_ms - step.started_ms, 0) FROM release_item item"
                  " JOIN release_step step ON step.release = item.release"
                  " AND step.wave = item.wave AND step.name = 'rollout'"
                  " WHERE item.workload = ? AND item.release < ? AND item.target = ?"
                  " AND item.state = 'done'"
                  " ORDER BY item.release DESC LIMIT ?",
                  &rows, err, "sisi", workload, before_release, target,
                  (int64_t)ROLLOUTS_COMPARED)) {
        return false;
    }
    while (out->count < ROLLOUTS_COMPARED && db_next(rows, err)) {
        out->ms[out->count++] = db_int(rows, 0);
    }
    return err->kind == ERR_NONE;
}
