/*
 * application: what Argo CD tells of an Application in its status.
 *
 * The pods may be of another cluster, so Argo CD's word is all there is: what it compared (sync),
 * how the objects are (health), what its last operation came to, and which images the pods have
 * (summary.images).  Its status is no subresource and knows no generation: what was compared says
 * whether it is of the newest spec.
 */
#include <stdio.h>
#include <string.h>

#include "health/health_internal.h"
#include "model/chart.h"

#define DEPTH_MAX 64 /* deeper sources are not compared */

/* ---- is it of this spec? ---- */

static bool is_empty(const json_t *value)
{
    const char *text = json_string_value(value);
    return !value || json_is_null(value) || json_is_false(value) || (text && !text[0]) ||
           (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool says_the_same(const json_t *a, const json_t *b, int depth);

/* All that `a` says. */
static bool says_all_of(const json_t *b, const json_t *a, int depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    bool is_same = true;
    json_object_foreach ((json_t *)(uintptr_t)a, key, value) {
        is_same = is_same && says_the_same(value, json_object_get(b, key), depth + 1);
    }
    return is_same;
}

/* What Argo CD copies lacks what is empty. */
static bool says_the_same(const json_t *a, const json_t *b, int depth)
{
    if (is_empty(a) || is_empty(b)) {
        return is_empty(a) && is_empty(b);
    }
    if (json_is_object(a) && json_is_object(b) && depth < DEPTH_MAX) {
        return says_all_of(b, a, depth) && says_all_of(a, b, depth);
    }
    if (json_is_array(a) && json_is_array(b) && depth < DEPTH_MAX) {
        bool is_same = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; is_same && i < json_array_size(a); i++) {
            is_same = says_the_same(json_array_get(a, i), json_array_get(b, i), depth + 1);
        }
        return is_same;
    }
    return json_equal(a, b);
}

/* With sources, Argo CD does not look at source. */
static bool is_of_spec(const json_t *live, const json_t *told)
{
    const json_t *spec = json_object_get(live, "spec");
    bool has_list = json_array_size(json_object_get(spec, "sources")) > 0;
    const char *key = has_list ? "sources" : "source";
    return says_the_same(json_object_get(spec, key), json_object_get(told, key), 0);
}

/* ---- what runs ---- */

static const char *revision_of(const json_t *told, size_t at, bool is_list)
{
    const char *text =
        is_list ? json_string_value(json_array_get(json_object_get(told, "revisions"), at))
                : json_text_at(told, "revision", "");
    return text ? text : "";
}

/* Compared is not applied: only where both are the same, or by the last operation that went well.
 */
static const json_t *applied_of(const json_t *live)
{
    const json_t *sync = json_at(live, "status.sync");
    bool is_synced = strcmp(json_text_at(sync, "status", ""), "Synced") == 0 &&
                     is_of_spec(live, json_object_get(sync, "comparedTo"));
    bool is_done = strcmp(json_text_at(live, "status.operationState.phase", ""), "Succeeded") == 0;
    return is_synced ? sync : is_done ? json_at(live, "status.operationState.syncResult") : NULL;
}

/* Which source it is: "chart" is of the first that is more than a name, "chart[2]" of the next. */
static size_t source_of(const json_t *sources, const char *container)
{
    size_t i = 0;
    unsigned named = 0;
    const json_t *source = NULL;
    json_array_foreach (sources, i, source) {
        char name[48];
        named += json_object_get(source, "chart") || json_object_get(source, "path");
        snprintf(name, sizeof(name), named > 1 ? CHART_CONTAINER "[%u]" : CHART_CONTAINER, named);
        if (json_object_get(source, "chart") && strcmp(name, container) == 0) {
            return i;
        }
    }
    return json_array_size(sources);
}

static bool read_source_chart(const json_t *live, const struct workload_image *wanted,
                              struct workload_image *out)
{
    const json_t *sources = json_array_at(live, "spec.sources");
    bool is_list = json_array_size(sources) > 0;
    const char *revision =
        revision_of(applied_of(live), source_of(sources, wanted->container), is_list);
    *out = *wanted;
    return revision[0] && chart_image(wanted->image.repository, revision, "", &out->image) &&
           out->image.tag[0];
}

static bool same_version(const struct image *wanted, const struct image *is)
{
    return wanted->digest[0] && is->digest[0] ? strcmp(wanted->digest, is->digest) == 0
                                              : strcmp(wanted->tag, is->tag) == 0;
}

static bool is_of(const char *text, const struct workload_image *wanted, struct image *out)
{
    struct container_facts container = {0};
    struct err ignored;
    TEXT_COPY_CUT(container.image, text);
    return container_has_image(&container, wanted) && image_parse(text, out, &ignored);
}

/* Of the images of its pods the one that is wanted, or another of that name. */
static bool read_source_image(const json_t *live, const struct workload_image *wanted,
                              struct workload_image *out)
{
    size_t i = 0;
    const json_t *text = NULL;
    bool is_found = false;
    *out = *wanted;
    json_array_foreach (json_array_at(live, "status.summary.images"), i, text) {
        struct image is = {0};
        if (!json_is_string(text) || !is_of(json_string_value(text), wanted, &is)) {
            continue;
        }
        bool is_it = same_version(&wanted->image, &is);
        if (!is_found || is_it) {
            out->image = is;
            is_found = true;
        }
        if (is_it) {
            break;
        }
    }
    return is_found;
}

/* Does something else run under the name of an image, that none of the containers wants? */
static bool runs_other(const json_t *live, const struct workload_facts *facts,
                       const struct workload_image *wanted, struct image *out)
{
    size_t i = 0;
    const json_t *text = NULL;
    json_array_foreach (json_array_at(live, "status.summary.images"), i, text) {
        bool is_wanted = !json_is_string(text) || !is_of(json_string_value(text), wanted, out);
        for (size_t n = 0; !is_wanted && n < facts->image_count; n++) {
            struct image is = {0};
            is_wanted = is_of(json_string_value(text), &facts->images[n], &is) &&
                        same_version(&facts->images[n].image, &is);
        }
        if (!is_wanted) {
            return true;
        }
    }
    return false;
}

static bool is_exact(const struct image *chart)
{
    char version[IMAGE_TAG_BYTES];
    chart_version_of_tag(chart->tag, version);
    return chart_version_is_exact(version);
}

static void note_behind(const struct workload_image *wanted, const struct image *running,
                        struct workload_facts *out)
{
    if (!out->is_chart_behind) {
        out->is_chart_behind = true;
        out->chart = wanted->image;
        out->running_chart = *running;
    }
}

static void read_running(const json_t *live, struct arena *arena, struct workload_facts *out)
{
    out->told = arena_alloc(arena, out->image_count + 1, sizeof(*out->told));
    for (size_t i = 0; i < out->image_count; i++) {
        const struct workload_image *wanted = &out->images[i];
        struct workload_image *running = &out->told[out->told_count];
        static const struct image none = {0};
        struct image other = {0};
        if (chart_is_container(WORKLOAD_APPLICATION, wanted->container)) {
            bool is_known = read_source_chart(live, wanted, running);
            bool is_it = is_known && chart_runs(&wanted->image, &running->image);
            out->told_count += is_known;
            if (!is_it && is_exact(&wanted->image)) {
                note_behind(wanted, is_known ? &running->image : &none, out);
            }
            continue;
        }
        bool is_known = read_source_image(live, wanted, running);
        out->told_count += is_known;
        if (is_known && !same_version(&wanted->image, &running->image)) {
            note_behind(wanted, &running->image, out);
        } else if (is_known && runs_other(live, out, wanted, &other)) {
            note_behind(wanted, &other, out);
        }
    }
}

/* ---- its own words ---- */

static void say(struct workload_facts *out, const char *reason, const char *message)
{
    if (!out->object_reason[0]) {
        TEXT_COPY_CUT(out->object_reason, reason);
        TEXT_COPY_CUT(out->object_message, message);
    }
}

/* "ComparisonError", "InvalidSpecError": warnings are none. */
static void say_conditions(const json_t *live, struct workload_facts *out)
{
    size_t i = 0;
    const json_t *condition = NULL;
    json_array_foreach (json_array_at(live, "status.conditions"), i, condition) {
        const char *type = json_text_at(condition, "type", "");
        size_t length = strlen(type);
        if (length >= 5 && strcmp(type + length - 5, "Error") == 0) {
            say(out, type, json_text_at(condition, "message", ""));
        }
    }
}

static void say_degraded(const json_t *live, struct workload_facts *out)
{
    size_t i = 0;
    const json_t *object = NULL;
    char text[FACTS_MESSAGE_BYTES] = "";
    json_array_foreach (json_array_at(live, "status.resources"), i, object) {
        if (!text[0] && strcmp(json_text_at(object, "health.status", ""), "Degraded") == 0) {
            AUTO_STR(words, (size_t)FACTS_MESSAGE_BYTES * 4);
            str_addf(&words, "%s %s: %s", json_text_at(object, "kind", ""),
                     json_text_at(object, "name", ""),
                     json_text_at(object, "health.message", "it is degraded"));
            TEXT_COPY_CUT(text, words.text);
        }
    }
    say(out, "Degraded", text[0] ? text : json_text_at(live, "status.health.message", ""));
}

static bool is_automated(const json_t *live)
{
    const json_t *automated = json_at(live, "spec.syncPolicy.automated");
    return json_is_object(automated) && json_bool_at(automated, "enabled", true);
}

/* It does not try the same again by itself. */
static bool has_failed(const json_t *live, const char *phase)
{
    const json_t *result = json_at(live, "status.operationState.syncResult");
    bool is_failed = strcmp(phase, "Failed") == 0 || strcmp(phase, "Error") == 0;
    bool is_told = json_object_get(result, "source") || json_object_get(result, "sources");
    return is_failed && (!is_told || is_of_spec(live, result));
}

void read_application(const json_t *live, struct arena *arena, struct workload_facts *out)
{
    const char *sync = json_text_at(live, "status.sync.status", "");
    const char *health = json_text_at(live, "status.health.status", "");
    const char *phase = json_text_at(live, "status.operationState.phase", "");
    bool is_seen = is_of_spec(live, json_at(live, "status.sync.comparedTo"));
    bool is_synced = strcmp(sync, "Synced") == 0;
    bool is_busy = strcmp(phase, "Running") == 0 || strcmp(phase, "Terminating") == 0;
    /* What is suspended may be a CronJob; a Rollout that pauses runs an old image, too. */
    bool is_well = strcmp(health, "Healthy") == 0 || strcmp(health, "Suspended") == 0;
    out->observed_generation = is_seen ? out->generation : out->generation - 1;
    out->is_object_ready = is_seen && is_synced && is_well && !is_busy;
    out->is_paused = is_seen && strcmp(sync, "OutOfSync") == 0 && !is_busy && !is_automated(live);
    read_running(live, arena, out);
    say_conditions(live, out);
    if (is_seen && !is_synced && has_failed(live, phase)) {
        out->is_stalled = true;
        say(out, "SyncFailed", json_text_at(live, "status.operationState.message", ""));
    }
    if (strcmp(health, "Degraded") == 0) {
        say_degraded(live, out);
    }
}
