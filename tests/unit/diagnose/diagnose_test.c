#include "../testing.h"

#include "../health/recorded.h"
#include "base/clock.h"
#include "diagnose/diagnose.h"

/* When the recorded rollout had run for a minute and a half. */
#define NOW "2026-11-23T08:49:00Z"
#define LATER "2026-11-23T09:20:00Z"

static void check(const char *name, struct recorded *recorded, const char *now,
                  const struct diagnosis *want)
{
    struct diagnosis got;
    diagnose(&recorded->facts, clock_parse(now), &got);
    bool same = strcmp(got.code, want->code) == 0 && strcmp(got.what, want->what) == 0 &&
                (!want->effect[0] || strcmp(got.effect, want->effect) == 0) &&
                (!want->evidence[0] || strstr(got.evidence, want->evidence)) &&
                got.is_terminal == want->is_terminal;
    if (!same) {
        fail_msg("%s: %s%s \"%s\" effect \"%s\" evidence \"%s\"", name, got.code,
                 got.is_terminal ? " terminal" : "", got.what, got.effect, got.evidence);
    }
    assert_true(!got.code[0] || (got.action[0] && got.evidence[0]));
}

/* As a real cluster showed it. */
static const struct {
    const char *file, *now;
    struct diagnosis want;
} whole_cases[] = {
    {"deployment-healthy", NOW, {.code = ""}},
    {"deployment-image-missing",
     NOW,
     {.code = "HD1001",
      .is_terminal = true,
      .what = "The image reg.test/shop/web:missing-2 does not exist. The new pod is not ready.",
      .effect = "The old version still serves: 2 of 2 pods.",
      .evidence = "ImagePullBackOff: Back-off pulling image: manifest unknown"}},
    {"deployment-crash",
     NOW,
     {.code = "HD1011",
      .is_terminal = true,
      .what = "app starts and exits with code 1 (3 restarts). 2 of 2 new pods are not ready.",
      .effect = "No pod serves.",
      .evidence = "terminated Error, exitCode 1, restartCount 3"}},
    {"deployment-out-of-memory",
     NOW,
     {.code = "HD1012",
      .is_terminal = true,
      .what = "app was killed: it needs more than its memory limit of 64Mi (2 restarts). "
              "2 of 2 new pods are not ready."}},
    {"deployment-not-ready",
     NOW,
     {.code = "HD1031",
      .what = "app runs, but is not ready: its readiness probe does not pass. "
              "2 of 2 new pods are not ready."}},
    {"deployment-not-ready", "2026-11-23T08:47:40Z", {.code = ""}},
    {"deployment-not-ready",
     LATER,
     {.code = "HD1031",
      .is_terminal = true,
      .what = "app runs, but is not ready: its readiness probe does not pass. "
              "2 of 2 new pods are not ready."}},
    {"deployment-no-room",
     NOW,
     {.code = "HD1041",
      .what = "No node has room for it: not enough cpu. 2 of 2 new pods are not ready.",
      .evidence = "0/2 nodes are available: 2 Insufficient cpu"}},
    /* The deadline is a symptom; it makes its cause terminal. */
    {"deployment-past-deadline",
     NOW,
     {.code = "HD1041",
      .is_terminal = true,
      .what = "No node has room for it: not enough cpu. 2 of 2 new pods are not ready."}},
    {"deployment-quota",
     NOW,
     {.code = "HD1051",
      .what = "The quota q of namespace tight is used up: new pods of over cannot be made.",
      .effect = "1 of 2 pods serve.",
      .evidence = "exceeded quota: q, requested: pods=1"}},
    {"stateful-set-healthy", NOW, {.code = ""}},
    {"daemon-set-healthy", NOW, {.code = ""}},
    {"job-complete", NOW, {.code = ""}},
    {"job-failed",
     NOW,
     {.code = "HD1017",
      .is_terminal = true,
      .what = "The Job migrate failed. Its container app ended with exit code 1."}},
    {"cron-job-ran", NOW, {.code = ""}},
};

static void recorded_workloads_are_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole_cases); i++) {
        struct recorded recorded;
        recorded_open(&recorded, whole_cases[i].file);
        recorded_judge(&recorded, NULL);
        check(whole_cases[i].file, &recorded, whole_cases[i].now, &whole_cases[i].want);
        recorded_close(&recorded);
    }
}

