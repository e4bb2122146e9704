/* pods: what a pod's status says, in fields. */
#include <string.h>

#include "base/clock.h"
#include "health/health_internal.h"

char owner_new, owner_old, owner_by_label;

const char *controller_uid(const json_t *object)
{
    size_t i;
    const json_t *owner;
    json_array_foreach (json_array_at(object, "metadata.ownerReferences"), i, owner) {
        if (json_bool_at(owner, "controller", false)) {
            return json_text_at(owner, "uid", "");
        }
    }
    return "";
}

const json_t *condition_of(const json_t *object, const char *type)
{
    size_t i;
    const json_t *condition;
    json_array_foreach (json_array_at(object, "status.conditions"), i, condition) {
        if (strcmp(json_text_at(condition, "type", ""), type) == 0) {
            return condition;
        }
    }
    return NULL;
}

bool condition_is(const json_t *object, const char *type, const char *status)
{
    return strcmp(json_text_at(condition_of(object, type), "status", ""), status) == 0;
}

/* Errors of pulls and mounts are chains whose last link is the cause: keep the end. */
static void copy_end(char out[static FACTS_MESSAGE_BYTES], const char *text)
{
    static const char mark[] = "…";
    size_t length = strlen(text);
    if (length < FACTS_MESSAGE_BYTES) {
        text_copy_cut(out, FACTS_MESSAGE_BYTES, text);
        return;
    }
    const char *from = text + length - (FACTS_MESSAGE_BYTES - sizeof(mark));
    while (((unsigned char)*from & 0xC0U) == 0x80U) {
        from++; /* not in the middle of a character */
    }
    memcpy(out, mark, sizeof(mark) - 1);
    text_copy_cut(out + sizeof(mark) - 1, FACTS_MESSAGE_BYTES - (sizeof(mark) - 1), from);
}

static const json_t *status_of(const json_t *pod, const char *list, const char *name)
{
    size_t i;
    const json_t *status;
    json_array_foreach (json_array_at(json_at(pod, "status"), list), i, status) {
        if (strcmp(json_text_at(status, "name", ""), name) == 0) {
            return status;
        }
    }
    return NULL;
}

/* A pod that names a digest runs exactly that, once its image is there; what the runtime then
   reports may be the digest of one platform inside of it. */
static void read_digest(const json_t *status, struct container_facts *out)
{
    const char *reported = json_text_at(status, "imageID", "");
    const char *pinned = strrchr(out->image, '@');
    const char *at = strrchr(reported, '@');
    const char *digest = pinned && reported[0] ? pinned + 1 : at ? at + 1 : "";
    if (!image_digest_is_valid(digest) || !TEXT_COPY(out->running_digest, digest)) {
        out->running_digest[0] = '\0';
    }
}

static void read_state(const json_t *status, struct container_facts *out)
{
    const json_t *waiting = json_at(status, "state.waiting");
    const json_t *ended = json_at(status, "state.terminated");
    out->is_running = json_is_object(json_at(status, "state.running"));
    out->has_ended = json_is_object(ended);
    if (!json_is_object(ended)) {
        ended = json_at(status, "lastState.terminated");
    }
    TEXT_COPY_CUT(out->waiting_reason, json_text_at(waiting, "reason", ""));
    copy_end(out->waiting_message, json_text_at(waiting, "message", ""));
    TEXT_COPY_CUT(out->ended_reason, json_text_at(ended, "reason", ""));
    out->ended_exit_code = (int)json_int_at(ended, "exitCode", 0);
}

static void read_container(const json_t *pod, const json_t *spec, bool is_init,
                           struct container_facts *out)
{
    const char *list = is_init ? "initContainerStatuses" : "containerStatuses";
    const json_t *status = status_of(pod, list, json_text_at(spec, "name", ""));
    *out = (struct container_facts){
        .is_init = is_init,
        .is_ready = json_bool_at(status, "ready", false),
        .is_started = json_bool_at(status, "started", false),
        .restarts = (int)json_int_at(status, "restartCount", 0),
    };
    TEXT_COPY_CUT(out->name, json_text_at(spec, "name", ""));
    TEXT_COPY_CUT(out->image, json_text_at(spec, "image", ""));
    TEXT_COPY_CUT(out->memory_limit, json_text_at(spec, "resources.limits.memory", ""));
    read_state(status, out);
    read_digest(status, out);
}

