/* kubelet: how pods live; their images' tags say how. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

/* Times of a pod at speed 1. */
#define READY_MS_LEAST 1000
#define READY_MS_MORE 3000 /* at most, beside the least */
#define TROUBLE_MS 500     /* until a failure shows */
#define JOB_MS 1000        /* a Job's pod runs as long */
#define BACK_OFF_FIRST_S 10
#define BACK_OFF_MAX_S 300
/* Crashes come ten times as often as with a real kubelet, which would wait 10 s after the first
   one: nobody wants to watch that. */
#define BACK_OFF_HASTE 10
#define RESTARTS_COUNTED 16 /* steps of back-off that are told apart */

enum fate { FATE_READY, FATE_CRASH, FATE_MEMORY, FATE_MISSING, FATE_SLOW };

static const struct {
    const char *tag; /* begins with */
    enum fate fate;
} fates[] = {
    {"bad", FATE_CRASH}, {"oom", FATE_MEMORY}, {"missing", FATE_MISSING},
    {"slow", FATE_SLOW}, {"fail", FATE_CRASH},
};

/* The tag of an image: "1.0" of reg:5000/a/b:1.0@sha256:…; "" when there is none. */
static void tag_of(const char *image, char out[static 160])
{
    const char *slash = strrchr(image, '/');
    const char *colon = strchr(slash ? slash : image, ':');
    const char *at = strchr(image, '@');
    bool has_tag = colon && (!at || colon < at);
    size_t length = has_tag ? strcspn(colon + 1, "@") : 0;
    snprintf(out, 160, "%.*s", (int)(length < 159 ? length : 159), has_tag ? colon + 1 : "");
}

static enum fate fate_of(const json_t *container)
{
    char tag[160];
    tag_of(json_text_at(container, "image", ""), tag);
    for (size_t i = 0; i < COUNT_OF(fates); i++) {
        if (strncmp(tag, fates[i].tag, strlen(fates[i].tag)) == 0) {
            return fates[i].fate;
        }
    }
    return FATE_READY;
}

/* The worst fate of its containers. */
static enum fate pod_fate(const json_t *pod)
{
    const json_t *containers = json_array_at(pod, "spec.containers");
    for (size_t i = 0; i < json_array_size(containers); i++) {
        enum fate fate = fate_of(json_array_get(containers, i));
        if (fate != FATE_READY) {
            return fate;
        }
    }
    return FATE_READY;
}

static bool restarts(const json_t *pod)
{
    return strcmp(json_text_at(pod, "spec.restartPolicy", "Always"), "Always") == 0;
}

static int64_t back_off_s(int restarts_so_far)
{
    int64_t seconds = BACK_OFF_FIRST_S;
    for (int i = 0; i < restarts_so_far && seconds < BACK_OFF_MAX_S; i++) {
        seconds *= 2;
    }
    return seconds < BACK_OFF_MAX_S ? seconds : BACK_OFF_MAX_S;
}

static json_t *ended(enum fate fate, int64_t now_ms)
{
    bool is_memory = fate == FATE_MEMORY;
    json_t *state =
        json_pack("{s:i,s:s}", "exitCode", is_memory ? 137 : fate == FATE_CRASH, "reason",
                  is_memory            ? "OOMKilled"
                  : fate == FATE_CRASH ? "Error"
                                       : "Completed");
    json_put_time(state, "startedAt", now_ms);
    json_put_time(state, "finishedAt", now_ms);
    return state;
}

static json_t *running(int64_t now_ms)
{
    json_t *state = json_object();
    json_put_time(state, "startedAt", now_ms);
    return json_pack("{s:o}", "running", state);
}

static json_t *waiting(const char *reason, const char *message)
{
    json_t *state = json_object();
    json_put_text(state, "reason", reason);
    json_put_text(state, "message", message[0] ? message : NULL);
    return json_pack("{s:o}", "waiting", state);
}

/* As containerd words it; the second time and later it is a back-off. */
static json_t *pull_failure(const char *image, int step)
{
    AUTO_STR(why, 4096);
    str_addf(&why,
             "failed to pull and unpack image \"%s\": failed to resolve reference \"%s\": %s: not "
             "found",
             image, image, image);
    if (step % 2 == 0) {
        return waiting("ErrImagePull", why.text);
    }
    AUTO_STR(message, 8192);
    str_addf(&message, "Back-off pulling image \"%s\": ErrImagePull: %s", image, why.text);
    return waiting("ImagePullBackOff", message.text);
}

static json_t *crash_state(const json_t *pod, const json_t *container, int step)
{
    char message[1024];
    snprintf(message, sizeof(message),
             "back-off %llds restarting failed container=%s pod=%s_%s(%s)",
             (long long)back_off_s(step), json_text_at(container, "name", ""), object_name(pod),
             simulated_namespace(pod), object_uid(pod));
    return waiting("CrashLoopBackOff", message);
}

/* What a pod is at a step of its life. */
struct life {
    const json_t *pod;
    enum fate fate;
    int step;
    bool is_over; /* its containers have ended for good */
    int64_t now_ms;
};

static json_t *container_status(const struct life *life, const json_t *container)
{
    const char *image = json_text_at(container, "image", "");
    enum fate fate = fate_of(container);
    bool is_pulled = fate != FATE_MISSING;
    bool crashes = (fate == FATE_CRASH || fate == FATE_MEMORY) && !life->is_over;
    json_t *status =
        json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:{}}", "name", json_text_at(container, "name", ""),
                  "image", image, "imageID", is_pulled ? image : "", "ready", 0, "started", 0,
                  "restartCount", crashes ? life->step : 0, "lastState");
    if (life->is_over) {
        json_put(status, "state", json_pack("{s:o}", "terminated", ended(fate, life->now_ms)));
    } else if (fate == FATE_MISSING) {
        json_put(status, "state", pull_failure(image, life->step));
    } else if (crashes) {
        json_put(status, "state", crash_state(life->pod, container, life->step));
        json_put(status, "lastState", json_pack("{s:o}", "terminated", ended(fate, life->now_ms)));
    } else {
        json_put(status, "state", running(life->now_ms));
        json_put_bool(status, "started", true);
        json_put_bool(status, "ready", fate == FATE_READY);
    }
    return status;
}