/* A new pod whose container waits as a kubelet (containerd 1.7, CRI-O 1.30) words it. */
static const struct {
    const char *reason, *message;
    const char *code, *what;
    bool is_terminal;
} waiting_cases[] = {
    {"ErrImagePull",
     "failed to pull and unpack image \"reg.test/shop/web:missing-2\": failed to resolve reference "
     "\"reg.test/shop/web:missing-2\": reg.test/shop/web:missing-2: not found",
     "HD1001", "The image reg.test/shop/web:missing-2 does not exist.", true},
    {"ImagePullBackOff",
     "Back-off pulling image \"reg.test/shop/web:missing-2\": ErrImagePull: failed to pull and "
     "unpack "
     "image \"reg.test/shop/web:missing-2\": failed to resolve reference "
     "\"reg.test/shop/web:missing-2\": failed to authorize: failed to fetch anonymous token: "
     "unexpected status from GET request to https://reg.test/token: 401 Unauthorized",
     "HD1002", "The cluster may not pull reg.test/shop/web:missing-2: access denied.", true},
    {"ImagePullBackOff",
     "pull access denied, repository does not exist or may require authorization", "HD1002",
     "The cluster may not pull reg.test/shop/web:missing-2: access denied.", true},
    {"ErrImagePull", "toomanyrequests: You have reached your pull rate limit.", "HD1003",
     "reg.test limits pulls just now; this usually clears by itself.", false},
    {"ErrImagePull", "no match for platform in manifest: not found", "HD1004",
     "The image reg.test/shop/web:missing-2 has no build for the processors of these nodes.", true},
    {"ErrImagePull", "dial tcp: lookup reg.test on 10.0.0.10:53: no such host", "HD1005",
     "reg.test cannot be reached from the cluster: no such host.", false},
    {"ErrImagePull",
     "tls: failed to verify certificate: x509: certificate signed by unknown authority", "HD1005",
     "reg.test cannot be reached from the cluster: its certificate is not trusted.", false},
    {"InvalidImageName", "couldn't parse image name", "HD1006",
     "\"reg.test/shop/web:missing-2\" is not the name of an image.", true},
    {"ErrImageNeverPull", "Container image is not present with pull policy of Never", "HD1007",
     "The image reg.test/shop/web:missing-2 cannot be pulled.", false},
    {"CreateContainerConfigError", "configmap \"settings\" not found", "HD1021",
     "Configuration that app needs is missing in default: configmap \"settings\" not found.", true},
    {"CreateContainerConfigError", "couldn't find key token in Secret default/api", "HD1021",
     "Configuration that app needs is missing in default: couldn't find key token in Secret "
     "default/api.",
     true},
    {"RunContainerError", "exec: \"serve\": executable file not found in $PATH", "HD1013",
     "The command of app is not found in its image, or may not be run (exit code 0).", true},
    {"CreateContainerError", "device busy", "HD1015", "app cannot be started: device busy.", true},
    {"ContainerCreating", "", "HD1062",
     "app is not created yet: a volume, a network address or an init container is waited for.",
     false},
};

static void use_status(struct recorded *recorded, const char *status)
{
    json_patch(recorded_pod(recorded, "web-b6d44c84f"), "status.containerStatuses", status);
    recorded_judge(recorded, NULL);
}

static void a_waiting_container_is_explained_by_its_reason_and_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(waiting_cases); i++) {
        struct recorded recorded;
        recorded_open(&recorded, "deployment-image-missing");
        AUTO_JSON *status = json_pack("[{s:s,s:b,s:i,s:{s:{s:s,s:s}}}]", "name", "app", "ready", 0,
                                      "restartCount", 0, "state", "waiting", "reason",
                                      waiting_cases[i].reason, "message", waiting_cases[i].message);
        AUTO(xfree) char *text = json_text(status);
        use_status(&recorded, text);
        struct diagnosis want = {.is_terminal = waiting_cases[i].is_terminal};
        TEXT_COPY_CUT(want.code, waiting_cases[i].code);
        snprintf(want.what, sizeof(want.what), "%s The new pod is not ready.",
                 waiting_cases[i].what);
        check(waiting_cases[i].message, &recorded, NOW, &want);
        recorded_close(&recorded);
    }
}

