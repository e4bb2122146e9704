/* pod_causes: what keeps a new pod from serving, from the fields Kubernetes fills in. */
#include <stdio.h>
#include <string.h>

#include "diagnose/causes.h"

/* Twice can be bad luck at a start; Kubernetes' back-off makes the third try come after a minute.
 */
#define CRASHES_TERMINAL 3
/* A limit that was hit twice will be hit again. */
#define KILLS_TERMINAL 2
/* Configuration may be applied a little after the pod; longer than a sync pass is no accident. */
#define CONFIGURATION_GRACE_MS 60000
/* Most programs start within it: before that a pod is young, not stuck. */
#define NOT_READY_GRACE_MS 15000
/* The default progressDeadlineSeconds of a Deployment, for kinds that have none. */
#define PATIENCE_MS 600000

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static int64_t age_ms(const struct match *match)
{
    return match->pod->created_ms ? match->now_ms - match->pod->created_ms : 0;
}

/* Kept for whoever must tell a slow thing from a dead one. */
static bool after_patience(const struct match *match)
{
    return match->facts->deadline_exceeded || age_ms(match) >= PATIENCE_MS;
}

static bool always(const struct match *match)
{
    (void)match;
    return true;
}

static const char *waiting_text(const struct match *match)
{
    return match->container->waiting_message;
}

static void prove_waiting(const struct match *match, struct str *out)
{
    str_addf(out, "%s: state.waiting %s: %s", match->pod->name, match->container->waiting_reason,
             match->container->waiting_message);
}

static void prove_unscheduled(const struct match *match, struct str *out)
{
    str_addf(out, "%s: PodScheduled %s: %s", match->pod->name, match->pod->unscheduled_reason,
             match->pod->unscheduled_message);
}

static void prove_ended(const struct match *match, struct str *out)
{
    str_addf(out, "%s: terminated %s, exitCode %d, restartCount %d", match->pod->name,
             match->container->ended_reason, match->container->ended_exit_code,
             match->container->restarts);
}

static void prove_not_ready(const struct match *match, struct str *out)
{
    str_addf(out, "%s: Ready is False: %s", match->pod->name, match->pod->not_ready_reason);
}

static void prove_evicted(const struct match *match, struct str *out)
{
    str_addf(out, "%s: status.reason %s", match->pod->name, match->pod->reason);
}

/* The image as people know it: without its digest when it has a tag. */
static void say_image(const struct match *match, struct str *out)
{
    const char *image = match->container->image;
    const char *at = strchr(image, '@');
    const char *slash = strrchr(image, '/');
    bool has_tag = at && memchr(slash ? slash : image, ':', (size_t)(at - (slash ? slash : image)));
    str_add_bytes(out, image, has_tag ? (size_t)(at - image) : strlen(image));
}

static void say_registry(const struct match *match, struct str *out)
{
    struct image image;
    struct err err;
    char registry[IMAGE_REPOSITORY_BYTES] = "";
    if (image_parse(match->container->image, &image, &err)) {
        image_registry(&image, registry, sizeof(registry));
    }
    str_add(out, registry[0] ? registry : "The registry");
}

/* --- where it runs ------------------------------------------------------------------------ */

static bool is_unschedulable(const struct match *match)
{
    return !match->pod->is_scheduled && match->pod->unscheduled_reason[0];
}

static bool needs_volume(const struct match *match)
{
    return is_unschedulable(match) && HAS_ANY(match->pod->unscheduled_message,
                                              "PersistentVolumeClaim", "volume node affinity");
}

static void say_volume(const struct match *match, struct str *out)
{
    str_addf(out, "A volume of %s cannot be had.", match->facts->name);
}

static bool has_no_room(const struct match *match)
{
    return is_unschedulable(match) && HAS_ANY(match->pod->unscheduled_message, "Insufficient ");
}

static void say_no_room(const struct match *match, struct str *out)
{
    const char *at = strstr(match->pod->unscheduled_message, "Insufficient ");
    size_t length = strcspn(at + strlen("Insufficient "), ".,");
    str_addf(out, "No node has room for it: not enough %.*s.", (int)length,
             at + strlen("Insufficient "));
}

static void say_rules(const struct match *match, struct str *out)
{
    if (is(match->pod->unscheduled_reason, "SchedulingGated")) {
        str_add(out, "A scheduling gate holds it back.");
    } else {
        str_add(out, "Taints, selectors or affinity exclude every node.");
    }
}

