/*
 * How long 4,000 objects take: `agent_bench` prints seconds from the commit's being seen to its
 * being applied whole, and the agent's memory.  The agent is a process of its own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "harness.h"

#define THOUSAND 1000
#define PATIENCE_MS 300000

static const char deployment[] =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app-%d, namespace: %%NS%%}\n"
    "spec:\n  replicas: 0\n  selector: {matchLabels: {app: app-%d}}\n  template:\n"
    "    metadata: {labels: {app: app-%d}}\n    spec:\n      containers:\n"
    "        - name: main\n          image: registry.example.org/app:%s\n"
    "          ports: [{containerPort: 8080}]\n"
    "          resources: {requests: {cpu: 10m, memory: 16Mi}}\n";
static const char others[] =
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: app-%d, namespace: %%NS%%}\n"
    "spec: {selector: {app: app-%d}, ports: [{port: 80, targetPort: 8080}]}\n"
    "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app-%d, namespace: %%NS%%}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: app-%d, namespace: "
    "%%NS%%}\nspec:\n  rules:\n    - host: app-%d.example.org\n      http:\n        paths:\n"
    "          - {path: /, pathType: Prefix, backend: {service: {name: app-%d, port: {number: "
    "80}}}}\n";

static void write_app(struct world *world, int i, const char *tag)
{
    char file[64];
    AUTO_STR(text, 8192);
    str_addf(&text, deployment, i, i, i, tag);
    str_addf(&text, others, i, i, i, i, i, i);
    snprintf(file, sizeof(file), "app-%d/all.yaml", i);
    world_write(world, file, text.text);
}

static long memory_kib(pid_t pid, const char *field)
{
    char path[64];
    AUTO_STR(status, 64U << 10);
    struct err err = {0};
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    ASSERT_OK(file_read(path, &status, &err), err);
    const char *at = strstr(status.text, field);
    return at ? strtol(at + strlen(field), NULL, 10) : -1;
}

static bool is_seen(struct world *world, const void *commit)
{
    return strcmp(json_text_at(world->last, "seenCommit", ""), commit) == 0;
}

static void measure(struct world *world, const char *what, pid_t agent)
{
    const char *commit = world_push(world);
    eventually(world, "  the commit is seen", is_seen, commit, PATIENCE_MS);
    eventually(world, what, is_applied, commit, PATIENCE_MS);
    printf("%s: agent %ld KiB, at most %ld KiB\n", what, memory_kib(agent, "VmRSS:"),
           memory_kib(agent, "VmHWM:"));
}

static int run_agent(char **argv)
{
    struct agent_options options = {.server = argv[2],
                                    .cluster = argv[3],
                                    .token_file = argv[4],
                                    .repository = argv[5],
                                    .path = "clusters/test",
                                    .kubeconfig = argv[6],
                                    .data = argv[7],
                                    .interval_ms = 3600000};
    struct err err = {0};
    if (!agent_run(&options, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

static pid_t start_agent(struct world *world, char *program)
{
    char url[64], token[256], bare[256], data[256];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", world->server_port);
    snprintf(token, sizeof(token), "%s/token", world->folder);
    snprintf(bare, sizeof(bare), "%s/config.git", world->folder);
    snprintf(data, sizeof(data), "%s/data", world->folder);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, program, "agent", url, world->cluster, token, bare, cluster_kubeconfig(),
              data, (char *)NULL);
        _exit(127);
    }
    eventually(world, "the agent listens", is_listening, NULL, 10000);
    return child;
}

static void stop_agent(pid_t agent)
{
    kill(agent, SIGTERM);
    waitpid(agent, NULL, 0);
}

static bool never(struct world *world, const void *nothing)
{
    (void)world;
    (void)nothing;
    return false;
}

static char program[512]; /* this one */

/* Let what was applied come to rest. */
static void rest(struct world *world, pid_t agent)
{
    meanwhile(world, "", never, NULL, 15000);
    printf("at rest: agent %ld KiB\n", memory_kib(agent, "VmRSS:"));
}

static void play(struct world *world)
{
    pid_t agent = start_agent(world, program);
    for (int i = 0; i < THOUSAND; i++) {
        write_app(world, i, "1.0.0");
    }
    measure(world, "4,000 objects, first sync", agent);
    rest(world, agent);
    write_app(world, 500, "1.0.1");
    measure(world, "one image changed among them", agent);
    for (int i = 0; i < THOUSAND; i++) {
        write_app(world, i, "1.1.0");
    }
    measure(world, "1,000 images changed", agent);
    rest(world, agent);
    stop_agent(agent);
    agent = start_agent(world, program);
    write_app(world, 1, "1.2.0");
    measure(world, "one change after a restart", agent);
    stop_agent(agent);
}

static void four_thousand_objects(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "bench");
    world_write(&world, "namespace.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: %NS%}\n");
    world_push(&world);
    play(&world);
    world_close(&world);
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "agent") == 0) {
        return run_agent(argv);
    }
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[length > 0 ? length : 0] = '\0';
    const struct CMUnitTest tests[] = {cmocka_unit_test(four_thousand_objects)};
    return cmocka_run_group_tests(tests, cluster_start, cluster_stop);
}