#define ENDED(code, reason, restarts)                                                              \
    "[{\"name\": \"app\", \"ready\": false, \"restartCount\": " #restarts                          \
    ", \"state\": {\"waiting\": {\"reason\": \"CrashLoopBackOff\", \"message\": \"back-off\"}}, "  \
    "\"lastState\": {\"terminated\": {\"exitCode\": " #code ", \"reason\": \"" reason "\"}}}]"

static const struct {
    const char *status;
    const char *code, *what;
    bool is_terminal;
} ended_cases[] = {
    {ENDED(1, "Error", 1), "HD1011", "app starts and exits with code 1 (1 restart).", false},
    {ENDED(0, "Completed", 4), "HD1011",
     "app ends by itself without an error, but should go on running (4 restarts).", true},
    {ENDED(127, "Error", 0), "HD1013",
     "The command of app is not found in its image, or may not be run (exit code 127).", true},
    {ENDED(128, "StartError", 0), "HD1013",
     "The command of app is not found in its image, or may not be run (exit code 128).", true},
    {ENDED(143, "Error", 3), "HD1032",
     "app is stopped again and again (exit code 143, 3 restarts), most likely by its liveness or "
     "startup probe.",
     true},
    {ENDED(137, "OOMKilled", 1), "HD1012",
     "app was killed: it needs more than its memory limit of 64Mi (1 restart).", false},
    /* Between two crashes a container reads as running. */
    {"[{\"name\": \"app\", \"ready\": false, \"started\": true, \"restartCount\": 3, \"state\": "
     "{\"running\": {}}, \"lastState\": {\"terminated\": {\"exitCode\": 2, \"reason\": "
     "\"Error\"}}}]",
     "HD1011", "app starts and exits with code 2 (3 restarts).", true},
    {"[{\"name\": \"app\", \"ready\": false, \"started\": false, \"restartCount\": 0, \"state\": "
     "{\"running\": {}}}]",
     "HD1031", "app runs, but is not ready: its startup probe does not pass.", false},
};

static void a_container_that_ends_is_explained_by_its_exit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ended_cases); i++) {
        struct recorded recorded;
        recorded_open(&recorded, "deployment-image-missing");
        use_status(&recorded, ended_cases[i].status);
        struct diagnosis want = {.is_terminal = ended_cases[i].is_terminal};
        TEXT_COPY_CUT(want.code, ended_cases[i].code);
        snprintf(want.what, sizeof(want.what), "%s The new pod is not ready.", ended_cases[i].what);
        check(ended_cases[i].what, &recorded, NOW, &want);
        recorded_close(&recorded);
    }
}

static void an_init_container_is_named_before_those_that_wait_for_it(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-image-missing");
    json_t *pod = recorded_pod(&recorded, "web-b6d44c84f");
    json_patch(pod, "spec.initContainers",
               "[{\"name\": \"migrate\", \"image\": \"reg.test/m:1\"}]");
    json_patch(
        pod, "status.initContainerStatuses",
        "[{\"name\": \"migrate\", \"ready\": false, \"restartCount\": 5, \"state\": {\"waiting\": "
        "{\"reason\": \"CrashLoopBackOff\"}}, \"lastState\": {\"terminated\": {\"exitCode\": 3, "
        "\"reason\": \"Error\"}}}]");
    use_status(&recorded, "[{\"name\": \"app\", \"ready\": false, \"restartCount\": 0, \"state\": "
                          "{\"waiting\": {\"reason\": \"PodInitializing\"}}}]");
    check("init", &recorded, NOW,
          &(struct diagnosis){.code = "HD1014",
                              .is_terminal = true,
                              .what =
                                  "The init container migrate ends with exit code 3 (5 restarts): "
                                  "the pod cannot start. The new pod is not ready."});
    recorded_close(&recorded);
}