/* --- its image ---------------------------------------------------------------------------- */

static bool is_pull_failing(const struct match *match)
{
    static const char *const reasons[] = {
        "ErrImagePull",      "ImagePullBackOff",    "InvalidImageName",         "ErrImageNeverPull",
        "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"};
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (is(match->container->waiting_reason, reasons[i])) {
            return true;
        }
    }
    return false;
}

static bool is_limited(const struct match *match)
{
    return is_pull_failing(match) &&
           HAS_ANY(waiting_text(match), "toomanyrequests", "too many requests", "rate limit");
}

static bool is_denied(const struct match *match)
{
    return is_pull_failing(match) &&
           HAS_ANY(waiting_text(match), "unauthorized", "denied", "no basic auth", "forbidden",
                   "authentication required", "authorization failed");
}

static bool is_wrong_platform(const struct match *match)
{
    return is_pull_failing(match) &&
           HAS_ANY(waiting_text(match), "no match for platform", "no matching manifest");
}

static bool is_unreachable(const struct match *match)
{
    return is_pull_failing(match) &&
           HAS_ANY(waiting_text(match), "no such host", "timeout", "timed out", "x509",
                   "connection refused", "no route to host", "connection reset", "server error",
                   "unavailable", "certificate");
}

static bool is_image_missing(const struct match *match)
{
    return is_pull_failing(match) &&
           HAS_ANY(waiting_text(match), "not found", "manifest unknown", "does not exist");
}

static bool is_image_name_bad(const struct match *match)
{
    return is(match->container->waiting_reason, "InvalidImageName");
}

static void say_limited(const struct match *match, struct str *out)
{
    say_registry(match, out);
    str_add(out, " limits pulls just now; this usually clears by itself.");
}

static void say_denied(const struct match *match, struct str *out)
{
    str_add(out, "The cluster may not pull ");
    say_image(match, out);
    str_add(out, ": access denied.");
}

static void say_platform(const struct match *match, struct str *out)
{
    str_add(out, "The image ");
    say_image(match, out);
    str_add(out, " has no build for the processors of these nodes.");
}

static void say_unreachable(const struct match *match, struct str *out)
{
    say_registry(match, out);
    str_addf(out, " cannot be reached from the cluster%s.",
             HAS_ANY(waiting_text(match), "no such host") ? ": no such host"
             : HAS_ANY(waiting_text(match), "x509", "certificate")
                 ? ": its certificate is not trusted"
                 : "");
}

static void say_missing(const struct match *match, struct str *out)
{
    str_add(out, "The image ");
    say_image(match, out);
    str_add(out, " does not exist.");
}

static void say_name_bad(const struct match *match, struct str *out)
{
    str_addf(out, "\"%s\" is not the name of an image.", match->container->image);
}

static void say_pull(const struct match *match, struct str *out)
{
    str_add(out, "The image ");
    say_image(match, out);
    str_add(out, " cannot be pulled.");
}

/* --- its configuration -------------------------------------------------------------------- */

static bool lacks_configuration(const struct match *match)
{
    return is(match->container->waiting_reason, "CreateContainerConfigError");
}

static void say_configuration(const struct match *match, struct str *out)
{
    const char *text = waiting_text(match);
    if (HAS_ANY(text, "not found", "couldn't find key")) {
        str_addf(out, "Configuration that %s needs is missing in %s: %s.", match->container->name,
                 match->facts->namespace, text);
    } else {
        str_addf(out, "The configuration of %s cannot be used: %s.", match->container->name, text);
    }
}

static bool after_configuration_grace(const struct match *match)
{
    return age_ms(match) >= CONFIGURATION_GRACE_MS;
}

#define RESTARTS_TEXT_BYTES 24

/* "1 restart", "3 restarts". */
static const char *restarts_text(const struct match *match, char out[static RESTARTS_TEXT_BYTES])
{
    int count = match->container->restarts;
    snprintf(out, RESTARTS_TEXT_BYTES, "%d restart%s", count, count == 1 ? "" : "s");
    return out;
}

/* --- its containers ----------------------------------------------------------------------- */

static bool has_crashed(const struct match *match)
{
    const struct container_facts *container = match->container;
    bool waits = is(container->waiting_reason, "CrashLoopBackOff");
    bool ended_badly = container->ended_exit_code != 0 &&
                       (container->has_ended || (container->restarts > 0 && !container->is_ready));
    return waits || ended_badly;
}

