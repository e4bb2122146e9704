/* workloads: how each of them is, and since when. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/diagnose.h"
#include "health/health.h"
#include "model/chart.h"
#include "sync/engine.h"

/* A rollout that a person must look at is called stuck after this: long enough for a pod that
   is just being replaced. */
#define STUCK_MS 5000
#define JUDGE_DELAY_MS 30

static void judge_due(void *context);

/* ---- life ---- */

static void set_images(struct workload_image **images, size_t *count,
                       const struct workload_image *from, size_t from_count)
{
    free(*images);
    *images = from_count ? xmemdup(from, from_count * sizeof(*from)) : NULL;
    *count = from_count;
}

static void workload_new(struct sync *sync, struct object *object, enum workload_kind kind)
{
    struct workload *workload = xcalloc(1, sizeof(*workload));
    workload->object = object;
    object->workload = workload;
    workload->row.kind = kind;
    struct slice name = workload_name_in(kind, object->wanted->name, sync->options.path);
    text_copy_cut(workload->row.name, name.length + 1 < NAME_BYTES ? name.length + 1 : NAME_BYTES,
                  name.bytes);
    struct slice namespace = object_namespace(object);
    memcpy(workload->row.namespace, namespace.bytes,
           namespace.length < NAME_BYTES ? namespace.length : 0);
    family_of_workload(kind, namespace, object->wanted->name, workload->family);
    if (workload->family[0]) {
        map_set(&sync->workloads, workload->family, workload);
    }
    if (object->live.exists) {
        /* It came back before it was deleted: what it looks like was not kept. */
        feed_renew(sync, object->collection);
    }
}

void workload_bind(struct sync *sync, struct object *object)
{
    struct workload_image images[WORKLOAD_IMAGES_MAX];
    size_t count = object_images(sync, object->wanted, images);
    enum workload_kind kind = workload_kind_of(object->wanted->api_version, object->wanted->kind);
    kind = kind == WORKLOAD_KIND_COUNT && count ? WORKLOAD_CUSTOM : kind;
    bool is_workload = kind != WORKLOAD_KIND_COUNT && (count || kind < WORKLOAD_HELM_RELEASE);
    if (!is_workload) {
        workload_forget(sync, object);
        return;
    }
    if (!object->workload) {
        workload_new(sync, object, kind);
    }
    struct workload *workload = object->workload;
    set_images(&workload->images, &workload->image_count, images, count);
    free(workload->namespace_of_children);
    workload->namespace_of_children = family_namespace(kind, object->wanted);
    workload_due(sync, workload);
}

void workload_forget(struct sync *sync, struct object *object)
{
    struct workload *workload = object->workload;
    if (!workload) {
        return;
    }
    const char *keys[] = {workload->live_uid, workload->family};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (map_get(&sync->workloads, keys[i]) == workload) {
            map_remove(&sync->workloads, keys[i]);
        }
    }
    sync->has_lost_workload = sync->has_lost_workload || workload->is_judged;
    free(workload->live_text);
    free(workload->images);
    free(workload->namespace_of_children);
    free(workload->row.wanted_images);
    free(workload->row.running_images);
    xfree(&object->workload);
}

static bool is_chart_alone(const struct workload *workload)
{
    return workload->image_count == 1 &&
           chart_is_container(workload->row.kind, workload->images->container);
}

void workloads_drop_doubles(struct sync *sync)
{
    struct map whole = {0};
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        if (object->workload && !is_chart_alone(object->workload)) {
            map_set(&whole, object->workload->row.name, sync);
        }
    }
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (object->workload && is_chart_alone(object->workload) &&
            map_has(&whole, object->workload->row.name)) {
            workload_forget(sync, object);
        }
    }
    map_done(&whole);
}

void workload_due(struct sync *sync, struct workload *workload)
{
    workload->is_due = true;
    if (!sync->judge_timer) {
        sync->judge_timer =
            loop_timer_start(sync->options.loop, JUDGE_DELAY_MS, 0, judge_due, sync);
    }
}

