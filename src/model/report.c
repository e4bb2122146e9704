#include "model/report.h"

#include <limits.h>
#include <string.h>

#include "base/clock.h"

/* ---- writing ---- */

static json_t *images_to_json(const struct workload_image *images, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();
        json_put_text(item, "container", images[i].container);
        json_put(item, "image", image_to_json(&images[i].image));
        json_array_append_new(list, item);
    }
    return list;
}

static void put_optional_text(json_t *object, const char *key, const char *text)
{
    json_put_text(object, key, text[0] ? text : NULL);
}

json_t *diagnosis_to_json(const struct diagnosis *diagnosis)
{
    if (!diagnosis->code[0]) {
        return json_null();
    }
    json_t *value = json_object();
    json_put_text(value, "code", diagnosis->code);
    json_put_bool(value, "isTerminal", diagnosis->is_terminal);
    json_put_text(value, "what", diagnosis->what);
    json_put_text(value, "effect", diagnosis->effect);
    json_put_text(value, "action", diagnosis->action);
    json_put_text(value, "evidence", diagnosis->evidence);
    return value;
}

static bool is_measured(const struct workload_use *use)
{
    return use->pods > 0 || use->used_pods > 0;
}

json_t *report_workload_to_json(const struct report_workload *workload)
{
    json_t *value = json_object();
    json_put_text(value, "name", workload->name);
    put_optional_text(value, "namespace", workload->namespace);
    json_put_text(value, "kind", workload_kind_name(workload->kind));
    json_put_text(value, "state", workload_state_name(workload->state));
    json_put_time(value, "since", workload->since_ms);
    json_put_int(value, "wanted", workload->wanted);
    json_put_int(value, "updated", workload->updated);
    json_put_int(value, "ready", workload->ready);
    json_put_int(value, "oldReady", workload->old_ready);
    json_put_int(value, "driftFixed", workload->drift_fixed);
    json_put_time(value, "driftFixedAt", workload->drift_fixed_ms);
    put_optional_text(value, "driftManager", workload->drift_manager);
    json_put(value, "wantedImages",
             images_to_json(workload->wanted_images, workload->wanted_count));
    json_put(value, "runningImages",
             images_to_json(workload->running_images, workload->running_count));
    json_put(value, "diagnosis", diagnosis_to_json(&workload->diagnosis));
    json_put_time(value, "diagnosisSince", workload->diagnosis_since_ms);
    if (is_measured(&workload->use)) {
        json_put(value, "use", workload_use_to_json(&workload->use));
    }
    return value;
}

static json_t *problem_to_json(const struct report_problem *problem)
{
    json_t *value = json_object();
    put_optional_text(value, "file", problem->file);
    json_put_int(value, "line", problem->line);
    json_put_text(value, "text", problem->text);
    return value;
}

static json_t *uses_to_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->use_count; i++) {
        json_t *value = workload_use_to_json(&report->uses[i].use);
        json_put_text(value, "name", report->uses[i].name);
        json_array_append_new(list, value);
    }
    return list;
}

json_t *report_drift_to_json(const struct report_drift *drift)
{
    json_t *value = json_object();
    json_put_text(value, "kind", drift->kind);
    put_optional_text(value, "namespace", drift->namespace);
    json_put_text(value, "name", drift->name);
    put_optional_text(value, "field", drift->field);
    json_put_bool(value, "wasDeleted", drift->was_deleted);
    put_optional_text(value, "manager", drift->manager);
    json_put_time(value, "at", drift->at_ms);
    return value;
}

static json_t *drifts_to_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->drift_count; i++) {
        json_array_append_new(list, report_drift_to_json(&report->drifts[i]));
    }
    return list;
}

json_t *report_to_json(const struct report *report)
{
    json_t *value = json_object();
    json_put_text(value, "cluster", report->cluster);
    json_put_text(value, "session", report->session);
    json_put_int(value, "sequence", report->sequence);
    json_put_bool(value, "isFull", report->is_full);
    json_put_text(value, "agentVersion", report->agent_version);
    json_put_text(value, "path", report->path);
    put_optional_text(value, "appliedCommit", report->applied_commit);
    put_optional_text(value, "seenCommit", report->seen_commit);
    json_put_time(value, "appliedAt", report->applied_ms);
    json_put_int(value, "objectCount", report->object_count);
    json_t *workloads = json_array();
    for (size_t i = 0; i < report->workload_count; i++) {
        json_array_append_new(workloads, report_workload_to_json(&report->workloads[i]));
    }
    json_put(value, "workloads", workloads);
    json_t *problems = json_array();
    for (size_t i = 0; i < report->problem_count; i++) {
        json_array_append_new(problems, problem_to_json(&report->problems[i]));
    }
    json_put(value, "problems", problems);
    json_put(value, "drifts", drifts_to_json(report));
    json_put(value, "uses", uses_to_json(report));
    if (report->capacity) {
        json_put(value, "capacity", capacity_to_json(report->capacity));
    }
    return value;
}