static void read_containers(const json_t *pod, struct arena *arena, struct pod_facts *out)
{
    const json_t *lists[] = {json_array_at(pod, "spec.initContainers"),
                             json_array_at(pod, "spec.containers")};
    out->containers = arena_alloc(arena, FACTS_CONTAINERS_MAX, sizeof(*out->containers));
    for (size_t list = 0; list < COUNT_OF(lists); list++) {
        size_t i;
        const json_t *spec;
        json_array_foreach (lists[list], i, spec) {
            if (out->container_count < FACTS_CONTAINERS_MAX) {
                read_container(pod, spec, list == 0, &out->containers[out->container_count++]);
            }
        }
    }
}

/* A pod that has ended serves nobody, whatever its condition still says. */
static bool is_ready(const json_t *pod)
{
    return condition_is(pod, "Ready", "True") &&
           strcmp(json_text_at(pod, "status.phase", ""), "Running") == 0;
}

static void read_pod(const json_t *pod, bool is_new, struct arena *arena, struct pod_facts *out)
{
    const json_t *scheduled = condition_of(pod, "PodScheduled");
    const json_t *ready = condition_of(pod, "Ready");
    *out = (struct pod_facts){
        .is_new = is_new,
        .is_ready = is_ready(pod),
        .is_scheduled = json_text_at(pod, "spec.nodeName", "")[0] != '\0',
        .is_ending = json_at(pod, "metadata.deletionTimestamp") != NULL,
        .created_ms = clock_parse(json_text_at(pod, "metadata.creationTimestamp", "")),
    };
    TEXT_COPY_CUT(out->name, json_text_at(pod, "metadata.name", ""));
    TEXT_COPY_CUT(out->phase, json_text_at(pod, "status.phase", ""));
    TEXT_COPY_CUT(out->reason, json_text_at(pod, "status.reason", ""));
    if (!out->is_scheduled && !condition_is(pod, "PodScheduled", "True")) {
        TEXT_COPY_CUT(out->unscheduled_reason, json_text_at(scheduled, "reason", ""));
        TEXT_COPY_CUT(out->unscheduled_message, json_text_at(scheduled, "message", ""));
    }
    if (!out->is_ready) {
        TEXT_COPY_CUT(out->not_ready_reason, json_text_at(ready, "reason", ""));
        out->not_ready_since_ms = clock_parse(json_text_at(ready, "lastTransitionTime", ""));
    }
    read_containers(pod, arena, out);
}

/* The order in which pods are kept. */
enum place { PLACE_NEW_WAITING, PLACE_NEW_READY, PLACE_OLD, PLACE_FOREIGN };

static enum place place_of(const json_t *pod, const struct revision *revision)
{
    const char *uid = controller_uid(pod);
    const void *owner = uid[0] ? map_get(&revision->owners, uid) : NULL;
    bool is_new = owner == OWNER_NEW;
    if (!owner) {
        return PLACE_FOREIGN;
    }
    if (owner == OWNER_BY_LABEL && revision->label_value) {
        const json_t *labels = json_at(pod, "metadata.labels");
        const char *value = json_string_value(json_object_get(labels, revision->label));
        is_new = value && strcmp(value, revision->label_value) == 0;
    }
    if (!is_new) {
        return PLACE_OLD;
    }
    return is_ready(pod) ? PLACE_NEW_READY : PLACE_NEW_WAITING;
}

static void count_pod(const json_t *pod, enum place place, struct workload_facts *out)
{
    bool serves = is_ready(pod) && !json_at(pod, "metadata.deletionTimestamp");
    out->ready += serves && place == PLACE_NEW_READY;
    out->old_ready += serves && place == PLACE_OLD;
}

void gather_pods(const json_t *const *pods, size_t pod_count, const struct revision *revision,
                 struct arena *arena, struct workload_facts *out)
{
    size_t max = out->is_family ? FACTS_FAMILY_PODS_MAX : FACTS_PODS_MAX;
    size_t room = pod_count < max ? pod_count : max;
    out->pods = arena_alloc(arena, room, sizeof(*out->pods));
    for (enum place wanted = PLACE_NEW_WAITING; wanted < PLACE_FOREIGN; wanted++) {
        for (size_t i = 0; i < pod_count; i++) {
            if (place_of(pods[i], revision) != wanted) {
                continue;
            }
            count_pod(pods[i], wanted, out);
            if (out->pod_count < room) {
                read_pod(pods[i], wanted != PLACE_OLD, arena, &out->pods[out->pod_count++]);
            }
        }
    }
}