static json_t *init_status(const struct life *life, const json_t *container)
{
    const char *image = json_text_at(container, "image", "");
    return json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:{},s:{s:o}}", "name",
                     json_text_at(container, "name", ""), "image", image, "imageID", image, "ready",
                     1, "started", 0, "restartCount", 0, "lastState", "state", "terminated",
                     ended(FATE_READY, life->now_ms));
}

static void put_containers(const struct life *life, json_t *status)
{
    const json_t *containers = json_array_at(life->pod, "spec.containers");
    const json_t *init = json_array_at(life->pod, "spec.initContainers");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(containers); i++) {
        json_array_append_new(list, container_status(life, json_array_get(containers, i)));
    }
    json_put(status, "containerStatuses", list);
    if (json_array_size(init) > 0) {
        list = json_array();
        for (size_t i = 0; i < json_array_size(init); i++) {
            json_array_append_new(list, init_status(life, json_array_get(init, i)));
        }
        json_put(status, "initContainerStatuses", list);
    }
}

static void put_conditions(const struct life *life, bool is_ready, json_t *status)
{
    const char *state = is_ready ? "True" : "False";
    const char *reason = is_ready ? "" : life->is_over ? "PodCompleted" : "ContainersNotReady";
    const char *message = is_ready || life->is_over ? "" : "containers with unready status";
    const struct condition all[] = {
        {"PodReadyToStartContainers", "True", "", ""},
        {"Initialized", "True", "", ""},
        {"Ready", state, reason, message},
        {"ContainersReady", state, reason, message},
        {"PodScheduled", "True", "", ""},
    };
    json_t *conditions = json_array();
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        condition_put(conditions, life->pod, &all[i], life->now_ms, false);
    }
    json_put(status, "conditions", conditions);
}

static const char *phase_of(const struct life *life)
{
    if (life->is_over) {
        return life->fate == FATE_READY || life->fate == FATE_SLOW ? "Succeeded" : "Failed";
    }
    return life->fate == FATE_MISSING ? "Pending" : "Running";
}

static void write_life(struct sandbox_cluster *cluster, json_t *pod, const struct life *life)
{
    bool is_ready = life->fate == FATE_READY && !life->is_over;
    json_t *status = json_pack("{s:s,s:s,s:s}", "phase", phase_of(life), "hostIP", "127.0.0.1",
                               "qosClass", "Burstable");
    json_put_text(status, "startTime", json_text_at(pod, "status.startTime", NULL));
    if (!json_object_get(status, "startTime")) {
        json_put_time(status, "startTime", life->now_ms);
    }
    put_containers(life, status);
    put_conditions(life, is_ready, status);
    status_put(cluster, pod, status);
}

static bool is_of_job(const json_t *pod)
{
    const json_t *owner = json_array_get(json_array_at(pod, "metadata.ownerReferences"), 0);
    return strcmp(json_text_at(owner, "kind", ""), "Job") == 0;
}

static void live(void *context, const struct task *task);

/* When the pod's state changes next by itself; 0: never. */
static int64_t next_change_ms(const struct life *life)
{
    switch (life->fate) {
    case FATE_CRASH:
    case FATE_MEMORY:
        return life->step < RESTARTS_COUNTED ? back_off_s(life->step) * 1000 / BACK_OFF_HASTE
                                             : (int64_t)BACK_OFF_MAX_S * 1000;
    case FATE_MISSING:
        return back_off_s(life->step) * 1000;
    case FATE_READY:
        return is_of_job(life->pod) ? JOB_MS : 0;
    case FATE_SLOW:
        return 0;
    }
    return 0;
}

static void live(void *context, const struct task *task)
{
    struct sandbox_cluster *cluster = context;
    json_t *pod = objects_get(cluster_kind(cluster, "Pod"), task->namespace, task->name);
    if (!pod || strcmp(object_uid(pod), task->uid) != 0 || !pod_is_active(pod)) {
        return;
    }
    AUTO_JSON *kept = json_incref(pod); /* its own status is written while it is read */
    enum fate fate = pod_fate(pod);
    bool ends_badly = (fate == FATE_CRASH || fate == FATE_MEMORY) && !restarts(pod);
    bool ends_well = fate == FATE_READY && is_of_job(pod) && task->step > 0;
    struct life life = {.pod = kept,
                        .fate = fate,
                        .step = task->step,
                        .is_over = ends_badly || ends_well,
                        .now_ms = cluster_now_ms(cluster)};
    int64_t next_ms = life.is_over ? 0 : next_change_ms(&life);
    if (next_ms > 0) {
        agenda_add(cluster->agenda, cluster_paced_ms(cluster, next_ms), live, pod, task->step + 1);
    }
    write_life(cluster, pod, &life);
}

void kubelet_adopt(struct sandbox_cluster *cluster, const json_t *pod)
{
    bool is_fine = pod_fate(pod) == FATE_READY;
    int64_t delay_ms =
        is_fine ? READY_MS_LEAST + cluster_random(cluster, READY_MS_MORE + 1) : TROUBLE_MS;
    agenda_add(cluster->agenda, cluster_paced_ms(cluster, delay_ms), live, pod, 0);
}