/* ---- reading what a stranger wrote ---- */

static bool refuse(struct err *err, const char *key, const char *why)
{
    return err_set(err, ERR_INVALID, "\"%s\" %s", key, why);
}

/* A text that is absent, or a string that is not too long to be what it says. */
static bool read_text(const json_t *object, const char *key, char *out, size_t size,
                      struct err *err)
{
    const json_t *found = json_object_get(object, key);
    if (found && !json_is_string(found)) {
        return refuse(err, key, "is not a string");
    }
    return text_copy(out, size, found ? json_string_value(found) : "") ||
           refuse(err, key, "is too long");
}

/* A text that is only shown may be cut. */
static void read_shown(const json_t *object, const char *key, char *out, size_t size)
{
    text_copy_cut(out, size, json_text_at(object, key, ""));
}

static bool read_number(const json_t *object, const char *key, int64_t max, int64_t *out,
                        struct err *err)
{
    const json_t *found = json_object_get(object, key);
    if (found && !json_is_integer(found)) {
        return refuse(err, key, "is not a whole number");
    }
    *out = json_integer_value(found);
    return (*out >= 0 && *out <= max) || refuse(err, key, "is out of range");
}

static bool read_count(const json_t *object, const char *key, int *out, struct err *err)
{
    int64_t number = 0;
    if (!read_number(object, key, INT_MAX, &number, err)) {
        return false;
    }
    *out = (int)number;
    return true;
}

static bool read_time(const json_t *object, const char *key, int64_t *out, struct err *err)
{
    const char *text = json_text_at(object, key, "");
    *out = clock_parse(text);
    return *out > 0 || text[0] == '\0' || refuse(err, key, "is not a time");
}

/* Names of Kubernetes objects: a label, or several with dots between them. */
static bool is_object_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length &&
           !strchr("-.", name[0]) && !strchr("-.", name[length - 1]);
}

static bool read_name(const json_t *object, const char *key, char out[static NAME_BYTES],
                      struct err *err)
{
    return read_text(object, key, out, NAME_BYTES, err) &&
           (is_object_name(out) || refuse(err, key, "is not a name"));
}

static bool is_lower_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") == strlen(text);
}

/* A commit's id: SHA-1 or SHA-256 in hex, or nothing. */
static bool read_oid(const json_t *object, const char *key, char out[static OID_BYTES],
                     struct err *err)
{
    if (!read_text(object, key, out, OID_BYTES, err)) {
        return false;
    }
    size_t length = strlen(out);
    bool is_oid = (length == 0 || length == 40 || length == 64) && is_lower_hex(out);
    return is_oid || refuse(err, key, "is not a commit id");
}

/* An array under a key, or none; never longer than `max`. */
static bool read_array(const json_t *object, const char *key, size_t max, const json_t **out,
                       struct err *err)
{
    const json_t *found = json_object_get(object, key);
    if (found && !json_is_array(found)) {
        return refuse(err, key, "is not an array");
    }
    *out = found;
    return json_array_size(found) <= max || refuse(err, key, "has too many items");
}

static bool read_images(const json_t *object, const char *key, struct arena *arena,
                        struct workload_image **out, size_t *out_count, struct err *err)
{
    const json_t *list = NULL;
    if (!read_array(object, key, WORKLOAD_IMAGES_MAX, &list, err)) {
        return false;
    }
    *out_count = json_array_size(list);
    *out = arena_alloc(arena, *out_count, sizeof(**out));
    for (size_t i = 0; i < *out_count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!read_name(item, "container", (*out)[i].container, err)) {
            return err_wrap(err, "%s[%zu]", key, i);
        }
        if (!image_from_json(json_object_get(item, "image"), &(*out)[i].image)) {
            return err_set(err, ERR_INVALID, "%s[%zu]: \"image\" is not an image", key, i);
        }
    }
    return true;
}