/* One field of the live object changes what is said of it. */
static const struct {
    const char *file, *path, *value;
    struct diagnosis want;
} workload_cases[] = {
    {"deployment-quota",
     "status.conditions",
     "[{\"type\": \"ReplicaFailure\", \"status\": \"True\", \"reason\": \"FailedCreate\", "
     "\"message\": "
     "\"admission webhook \\\"images.acme.test\\\" denied the request: image is not signed\"}]",
     {.code = "HD1052",
      .is_terminal = true,
      .what = "The policy images.acme.test refuses new pods of over.",
      .evidence = "image is not signed"}},
    {"deployment-quota",
     "status.conditions",
     "[{\"type\": \"ReplicaFailure\", \"status\": \"True\", \"reason\": \"FailedCreate\", "
     "\"message\": "
     "\"pods \\\"over-\\\" is forbidden: error looking up service account tight/web: "
     "serviceaccount "
     "\\\"web\\\" not found\"}]",
     {.code = "HD1052",
      .is_terminal = true,
      .what = "The service account web that pods of over run as does not exist in tight."}},
    {"deployment-healthy",
     "metadata.generation",
     "9",
     {.code = "HD1097",
      .what =
          "The cluster has taken the change to fine, but its controllers have not seen it yet."}},
    {"deployment-healthy",
     "status.conditions",
     "[{\"type\": \"Progressing\", \"status\": \"False\", \"reason\": "
     "\"ProgressDeadlineExceeded\"}]",
     {.code = "HD1098",
      .is_terminal = true,
      .what = "The rollout of fine has passed its progress deadline, and no known cause shows."}},
    {"stateful-set-healthy",
     "spec.updateStrategy",
     "{\"type\": \"RollingUpdate\", \"rollingUpdate\": {\"partition\": 1}}",
     {.code = ""}},
    {"cron-job-ran",
     "spec.suspend",
     "true",
     {.code = "HD1096", .is_terminal = true, .what = "report is suspended: it will not run."}},
    {"cron-job-ran",
     "spec.jobTemplate.spec.template.spec.containers",
     "[{\"name\": \"app\", \"image\": \"reg.test/x:2\"}]",
     {.code = "HD1095",
      .what =
          "report has not run with this version yet; its next run will show whether it works."}},
};

static void causes_in_the_workload_itself_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(workload_cases); i++) {
        struct recorded recorded;
        recorded_open(&recorded, workload_cases[i].file);
        json_patch(recorded_live(&recorded), workload_cases[i].path, workload_cases[i].value);
        recorded_judge(&recorded, NULL);
        check(workload_cases[i].path, &recorded, NOW, &workload_cases[i].want);
        recorded_close(&recorded);
    }
}

static void a_paused_rollout_says_so(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    json_patch(recorded_live(&recorded), "spec.paused", "true");
    json_patch(recorded_live(&recorded), "status.updatedReplicas", "0");
    recorded_judge(&recorded, NULL);
    check("paused", &recorded, NOW,
          &(struct diagnosis){
              .code = "HD1096", .is_terminal = true, .what = "The rollout of fine is paused."});
    recorded_close(&recorded);
}

static void long_texts_of_strangers_are_cut(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-image-missing");
    char message[4096];
    memset(message, 'x', sizeof(message));
    memcpy(message + sizeof(message) - 11, ": not found", 11);
    AUTO_JSON *status =
        json_pack("[{s:s,s:{s:{s:s,s:s%}}}]", "name", "app", "state", "waiting", "reason",
                  "ImagePullBackOff", "message", message, sizeof(message));
    AUTO(xfree) char *text = json_text(status);
    use_status(&recorded, text);
    check(
        "long", &recorded, NOW,
        &(struct diagnosis){
            .code = "HD1001",
            .is_terminal = true,
            .what =
                "The image reg.test/shop/web:missing-2 does not exist. The new pod is not ready."});
    recorded_close(&recorded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_workloads_are_explained),
        cmocka_unit_test(a_waiting_container_is_explained_by_its_reason_and_message),
        cmocka_unit_test(a_container_that_ends_is_explained_by_its_exit),
        cmocka_unit_test(an_init_container_is_named_before_those_that_wait_for_it),
        cmocka_unit_test(causes_in_the_workload_itself_are_found),
        cmocka_unit_test(a_paused_rollout_says_so),
        cmocka_unit_test(long_texts_of_strangers_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