static bool is_init_failing(const struct match *match)
{
    return match->container->is_init && has_crashed(match);
}

static void say_init(const struct match *match, struct str *out)
{
    char text[RESTARTS_TEXT_BYTES];
    str_addf(out, "The init container %s ends with exit code %d (%s): the pod cannot start.",
             match->container->name, match->container->ended_exit_code, restarts_text(match, text));
}

static bool is_out_of_memory(const struct match *match)
{
    return is(match->container->ended_reason, "OOMKilled") && has_crashed(match);
}

static void say_memory(const struct match *match, struct str *out)
{
    char text[RESTARTS_TEXT_BYTES];
    const char *limit = match->container->memory_limit;
    if (limit[0]) {
        str_addf(out, "%s was killed: it needs more than its memory limit of %s (%s).",
                 match->container->name, limit, restarts_text(match, text));
    } else {
        str_addf(out, "%s was killed because its node ran out of memory; it has no limit (%s).",
                 match->container->name, restarts_text(match, text));
    }
}

static bool was_killed_often(const struct match *match)
{
    return match->container->restarts >= KILLS_TERMINAL;
}

/* 126 and 127 are the shell's; StartError is the runtime's, with 128. */
static bool has_no_command(const struct match *match)
{
    const struct container_facts *container = match->container;
    bool is_reported = HAS_ANY(waiting_text(match), "executable file not found",
                               "no such file or directory", "permission denied") &&
                       is(container->waiting_reason, "RunContainerError");
    bool has_code = container->ended_exit_code == 126 || container->ended_exit_code == 127;
    bool could_not_start = is(container->ended_reason, "StartError") ||
                           is(container->ended_reason, "ContainerCannotRun");
    return is_reported || (has_crashed(match) && (has_code || could_not_start));
}

static void say_command(const struct match *match, struct str *out)
{
    str_addf(out, "The command of %s is not found in its image, or may not be run (exit code %d).",
             match->container->name, match->container->ended_exit_code);
}

/* 137 and 143: SIGKILL and SIGTERM, which nobody but the kubelet sends to a whole container. */
static bool was_stopped(const struct match *match)
{
    int code = match->container->ended_exit_code;
    return has_crashed(match) && (code == 137 || code == 143);
}

static void say_stopped(const struct match *match, struct str *out)
{
    char text[RESTARTS_TEXT_BYTES];
    str_addf(out,
             "%s is stopped again and again (exit code %d, %s), most likely by its "
             "liveness or startup probe.",
             match->container->name, match->container->ended_exit_code, restarts_text(match, text));
}

static void say_crash(const struct match *match, struct str *out)
{
    char text[RESTARTS_TEXT_BYTES];
    const struct container_facts *container = match->container;
    if (container->ended_exit_code == 0) {
        str_addf(out, "%s ends by itself without an error, but should go on running (%s).",
                 container->name, restarts_text(match, text));
    } else {
        str_addf(out, "%s starts and exits with code %d (%s).", container->name,
                 container->ended_exit_code, restarts_text(match, text));
    }
}

static bool has_crashed_often(const struct match *match)
{
    return match->container->restarts >= CRASHES_TERMINAL;
}

static bool cannot_create(const struct match *match)
{
    static const char *const reasons[] = {"CreateContainerError", "RunContainerError",
                                          "PostStartHookError", "PreStartHookError"};
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (is(match->container->waiting_reason, reasons[i])) {
            return true;
        }
    }
    return false;
}

static void say_create(const struct match *match, struct str *out)
{
    str_addf(out, "%s cannot be started: %s.", match->container->name, waiting_text(match));
}

/* --- its readiness ------------------------------------------------------------------------ */

static bool is_evicted(const struct match *match)
{
    return is(match->pod->phase, "Failed") && match->pod->reason[0];
}

static void say_evicted(const struct match *match, struct str *out)
{
    str_addf(out, "Its node gave it up (%s); another one takes its place.", match->pod->reason);
}

static bool is_waiting_long(const struct match *match)
{
    return !match->container->is_running && age_ms(match) >= CONFIGURATION_GRACE_MS &&
           (is(match->container->waiting_reason, "ContainerCreating") ||
            is(match->container->waiting_reason, "PodInitializing"));
}

