/* drift: changes by others, and fights with them. */
#include <stdio.h>
#include <string.h>

#include "sync/difference.h"
#include "sync/engine.h"

/* In a fight the other one may have it for this long at a time. */
#define FIGHT_PAUSE_MS 60000

static void note_field(struct object *object, const json_t *live)
{
    struct err ignored = {0};
    struct slice text = {object->wanted->json, object->wanted->json_length};
    AUTO_JSON *wanted = json_parse(text, &ignored);
    AUTO_STR(field, 4096);
    difference_find(wanted, live, &field);
    TEXT_COPY_CUT(object->drift->field, field.text);
}

void drift_note(struct object *object, const json_t *live)
{
    if (!object->drift) {
        object->drift = xcalloc(1, sizeof(*object->drift));
    }
    struct drift *drift = object->drift;
    drift->manager[0] = '\0';
    drift->field[0] = '\0';
    drift->was_deleted = !live;
    if (live) {
        object_other_manager(live, drift->manager, sizeof(drift->manager));
    }
    if (live && object->wanted) {
        note_field(object, live);
    }
}

static bool is_same_drift(const struct report_drift *a, const struct report_drift *b)
{
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->namespace, b->namespace) == 0 &&
           strcmp(a->name, b->name) == 0 && strcmp(a->field, b->field) == 0;
}

/* To the head of the list; who changes one field again and again stands there once. */
static void remember(struct sync *sync, const struct object *object)
{
    struct report_drift drift = {.at_ms = object->drift->fixed_ms,
                                 .was_deleted = object->drift->was_deleted};
    snprintf(drift.kind, sizeof(drift.kind), "%.*s", (int)object_kind(object).length,
             object_kind(object).bytes);
    snprintf(drift.namespace, sizeof(drift.namespace), "%.*s", (int)object_namespace(object).length,
             object_namespace(object).bytes);
    TEXT_COPY_CUT(drift.name, object->wanted->name);
    TEXT_COPY_CUT(drift.field, object->drift->field);
    TEXT_COPY_CUT(drift.manager, object->drift->manager);
    size_t at = 0;
    while (at < sync->drift_count && !is_same_drift(&sync->drifts[at], &drift)) {
        at++;
    }
    sync->drift_count += at == sync->drift_count && at < REPORT_DRIFTS_MAX;
    at -= at == REPORT_DRIFTS_MAX;
    memmove(&sync->drifts[1], &sync->drifts[0], at * sizeof(drift));
    sync->drifts[0] = drift;
}

void drift_put_back(struct sync *sync, struct object *object)
{
    if (!object->drift) {
        drift_note(object, NULL);
    }
    struct drift *drift = object->drift;
    int64_t now = now_mono_ms(sync);
    size_t place = (size_t)drift->fixed % COUNT_OF(drift->recent_mono_ms);
    drift->recent_mono_ms[place] = now;
    drift->fixed++;
    drift->fixed_ms = now_ms(sync);
    /* The next place of the ring holds the oldest of the last six. */
    size_t oldest = (place + 1) % COUNT_OF(drift->recent_mono_ms);
    drift->is_fight =
        drift->fixed > FIGHT_PUT_BACKS && now - drift->recent_mono_ms[oldest] < FIGHT_MS;
    object->not_before_ms = drift->is_fight ? now + FIGHT_PAUSE_MS : 0;
    if (object->wanted) {
        remember(sync, object);
    }
    report_change(sync);
}