void workload_due_by_uid(struct sync *sync, const char *uid)
{
    struct workload *workload = map_get(&sync->workloads, uid);
    if (workload) {
        workload_due(sync, workload);
    }
}

void workload_seen(struct sync *sync, struct workload *workload, const json_t *live)
{
    const char *uid = json_text_at(live, "metadata.uid", "");
    if (strcmp(uid, workload->live_uid) != 0) {
        workload_gone(sync, workload);
        TEXT_COPY_CUT(workload->live_uid, uid);
        map_set(&sync->workloads, uid, workload);
    }
    AUTO_JSON *trimmed = health_trim(live);
    free(workload->live_text);
    workload->live_text = json_text(trimmed);
    workload->live_generation = json_int_at(live, "metadata.generation", 0);
    workload_due(sync, workload);
}

void workload_gone(struct sync *sync, struct workload *workload)
{
    if (workload->live_uid[0]) {
        map_remove(&sync->workloads, workload->live_uid);
    }
    workload->live_uid[0] = '\0';
    xfree(&workload->live_text);
    workload_due(sync, workload);
}

/* ---- judging ---- */

/* Parsed for one judgement. */
struct family {
    json_t *wanted, *live;
    VEC(json_t *) owned;
    VEC(json_t *) pods;
};

static json_t *parse(const char *text)
{
    struct err ignored = {0};
    return text ? json_parse(slice_of(text), &ignored) : NULL;
}

static void add_children(const struct sync *sync, const char *owner, struct family *family)
{
    for (const struct child *child = child_first(sync, owner); child; child = child->sibling) {
        json_t *json = parse(child->text);
        if (!json) {
            continue;
        }
        if (child->is_pod) {
            *VEC_ADD(&family->pods) = json;
            continue;
        }
        *VEC_ADD(&family->owned) = json;
        add_children(sync, child->uid, family);
    }
}

static void family_done(struct family *family)
{
    VEC_EACH (json_t *, json, &family->owned) {
        json_decref(*json);
    }
    VEC_EACH (json_t *, json, &family->pods) {
        json_decref(*json);
    }
    VEC_DONE(&family->owned);
    VEC_DONE(&family->pods);
    json_drop(&family->wanted);
    json_drop(&family->live);
}

/* The manifest counts once it was applied; until then the live object is judged by itself. */
static void gather(const struct sync *sync, const struct workload *workload, bool is_applied,
                   struct family *out)
{
    if (is_applied || !workload->live_text) {
        out->wanted = parse(workload->object->wanted->json);
    }
    out->live = parse(workload->live_text);
    if (workload->live_uid[0]) {
        add_children(sync, workload->live_uid, out);
    }
    if (workload->family[0]) {
        add_children(sync, workload->family, out);
    }
}

static void read_facts(struct workload *workload, const struct workload_facts *facts,
                       bool is_applied)
{
    struct report_workload *row = &workload->row;
    struct workload_image running[WORKLOAD_IMAGES_MAX];
    size_t running_count = health_running(facts, running, COUNT_OF(running));
    row->wanted = facts->wanted;
    row->updated = facts->updated;
    row->ready = facts->ready;
    row->old_ready = facts->old_ready;
    set_images(&row->running_images, &row->running_count, running, running_count);
    bool has_template = row->kind < WORKLOAD_HELM_RELEASE;
    if (is_applied) {
        set_images(&row->wanted_images, &row->wanted_count,
                   has_template ? facts->images : workload->images,
                   has_template ? facts->image_count : workload->image_count);
    }
    const struct drift *drift = workload->object->drift;
    if (drift && drift->fixed > 0) {
        row->drift_fixed = drift->fixed;
        row->drift_fixed_ms = drift->fixed_ms;
        TEXT_COPY_CUT(row->drift_manager, drift->manager);
    }
}