static bool read_diagnosis(const json_t *object, struct diagnosis *out, struct err *err)
{
    const json_t *found = json_object_get(object, "diagnosis");
    if (!found || json_is_null(found)) {
        return true;
    }
    if (!json_is_object(found)) {
        return refuse(err, "diagnosis", "is not an object");
    }
    if (!read_text(found, "code", out->code, sizeof(out->code), err)) {
        return false;
    }
    out->is_terminal = json_bool_at(found, "isTerminal", false);
    read_shown(found, "what", out->what, sizeof(out->what));
    read_shown(found, "effect", out->effect, sizeof(out->effect));
    read_shown(found, "action", out->action, sizeof(out->action));
    read_shown(found, "evidence", out->evidence, sizeof(out->evidence));
    return true;
}

/* Both must be known: a state that we cannot name could be taken for a healthy one. */
static bool read_kind_and_state(const json_t *object, struct report_workload *out, struct err *err)
{
    const char *state = json_text_at(object, "state", "");
    out->kind = workload_kind_named(json_text_at(object, "kind", ""));
    out->state = workload_state_of(state);
    if (out->kind == WORKLOAD_KIND_COUNT) {
        return refuse(err, "kind", "is not a kind of workload");
    }
    return strcmp(workload_state_name(out->state), state) == 0 ||
           refuse(err, "state", "is not a workload's state");
}

static bool read_pods(const json_t *object, struct report_workload *out, struct err *err)
{
    return read_count(object, "wanted", &out->wanted, err) &&
           read_count(object, "updated", &out->updated, err) &&
           read_count(object, "ready", &out->ready, err) &&
           read_count(object, "oldReady", &out->old_ready, err);
}

static bool read_drift(const json_t *object, struct report_workload *out, struct err *err)
{
    read_shown(object, "driftManager", out->drift_manager, sizeof(out->drift_manager));
    return read_count(object, "driftFixed", &out->drift_fixed, err) &&
           read_time(object, "driftFixedAt", &out->drift_fixed_ms, err);
}

static bool read_namespace(const json_t *object, struct report_workload *out, struct err *err)
{
    return !json_object_get(object, "namespace") ||
           read_name(object, "namespace", out->namespace, err);
}

static bool read_workload(const json_t *object, struct arena *arena, struct report_workload *out,
                          struct err *err)
{
    return read_name(object, "name", out->name, err) && read_namespace(object, out, err) &&
           read_kind_and_state(object, out, err) &&
           read_time(object, "since", &out->since_ms, err) && read_pods(object, out, err) &&
           read_drift(object, out, err) &&
           read_images(object, "wantedImages", arena, &out->wanted_images, &out->wanted_count,
                       err) &&
           read_images(object, "runningImages", arena, &out->running_images, &out->running_count,
                       err) &&
           read_diagnosis(object, &out->diagnosis, err) &&
           read_time(object, "diagnosisSince", &out->diagnosis_since_ms, err) &&
           workload_use_from_json(json_object_get(object, "use"), &out->use, err);
}

static bool read_workloads(const json_t *value, struct arena *arena, struct report *out,
                           struct err *err)
{
    const json_t *list = NULL;
    if (!read_array(value, "workloads", REPORT_WORKLOADS_MAX, &list, err)) {
        return false;
    }
    out->workload_count = json_array_size(list);
    out->workloads = arena_alloc(arena, out->workload_count, sizeof(*out->workloads));
    for (size_t i = 0; i < out->workload_count; i++) {
        if (!read_workload(json_array_get(list, i), arena, &out->workloads[i], err)) {
            return err_wrap(err, "workloads[%zu]", i);
        }
    }
    return true;
}

static bool read_problems(const json_t *value, struct arena *arena, struct report *out,
                          struct err *err)
{
    const json_t *list = NULL;
    if (!read_array(value, "problems", REPORT_PROBLEMS_MAX, &list, err)) {
        return false;
    }
    out->problem_count = json_array_size(list);
    out->problems = arena_alloc(arena, out->problem_count, sizeof(*out->problems));
    for (size_t i = 0; i < out->problem_count; i++) {
        const json_t *item = json_array_get(list, i);
        struct report_problem *problem = &out->problems[i];
        int64_t line = 0;
        if (!read_number(item, "line", UINT_MAX, &line, err)) {
            return err_wrap(err, "problems[%zu]", i);
        }
        problem->line = (unsigned)line;
        read_shown(item, "file", problem->file, sizeof(problem->file));
        read_shown(item, "text", problem->text, sizeof(problem->text));
    }
    return true;
}

