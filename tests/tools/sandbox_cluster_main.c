/*
 * sandbox-cluster: one simulated Kubernetes cluster as a program, for tests and for trying kubectl.
 *
 *   sandbox-cluster [--name NAME] [--nodes N] [--speed X] [--port PORT] [--open] FILE
 *
 * --open: ask for no token, for kubectl, which sends none over plain http.
 * Writes a kubeconfig to FILE, prints its path, and runs until SIGTERM or SIGINT.
 */
#include <getopt.h>
#include <stdio.h>

#include "base/file.h"
#include "sandbox/cluster.h"

static bool parse(int argc, char **argv, struct sandbox_cluster_options *out)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'},  {"nodes", required_argument, NULL, 'c'},
        {"speed", required_argument, NULL, 's'}, {"port", required_argument, NULL, 'p'},
        {"open", no_argument, NULL, 'o'},        {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'n':
            out->name = optarg;
            break;
        case 'c':
            out->nodes = (int)strtol(optarg, NULL, 10);
            break;
        case 's':
            out->speed = strtod(optarg, NULL);
            break;
        case 'p':
            out->port = (int)strtol(optarg, NULL, 10);
            break;
        case 'o':
            out->is_open = true;
            break;
        default:
            return false;
        }
    }
    return optind + 1 == argc;
}

static bool serve(struct sandbox_cluster_options *options, const char *path, struct err *err)
{
    struct sandbox_cluster *cluster = NULL;
    AUTO_STR(kubeconfig, 65536);
    if (!loop_stop_on_signals(options->loop, err) ||
        !sandbox_cluster_start(options, &cluster, err)) {
        return false;
    }
    sandbox_cluster_kubeconfig(cluster, &kubeconfig);
    bool ok = file_replace(path, str_slice(&kubeconfig), 0600, err);
    if (ok) {
        printf("%s\n", path);
        fflush(stdout);
        loop_run(options->loop);
    }
    sandbox_cluster_stop(&cluster);
    return ok;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct sandbox_cluster_options options = {.name = "sandbox", .speed = 1};
    if (!parse(argc, argv, &options)) {
        fprintf(stderr,
                "usage: sandbox-cluster [--name NAME] [--nodes N] [--speed X] [--port PORT] "
                "[--open] FILE\n");
        return 2;
    }
    options.loop = loop_new();
    bool ok = serve(&options, argv[argc - 1], &err);
    loop_free(&options.loop);
    if (!ok) {
        fprintf(stderr, "sandbox-cluster: %s\n", err.text);
    }
    return ok ? 0 : 1;
}