static void set_diagnosis(struct workload *workload, const struct diagnosis *diagnosis, int64_t now)
{
    struct report_workload *row = &workload->row;
    if (strcmp(row->diagnosis.code, diagnosis->code) != 0) {
        row->diagnosis_since_ms = diagnosis->code[0] ? now : 0;
    }
    row->diagnosis = *diagnosis;
    if (!diagnosis->code[0] || !diagnosis->is_terminal) {
        workload->terminal_since_ms = 0;
    } else if (workload->terminal_since_ms == 0) {
        workload->terminal_since_ms = now;
    }
}

/* What is seen may be older than what was just applied: that is not yet the new state. */
static enum workload_state settle_state(const struct workload *workload, enum workload_state judged,
                                        int64_t now)
{
    const struct object *object = workload->object;
    bool is_stale = workload->live_text ? workload->live_generation < object->applied.generation
                                        : object->live.exists;
    if (is_stale && (judged == WORKLOAD_HEALTHY || judged == WORKLOAD_MISSING)) {
        return WORKLOAD_ROLLING_OUT;
    }
    bool is_stuck =
        workload->terminal_since_ms > 0 && now - workload->terminal_since_ms >= STUCK_MS;
    return judged == WORKLOAD_ROLLING_OUT && is_stuck ? WORKLOAD_STUCK : judged;
}

static void note_row(struct sync *sync, struct workload *workload)
{
    AUTO_JSON *json = report_workload_to_json(&workload->row);
    json_object_del(json, "use"); /* what it uses is told beside the row */
    AUTO(xfree) char *text = json_text(json);
    uint64_t hash = hash64(HASH64_START, text, strlen(text));
    workload->is_judged = true;
    if (hash != workload->row_hash) {
        workload->row_hash = hash;
        workload->is_changed = true;
        report_change(sync);
    }
}

static void judge(struct sync *sync, struct workload *workload)
{
    const struct object *object = workload->object;
    bool is_applied = object->applied_hash == object->wanted->hash;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(family_done) struct family family = {0};
    gather(sync, workload, is_applied, &family);

    struct workload_facts facts;
    /* Until it is applied, what was applied before counts. */
    struct health_input input = {
        .wanted = family.wanted,
        .live = family.live,
        .owned = (const json_t *const *)family.owned.items,
        .owned_count = family.owned.count,
        .pods = (const json_t *const *)family.pods.items,
        .pod_count = family.pods.count,
        .images = is_applied ? workload->images : workload->row.wanted_images,
        .image_count = is_applied ? workload->image_count : workload->row.wanted_count,
    };
    if (workload->row.kind < WORKLOAD_HELM_RELEASE) {
        input.image_count = 0; /* they have a pod template */
    }
    health_facts(&input, arena, &facts);
    int64_t now = now_ms(sync);
    struct diagnosis diagnosis = {0};
    diagnose(&facts, now, &diagnosis);
    read_facts(workload, &facts, is_applied);
    set_diagnosis(workload, &diagnosis, now);
    enum workload_state state = settle_state(workload, health_judge(&facts), now);
    if (state != workload->row.state || workload->row.since_ms == 0) {
        workload->row.state = state;
        workload->row.since_ms = now;
    }
    note_row(sync, workload);
}

static void judge_due(void *context)
{
    struct sync *sync = context;
    sync->judge_timer = NULL;
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        if (object->workload && object->workload->is_due && object->wanted) {
            object->workload->is_due = false;
            judge(sync, object->workload);
        }
    }
}

/* Time alone changes a judgement only while something is under way; and a fight is over when there
   was peace for long enough. */
void workloads_tick(void *context)
{
    struct sync *sync = context;
    int64_t now = now_ms(sync);
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (object->workload && object->workload->row.state != WORKLOAD_HEALTHY) {
            workload_due(sync, object->workload);
        }
        if (object->drift && object->drift->is_fight && now - object->drift->fixed_ms > FIGHT_MS) {
            object->drift->is_fight = false;
            report_change(sync);
        }
    }
}