static bool read_drifts(const json_t *value, struct arena *arena, struct report *out,
                        struct err *err)
{
    const json_t *list = NULL;
    if (!read_array(value, "drifts", REPORT_DRIFTS_MAX, &list, err)) {
        return false;
    }
    out->drift_count = json_array_size(list);
    out->drifts = arena_alloc(arena, out->drift_count, sizeof(*out->drifts));
    for (size_t i = 0; i < out->drift_count; i++) {
        const json_t *item = json_array_get(list, i);
        struct report_drift *drift = &out->drifts[i];
        read_shown(item, "kind", drift->kind, sizeof(drift->kind));
        read_shown(item, "namespace", drift->namespace, sizeof(drift->namespace));
        read_shown(item, "name", drift->name, sizeof(drift->name));
        read_shown(item, "field", drift->field, sizeof(drift->field));
        drift->was_deleted = json_bool_at(item, "wasDeleted", false);
        read_shown(item, "manager", drift->manager, sizeof(drift->manager));
        if (!read_time(item, "at", &drift->at_ms, err)) {
            return err_wrap(err, "drifts[%zu]", i);
        }
    }
    return true;
}

static bool read_uses(const json_t *value, struct arena *arena, struct report *out, struct err *err)
{
    const json_t *list = NULL;
    if (!read_array(value, "uses", REPORT_WORKLOADS_MAX, &list, err)) {
        return false;
    }
    out->use_count = json_array_size(list);
    out->uses = arena_alloc(arena, out->use_count, sizeof(*out->uses));
    for (size_t i = 0; i < out->use_count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!read_name(item, "name", out->uses[i].name, err) ||
            !workload_use_from_json(item, &out->uses[i].use, err)) {
            return err_wrap(err, "uses[%zu]", i);
        }
    }
    return true;
}

static bool read_capacity(const json_t *value, struct arena *arena, struct report *out,
                          struct err *err)
{
    const json_t *found = json_object_get(value, "capacity");
    if (!found) {
        return true;
    }
    out->capacity = ARENA_NEW(arena, struct capacity);
    return capacity_from_json(found, out->capacity, err) || err_wrap(err, "capacity");
}

/* It stands in logs and in the store, so it has nothing in it that could be taken for more. */
static bool read_session(const json_t *value, struct report *out, struct err *err)
{
    if (!read_text(value, "session", out->session, sizeof(out->session), err)) {
        return false;
    }
    for (const char *at = out->session; *at; at++) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_letter && !(*at >= '0' && *at <= '9')) {
            return refuse(err, "session", "may have only letters and digits");
        }
    }
    return out->session[0] || refuse(err, "session", "is missing");
}

static bool read_path(const json_t *value, struct report *out, struct err *err)
{
    return read_text(value, "path", out->path, sizeof(out->path), err) &&
           (out->path[0] == '\0' || path_check("path", out->path, err));
}

static bool read_head(const json_t *value, struct report *out, struct err *err)
{
    out->is_full = json_bool_at(value, "isFull", false);
    read_shown(value, "agentVersion", out->agent_version, sizeof(out->agent_version));
    return read_text(value, "cluster", out->cluster, sizeof(out->cluster), err) &&
           name_check("cluster", out->cluster, err) && read_session(value, out, err) &&
           read_number(value, "sequence", INT64_MAX, &out->sequence, err) &&
           read_path(value, out, err) &&
           read_oid(value, "appliedCommit", out->applied_commit, err) &&
           read_oid(value, "seenCommit", out->seen_commit, err) &&
           read_time(value, "appliedAt", &out->applied_ms, err) &&
           read_count(value, "objectCount", &out->object_count, err);
}

bool report_from_json(const json_t *value, struct arena *arena, struct report *out, struct err *err)
{
    if (!json_is_object(value)) {
        return err_set(err, ERR_INVALID, "report: not a JSON object");
    }
    struct report report = {0};
    if (!read_head(value, &report, err) || !read_workloads(value, arena, &report, err) ||
        !read_problems(value, arena, &report, err) || !read_drifts(value, arena, &report, err) ||
        !read_uses(value, arena, &report, err) || !read_capacity(value, arena, &report, err)) {
        return err_wrap(err, "report");
    }
    *out = report;
    return true;
}
