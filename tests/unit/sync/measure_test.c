#include "../testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "http/http.h"
#include "sync/measure.h"

/* ---- an API server that says what the test wants ---- */

struct answer {
    const char *path;
    int status; /* 0: 200 */
    const char *items;
};

struct plane {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    char folder[64], kubeconfig[96];
    struct kube *kube;
    const struct answer *answers;
    size_t count;
};

static void answer(struct http_exchange *exchange, void *context)
{
    const struct plane *plane = context;
    for (size_t i = 0; i < plane->count; i++) {
        if (strcmp(plane->answers[i].path, http_path(exchange)) != 0) {
            continue;
        }
        AUTO_STR(body, 64U << 10);
        int status = plane->answers[i].status ? plane->answers[i].status : 200;
        str_addf(&body, "{\"kind\":\"%s\",\"metadata\":{},\"items\":[%s]}",
                 status == 200 ? "List" : "Status",
                 plane->answers[i].items ? plane->answers[i].items : "");
        http_reply_bytes(exchange, status, "application/json", str_slice(&body));
        return;
    }
    http_reply_bytes(exchange, 404, "text/plain", slice_of("404 page not found\n"));
}

static bool allow(struct http_exchange *exchange, int permission, void *context)
{
    (void)exchange;
    (void)permission;
    (void)context;
    return true;
}

static const struct http_route routes[] = {
    {HTTP_GET, "/{path...}", 1, answer, "anything"},
};

static void *run(void *context)
{
    loop_run(((struct plane *)context)->loop);
    return NULL;
}

static void write_kubeconfig(struct plane *plane)
{
    AUTO_STR(text, 4096);
    struct err err = {0};
    TEXT_COPY_CUT(plane->folder, "/tmp/heddle-measure-XXXXXX");
    assert_non_null(mkdtemp(plane->folder));
    snprintf(plane->kubeconfig, sizeof(plane->kubeconfig), "%s/kubeconfig", plane->folder);
    str_addf(&text,
             "apiVersion: v1\nkind: Config\n"
             "clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%d\"}}]\n"
             "users: [{name: u, user: {token: t}}]\n"
             "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
             "current-context: x\n",
             http_server_port(plane->server));
    ASSERT_OK(file_replace(plane->kubeconfig, str_slice(&text), 0600, &err), err);
}

static void plane_open(struct plane *plane, const struct answer *answers, size_t count)
{
    struct err err = {0};
    *plane = (struct plane){.loop = loop_new(), .answers = answers, .count = count};
    struct http_server_options options = {.loop = plane->loop,
                                          .address = "127.0.0.1",
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .authorize = allow,
                                          .context = plane};
    ASSERT_OK(http_server_start(&options, &plane->server, &err), err);
    write_kubeconfig(plane);
    struct kube_options kube = {.kubeconfig = plane->kubeconfig, .env = env_system()};
    ASSERT_OK(kube_open(&kube, &plane->kube, &err), err);
    assert_int_equal(pthread_create(&plane->thread, NULL, run, plane), 0);
}

static void stop(void *context)
{
    loop_stop(context);
}

static void plane_close(struct plane *plane)
{
    struct err err = {0};
    kube_close(&plane->kube);
    loop_post(plane->loop, stop, plane->loop);
    pthread_join(plane->thread, NULL);
    http_server_stop(&plane->server);
    loop_free(&plane->loop);
    ASSERT_OK(file_remove_tree(plane->folder, &err), err);
}

/* ---- what stands in it ---- */

#define NODE(name, ready, spec)                                                                    \
    "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{" spec "},\"status\":{\"allocatable\":{"      \
    "\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"10\"},\"conditions\":[{\"type\":\"Ready\","       \
    "\"status\":\"" ready "\"}]}}"
#define NODES                                                                                      \
    NODE("one", "True", "")                                                                        \
    "," NODE("two", "True", "\"taints\":[{\"effect\":\"PreferNoSchedule\"}]") "," NODE(            \
        "gone", "Unknown",                                                                         \
        "") "," NODE("shut", "True", "\"unschedulable\":true") "," NODE("master", "True",          \
                                                                        "\"taints\":[{\"effect\":" \
                                                                        "\"NoSchedule\"}]")
#define POD(name, owner, node, phase, cpu)                                                         \
    "{\"metadata\":{\"name\":\"" name                                                              \
    "\",\"namespace\":\"shop\",\"ownerReferences\":[{\"uid\":\"" owner                             \
    "\",\"controller\":true}]},\"spec\":{\"nodeName\":\"" node "\",\"containers\":[{"              \
    "\"resources\":{\"requests\":{\"cpu\":\"" cpu "\",\"memory\":\"1Gi\"}}}]},\"status\":{"        \
    "\"phase\":\"" phase "\"}}"
#define PODS                                                                                       \
    POD("web-1", "set", "one", "Running", "500m")                                                  \
    "," POD("web-2", "set", "two", "Running", "750m") "," POD(                                     \
        "dns-1", "other", "one", "Running",                                                        \
        "1") "," POD("web-3", "set", "", "Pending",                                                \
                     "500m") "," POD("web-0", "set", "one", "Succeeded",                           \
                                     "500m") "," POD("proxy", "other", "master", "Running", "2")
#define USED(name, space, key, cpu)                                                                \
    "{\"metadata\":{\"name\":\"" name "\"" space "}," key "{\"cpu\":\"" cpu                        \
    "\",\"memory\":\"512Mi\"}"
#define NODE_USAGE                                                                                 \
    USED("one", "", "\"usage\":", "1100250000n") "}," USED("master", "", "\"usage\":", "3") "}"