static void say_waiting(const struct match *match, struct str *out)
{
    str_addf(out,
             "%s is not created yet: a volume, a network address or an init container is "
             "waited for.",
             match->container->name);
}

static bool is_not_ready(const struct match *match)
{
    int64_t since_ms = match->pod->not_ready_since_ms;
    return match->container->is_running && !match->container->is_ready &&
           !match->container->is_init && since_ms && match->now_ms - since_ms >= NOT_READY_GRACE_MS;
}

static void say_not_ready(const struct match *match, struct str *out)
{
    str_addf(out, "%s runs, but is not ready: its %s probe does not pass.", match->container->name,
             match->container->is_started ? "readiness" : "startup");
}

static bool waits_for_gate(const struct match *match)
{
    int64_t since_ms = match->pod->not_ready_since_ms;
    return is(match->pod->not_ready_reason, "ReadinessGatesNotReady") && since_ms &&
           match->now_ms - since_ms >= NOT_READY_GRACE_MS;
}

static void say_gate(const struct match *match, struct str *out)
{
    (void)match;
    str_add(out, "It runs, but another controller has not passed its readiness gate.");
}

#define ROLL_BACK "Roll back, or promote a version that has a fix."

/* In order: the first that fits a new pod is the cause.  Within pulls the special texts come
   first, as "denied" may be said of an image that is "not found". */
const struct pod_cause pod_causes[] = {
    {"HD1061", needs_volume, NULL, say_volume, prove_unscheduled,
     "Look at the PersistentVolumeClaim's events and its storage class.", after_patience},
    {"HD1041", has_no_room, NULL, say_no_room, prove_unscheduled,
     "Add a node, lower the requests, or roll back.", after_patience},
    {"HD1043", is_unschedulable, NULL, say_rules, prove_unscheduled,
     "Compare the pod's rules with the nodes' labels and taints.", after_patience},
    {"HD1006", NULL, is_image_name_bad, say_name_bad, prove_waiting, "Correct the image in Git.",
     always},
    {"HD1003", NULL, is_limited, say_limited, prove_waiting,
     "Wait, or give the cluster credentials with a higher limit.", after_patience},
    {"HD1004", NULL, is_wrong_platform, say_platform, prove_waiting,
     "Build the image for the nodes' platform, or roll back.", always},
    {"HD1005", NULL, is_unreachable, say_unreachable, prove_waiting,
     "Check the registry's name and the cluster's network; it is tried again by itself.",
     after_patience},
    {"HD1002", NULL, is_denied, say_denied, prove_waiting,
     "Check the pull secret of the pods in this namespace.", always},
    {"HD1001", NULL, is_image_missing, say_missing, prove_waiting,
     "Roll back, or promote a version whose image exists.", always},
    {"HD1007", NULL, is_pull_failing, say_pull, prove_waiting,
     "Look at the pod's events, or roll back.", after_patience},
    {"HD1021", NULL, lacks_configuration, say_configuration, prove_waiting,
     "Add it to Git, or roll back.", after_configuration_grace},
    {"HD1014", NULL, is_init_failing, say_init, prove_ended, ROLL_BACK, has_crashed_often},
    {"HD1012", NULL, is_out_of_memory, say_memory, prove_ended,
     "Raise the memory limit in Git, or roll back.", was_killed_often},
    {"HD1013", NULL, has_no_command, say_command, prove_ended,
     "Compare the command with the image's, or roll back.", always},
    {"HD1032", NULL, was_stopped, say_stopped, prove_ended,
     "Give the probe more time in Git, or roll back.", has_crashed_often},
    {"HD1011", NULL, has_crashed, say_crash, prove_ended, ROLL_BACK, has_crashed_often},
    {"HD1015", NULL, cannot_create, say_create, prove_waiting, ROLL_BACK, always},
    {"HD1044", is_evicted, NULL, say_evicted, prove_evicted, "Wait for the pod that replaces it.",
     after_patience},
    {"HD1062", NULL, is_waiting_long, say_waiting, prove_waiting, "Look at the pod's events.",
     after_patience},
    {"HD1031", NULL, is_not_ready, say_not_ready, prove_not_ready,
     "Read the container's log and the probe's definition.", after_patience},
    {"HD1033", waits_for_gate, NULL, say_gate, prove_not_ready,
     "Look at the controller that sets the gate, often a load balancer's.", after_patience},
};
const size_t pod_cause_count = COUNT_OF(pod_causes);
