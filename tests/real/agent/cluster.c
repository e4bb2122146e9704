/* cluster: the API server that the suite runs against. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "harness.h"
#include "kube/connection.h"

#define START_S_MAX 120

/* One for the whole program: cmocka's group has it. */
static struct {
    pid_t pid; /* 0: somebody else's */
    char folder[128];
    char kubeconfig[256];
} cluster;

const char *cluster_kubeconfig(void)
{
    return cluster.kubeconfig;
}

static bool is_port_free(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return is_free;
}

/* Two ports in a row: the rig takes the next one too. */
static int find_ports(int from)
{
    while (!is_port_free(from) || !is_port_free(from + 1)) {
        from += 2;
        assert_true(from < 60000);
    }
    return from;
}

static void exec_rig(const char *rig, int log)
{
    char program[512], clusters[64], etcd[16], kwok[600], stages[600], here[256];
    int port = find_ports(24000 + (int)(getpid() % 4000) * 2);
    int etcd_port = find_ports(port + 10);
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(program, sizeof(program), "%s/controlplane", rig);
    snprintf(clusters, sizeof(clusters), "dev:%d", port);
    snprintf(etcd, sizeof(etcd), "%d", etcd_port);
    snprintf(kwok, sizeof(kwok), rig[0] == '/' ? "%s%s/kwok" : "%s/%s/kwok",
             rig[0] == '/' ? "" : here, rig);
    snprintf(stages, sizeof(stages), "%s/tests/real/cluster/stages.yaml", here);
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(1);
    }
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl(program, program, "up", "-dir", cluster.folder, "-clusters", clusters, "-etcd-port", etcd,
          "-kwok", kwok, "-stages", stages, (char *)NULL);
    _exit(127);
}

static bool is_up(const char *log_file)
{
    AUTO_STR(log, 1U << 20);
    struct err err = {0};
    return file_read(log_file, &log, &err) && strstr(log.text, "ALL READY");
}

static void wait_until_up(const char *log_file)
{
    for (int tenths = 0; tenths < START_S_MAX * 10; tenths++) {
        if (is_up(log_file)) {
            return;
        }
        if (waitpid(cluster.pid, NULL, WNOHANG) == cluster.pid) {
            fail_msg("the control plane ended; see %s (it is built by tests/real/cluster/build.sh)",
                     log_file);
        }
        usleep(100000);
    }
    fail_msg("the control plane is not up after %d s; see %s", START_S_MAX, log_file);
}

/* A node that kwok plays. */
static void make_node(void)
{
    static const char node[] = "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":"
                               "\"node-1\",\"annotations\":{"
                               "\"kwok.x-k8s.io/node\":\"fake\"}}}";
    struct kube_options options = {.kubeconfig = cluster.kubeconfig, .env = env_system()};
    struct err err = {0};
    AUTO(kube_close) struct kube *kube = NULL;
    ASSERT_OK(kube_open(&options, &kube, &err), err);
    AUTO_STR(url, 1024);
    str_addf(&url, "%s/api/v1/nodes/node-1?fieldManager=suite", kube->server);
    struct http_call call = kube_call(kube, "PATCH", url.text);
    call.body = slice_of(node);
    call.content_type = "application/apply-patch+yaml";
    AUTO(http_result_done) struct http_result result = {0};
    ASSERT_OK(http_perform(kube->client, &call, &result, &err), err);
    assert_true(result.status < 300);
}

int cluster_start(void **state)
{
    (void)state;
    const char *given = getenv("HEDDLE_TEST_KUBECONFIG");
    const char *rig = getenv("HEDDLE_TEST_RIG");
    if (given) {
        TEXT_COPY_CUT(cluster.kubeconfig, given);
        return 0;
    }
    char log_file[256];
    snprintf(cluster.folder, sizeof(cluster.folder), "/tmp/heddle-cluster-XXXXXX");
    assert_non_null(mkdtemp(cluster.folder));
    snprintf(log_file, sizeof(log_file), "%s/up.log", cluster.folder);
    snprintf(cluster.kubeconfig, sizeof(cluster.kubeconfig), "%s/dev/kubeconfig", cluster.folder);
    FILE *log = fopen(log_file, "we");
    assert_non_null(log);
    cluster.pid = fork();
    assert_true(cluster.pid >= 0);
    if (cluster.pid == 0) {
        exec_rig(rig ? rig : "build/rig", fileno(log));
    }
    fclose(log);
    wait_until_up(log_file);
    make_node();
    return 0;
}

int cluster_stop(void **state)
{
    (void)state;
    struct err err = {0};
    if (cluster.pid > 0) {
        kill(cluster.pid, SIGTERM);
        waitpid(cluster.pid, NULL, 0);
        ASSERT_OK(file_remove_tree(cluster.folder, &err), err);
    }
    return 0;
}