#define POD_USAGE                                                                                  \
    USED("web-1", ",\"namespace\":\"shop\"", "\"containers\":[{\"usage\":", "100m")                \
    "}]}," USED("web-2", ",\"namespace\":\"shop\"", "\"containers\":[{\"usage\":",                 \
                "50m") "}]}," USED("dns-1", ",\"namespace\":\"shop\"",                             \
                                   "\"containers\":[{\"usage\":", "9") "}]}"

#define GIB (INT64_C(1) << 30)

static struct measure *measure_web(struct plane *plane, struct workload_tally **out_web)
{
    struct measure *measure = measure_new();
    *out_web = measure_add_workload(measure, "apps/Deployment/shop/web");
    measure_add_owner(measure, "deployment", *out_web);
    measure_add_owner(measure, "set", *out_web);
    measure_run(measure, plane->kube);
    return measure;
}

static void nodes_and_pods_are_summed_up(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"/api/v1/nodes", 0, NODES},
        {"/api/v1/pods", 0, PODS},
        {"/apis/metrics.k8s.io/v1beta1/nodes", 0, NODE_USAGE},
        {"/apis/metrics.k8s.io/v1beta1/pods", 0, POD_USAGE},
    };
    struct plane plane;
    struct workload_tally *web = NULL;
    plane_open(&plane, answers, COUNT_OF(answers));
    AUTO(measure_free) struct measure *measure = measure_web(&plane, &web);
    const struct capacity *found = &measure->result;

    assert_string_equal(found->unknown, "");
    assert_int_equal(found->nodes, 2);
    assert_int_equal(found->closed_nodes, 3);
    assert_int_equal(found->allocatable.cpu_milli, 8000);
    assert_int_equal(found->pods_max, 20);
    /* What has ended, waits for a node, or stands on a closed one takes no room. */
    assert_int_equal(found->pods, 3);
    assert_int_equal(found->requested.cpu_milli, 2250);
    assert_int_equal(found->requested.memory_bytes, 3 * GIB);
    assert_int_equal(found->room_count, 2);
    /* Memory is what the first node has less of. */
    assert_string_equal(found->rooms[0].name, "two");
    assert_int_equal(found->rooms[0].free.cpu_milli, 3250);
    assert_int_equal(found->rooms[0].pods, 9);

    assert_string_equal(found->no_usage, "");
    assert_int_equal(found->used.cpu_milli, 1101);
    assert_int_equal(web->use.pods, 2);
    assert_int_equal(web->use.per_pod.cpu_milli, 750);
    assert_int_equal(web->use.used_pods, 2);
    assert_int_equal(web->use.used.cpu_milli, 150);
    assert_int_equal(web->use.used.memory_bytes, GIB);
    plane_close(&plane);
}

static void without_metrics_the_requests_are_known_all_the_same(void **state)
{
    (void)state;
    static const struct {
        struct answer usage;
        const char *says;
    } cases[] = {
        {{"/nowhere", 0, NULL}, "Install metrics-server"},
        {{"/apis/metrics.k8s.io/v1beta1/nodes", 403, NULL}, "may not see the usage of nodes"},
        {{"/apis/metrics.k8s.io/v1beta1/nodes", 503, NULL}, "cannot be read"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct answer answers[] = {
            {"/api/v1/nodes", 0, NODES}, {"/api/v1/pods", 0, PODS}, cases[i].usage};
        struct plane plane;
        struct workload_tally *web = NULL;
        plane_open(&plane, answers, COUNT_OF(answers));
        AUTO(measure_free) struct measure *measure = measure_web(&plane, &web);
        assert_string_equal(measure->result.unknown, "");
        assert_int_equal(measure->result.requested.cpu_milli, 2250);
        assert_int_equal(web->use.pods, 2);
        assert_int_equal(web->use.used_pods, 0);
        if (!strstr(measure->result.no_usage, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", measure->result.no_usage, cases[i].says);
        }
        plane_close(&plane);
    }
}

static void half_of_the_usage_is_none(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"/api/v1/nodes", 0, NODES},
        {"/api/v1/pods", 0, PODS},
        {"/apis/metrics.k8s.io/v1beta1/nodes", 0, NODE_USAGE},
        {"/apis/metrics.k8s.io/v1beta1/pods", 500, NULL},
    };
    struct plane plane;
    struct workload_tally *web = NULL;
    plane_open(&plane, answers, COUNT_OF(answers));
    AUTO(measure_free) struct measure *measure = measure_web(&plane, &web);
    assert_string_not_equal(measure->result.no_usage, "");
    assert_int_equal(measure->result.used.cpu_milli, 0);
    plane_close(&plane);
}

static void a_missing_right_is_said(void **state)
{
    (void)state;
    static const struct {
        struct answer nodes, pods;
        const char *says;
    } cases[] = {
        {{"/api/v1/nodes", 403, NULL}, {"/api/v1/pods", 0, PODS}, "may not see the nodes"},
        {{"/api/v1/nodes", 0, NODES}, {"/api/v1/pods", 403, NULL}, "may not see the pods"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct answer answers[] = {cases[i].nodes, cases[i].pods};
        struct plane plane;
        struct workload_tally *web = NULL;
        plane_open(&plane, answers, COUNT_OF(answers));
        AUTO(measure_free) struct measure *measure = measure_web(&plane, &web);
        if (!strstr(measure->result.unknown, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", measure->result.unknown, cases[i].says);
        }
        assert_non_null(strstr(measure->result.unknown, "heddle agent manifest"));
        plane_close(&plane);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_and_pods_are_summed_up),
        cmocka_unit_test(without_metrics_the_requests_are_known_all_the_same),
        cmocka_unit_test(half_of_the_usage_is_none),
        cmocka_unit_test(a_missing_right_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
