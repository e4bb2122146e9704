/* heddle: the roles, whose modules the command line may not include, and the start. */
#include <stddef.h>
#include <string.h>

#include "agent/agent.h"
#include "base/log.h"
#include "cli/cli.h"
#include "sandbox/sandbox.h"
#include "server/server.h"

#define MANIFEST_BYTES_MAX (64U << 10)
#define ROLE_NAME_BYTES 80

static bool require(const char *value, const char *flag, struct err *err)
{
    return (value && value[0]) || err_set(err, ERR_INVALID, "%s is needed; `-h` tells more", flag);
}

static enum log_level log_level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    size_t level = 0;
    while (level + 1 < COUNT_OF(names) && strcmp(names[level], name) != 0) {
        level++;
    }
    return (enum log_level)level;
}

/* ---- heddle server ---- */

struct server_flags {
    struct server_options server;
    struct cli_list insecure, mirrors;
    const char *config, *log_level;
};

static bool run_server(struct cli *cli, const void *given, struct err *err)
{
    (void)cli;
    const struct server_flags *flags = given;
    struct server_options options = flags->server;
    options.registry_insecure = flags->insecure.items;
    options.registry_insecure_count = flags->insecure.count;
    options.registry_mirrors = flags->mirrors.items;
    options.registry_mirror_count = flags->mirrors.count;
    log_setup(log_level_of(flags->log_level), "server");
    return require(options.repository, "--repository", err) &&
           require(options.data, "--data", err) && server_run(&options, err);
}

#define SERVER(member) offsetof(struct server_flags, server.member)

static const struct cli_flag server_flags[] = {
    {"repository", 0, CLI_TEXT, SERVER(repository), "URL", "the config repository"},
    {"branch", 0, CLI_TEXT, SERVER(branch), "NAME", "its branch", "main"},
    {"repositories", 0, CLI_TEXT, SERVER(repositories), "FILE",
     "a YAML file that names further repositories, for targets in heddle.yaml"},
    {"pipeline", 0, CLI_TEXT, SERVER(pipeline_file), "FILE", "the pipeline file in it",
     PIPELINE_FILE},
    {"data", 0, CLI_TEXT, SERVER(data), "FOLDER", "where the store and the mirror live"},
    {"listen", 0, CLI_TEXT, SERVER(listen), "ADDRESS:PORT", "where to serve", "127.0.0.1:8080"},
    {"base-path", 0, CLI_TEXT, SERVER(base_path), "/PATH", "where a proxy serves it, if not at /"},
    {"tls-cert-file", 0, CLI_TEXT, SERVER(tls_cert_file), "FILE", "certificate chain (PEM)"},
    {"tls-key-file", 0, CLI_TEXT, SERVER(tls_key_file), "FILE", "its key (PEM)"},
    {"poll-registry", 0, CLI_DURATION, SERVER(poll_registry_ms), "TIME",
     "how often registries are asked", "30s"},
    {"poll-git", 0, CLI_DURATION, SERVER(poll_git_ms), "TIME", "how often Git is asked", "30s"},
    {"registry-config", 0, CLI_TEXT, SERVER(registry_config), "FILE",
     "credentials, as in Docker's config.json"},
    {"registry-requests", 0, CLI_NUMBER, SERVER(registry_requests), "N",
     "how many requests an hour one registry gets at most", "36000"},
    {"registry-insecure", 0, CLI_LIST, offsetof(struct server_flags, insecure), "HOST",
     "a registry that speaks plain HTTP; may be given again"},
    {"registry-mirror", 0, CLI_LIST, offsetof(struct server_flags, mirrors), "HOST=URL",
     "where to ask before that registry; may be given again"},
    {"forge-token-file", 0, CLI_TEXT, SERVER(forge_token_file), "FILE",
     "a token of the Git host's API, for pull requests and statuses of commits"},
    {"github-app-id", 0, CLI_TEXT, SERVER(github_app_id), "ID",
     "a GitHub App to be at GitHub, instead of a password and a token"},
    {"github-app-key-file", 0, CLI_TEXT, SERVER(github_app_key_file), "FILE",
     "its private key (PEM)"},
    {"forge", 0, CLI_TEXT, SERVER(forge), "KIND",
     "what the Git host is, where the repository's URL does not tell", NULL,
     "gitea|forgejo|github|gitlab|bitbucket|azure"},
    {"forge-url", 0, CLI_TEXT, SERVER(forge_url), "URL",
     "where the Git host's pages are, if not where the repository is"},
    {"public-url", 0, CLI_TEXT, SERVER(public_url), "URL",
     "how people reach this server, for links in pull requests and statuses"},
    {"hook-secret-file", 0, CLI_TEXT, SERVER(hook_secret_file), "FILE",
     "the secret that webhooks are signed with; without it they are refused"},
    {"git-username", 0, CLI_TEXT, SERVER(git.username), "NAME", "for Git over HTTPS"},
    {"git-password-file", 0, CLI_TEXT, SERVER(git.password_file), "FILE",
     "password or token for Git over HTTPS"},
    {"git-ssh-key-file", 0, CLI_TEXT, SERVER(git.ssh_key_file), "FILE", "for Git over SSH"},
    {"git-known-hosts-file", 0, CLI_TEXT, SERVER(git.ssh_known_hosts_file), "FILE",
     "the SSH hosts to trust"},
    {"git-client-certificate-file", 0, CLI_TEXT, SERVER(git.client_certificate_file), "FILE",
     "for Git over HTTPS: a certificate (PEM) that says who connects"},
    {"git-client-key-file", 0, CLI_TEXT, SERVER(git.client_key_file), "FILE", "its key (PEM)"},
    {"git-signing-key-file", 0, CLI_TEXT, SERVER(git.signing_key_file), "FILE",
     "an SSH private key without passphrase; commits are signed with it"},
    {"git-openpgp-key", 0, CLI_TEXT, SERVER(git.openpgp_key), "FINGERPRINT",
     "the OpenPGP key that commits are signed with"},
    {"git-openpgp-folder", 0, CLI_TEXT, SERVER(git.openpgp_folder), "FOLDER",
     "the GnuPG folder that has it"},
    {"git-committer-name", 0, CLI_TEXT, SERVER(git.committer_name), "NAME",
     "of the server's commits", "heddle"},
    {"git-committer-email", 0, CLI_TEXT, SERVER(git.committer_email), "ADDRESS",
     "of the server's commits", "heddle@localhost"},
    {"admin-token-file", 0, CLI_TEXT, SERVER(admin_token_file), "FILE",
     "where the first start writes the admin token, instead of showing it"},
    {"log-level", 0, CLI_TEXT, offsetof(struct server_flags, log_level), "LEVEL",
     "debug, info, warn or error", "info", "debug|info|warn|error"},
    {"config", 0, CLI_TEXT, offsetof(struct server_flags, config), "FILE",
     "a YAML file with these settings: \"data: /var/lib/heddle\""},
};

/* ---- heddle agent ---- */

struct agent_flags {
    struct agent_options agent;
    const char *config, *log_level;
};

static bool run_agent(struct cli *cli, const void *given, struct err *err)
{
    (void)cli;
    const struct agent_flags *flags = given;
    const struct agent_options *options = &flags->agent;
    const struct {
        const char *value, *flag;
    } needed[] = {{options->server, "--server"},
                  {options->cluster, "--cluster"},
                  {options->token_file, "--token-file"},
                  {options->repository, "--repository"},
                  {options->path, "--path"}};
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (!require(needed[i].value, needed[i].flag, err)) {
            return false;
        }
    }
    AUTO_STR(role, ROLE_NAME_BYTES);
    str_addf(&role, "agent %.70s", options->cluster);
    log_setup(log_level_of(flags->log_level), role.text);
    return agent_run(options, err);
}

#define AGENT(member) offsetof(struct agent_flags, agent.member)

static const struct cli_flag agent_flags[] = {
    {"server", 0, CLI_TEXT, AGENT(server), "URL", "the server to report to"},
    {"cluster", 0, CLI_TEXT, AGENT(cluster), "NAME", "this cluster's name there"},
    {"token-file", 0, CLI_TEXT, AGENT(token_file), "FILE", "the token of `heddle cluster add`"},
    {"ca-file", 0, CLI_TEXT, AGENT(ca_file), "FILE",
     "certificates (PEM) to trust for the server instead of the system's"},
    {"repository", 0, CLI_TEXT, AGENT(repository), "URL", "the config repository"},
    {"branch", 0, CLI_TEXT, AGENT(branch), "NAME", "its branch", "main"},
    {"path", 0, CLI_TEXT, AGENT(path), "FOLDER", "this cluster's folder in it"},
    {"pipeline", 0, CLI_TEXT, AGENT(pipeline_file), "FILE", "the pipeline file in it",
     PIPELINE_FILE},
    {"kubeconfig", 0, CLI_TEXT, AGENT(kubeconfig), "FILE",
     "how to reach the cluster; without it, the service account of the pod"},
    {"context", 0, CLI_TEXT, AGENT(context), "NAME",
     "of the kubeconfig; without it, its current one"},
    {"data", 0, CLI_TEXT, AGENT(data), "FOLDER",
     "where the mirror lives; without it, /var/lib/heddle-agent/CLUSTER"},
    {"interval", 0, CLI_DURATION, AGENT(interval_ms), "TIME", "how often Git is asked", "30s"},
    {"git-username", 0, CLI_TEXT, AGENT(git.username), "NAME", "for Git over HTTPS"},
    {"git-password-file", 0, CLI_TEXT, AGENT(git.password_file), "FILE",
     "password or token for Git over HTTPS"},
    {"git-ssh-key-file", 0, CLI_TEXT, AGENT(git.ssh_key_file), "FILE", "for Git over SSH"},
    {"git-known-hosts-file", 0, CLI_TEXT, AGENT(git.ssh_known_hosts_file), "FILE",
     "the SSH hosts to trust"},
    {"git-client-certificate-file", 0, CLI_TEXT, AGENT(git.client_certificate_file), "FILE",
     "for Git over HTTPS: a certificate (PEM) that says who connects"},
    {"git-client-key-file", 0, CLI_TEXT, AGENT(git.client_key_file), "FILE", "its key (PEM)"},
    {"git-allowed-signers-file", 0, CLI_TEXT, AGENT(git.allowed_signers_file), "FILE",
     "apply only commits that one of these SSH keys signed"},
    {"git-openpgp-folder", 0, CLI_TEXT, AGENT(git.openpgp_folder), "FOLDER",
     "apply only commits that a trusted key of this GnuPG folder signed"},
    {"allow-prune-all", 0, CLI_SWITCH, AGENT(allow_prune_all), NULL,
     "delete what has left Git, however much it is"},
    {"log-level", 0, CLI_TEXT, offsetof(struct agent_flags, log_level), "LEVEL",
     "debug, info, warn or error", "info", "debug|info|warn|error"},
    {"config", 0, CLI_TEXT, offsetof(struct agent_flags, config), "FILE",
     "a YAML file with these settings: \"path: clusters/dev\""},
};

/* ---- heddle agent manifest ---- */

struct manifest_flags {
    struct agent_options agent;
    const char *image;
};

static bool print_manifest(struct cli *cli, const void *given, struct err *err)
{
    const struct manifest_flags *flags = given;
    AUTO_STR(manifest, MANIFEST_BYTES_MAX);
    if (!require(flags->agent.cluster, "--cluster", err)) {
        return false;
    }
    agent_manifest(&flags->agent, flags->image, &manifest);
    return cli_write(cli, manifest.text, err);
}

#define MANIFEST(member) offsetof(struct manifest_flags, agent.member)

static const struct cli_flag manifest_flags[] = {
    {"cluster", 0, CLI_TEXT, MANIFEST(cluster), "NAME", "the cluster's name on the server"},
    {"server", 0, CLI_TEXT, MANIFEST(server), "URL", "the server to report to"},
    {"repository", 0, CLI_TEXT, MANIFEST(repository), "URL", "the config repository"},
    {"branch", 0, CLI_TEXT, MANIFEST(branch), "NAME", "its branch", "main"},
    {"path", 0, CLI_TEXT, MANIFEST(path), "FOLDER", "the cluster's folder in it"},
    {"image", 0, CLI_TEXT, offsetof(struct manifest_flags, image), "IMAGE",
     "of the agent; without it, this release's own"},
};

/* ---- heddle demo ---- */

struct demo_flags {
    bool script;
    int64_t speed;
    int64_t workloads;
    const char *listen;
};

static bool run_demo(struct cli *cli, const void *given, struct err *err)
{
    (void)cli;
    const struct demo_flags *flags = given;
    struct demo_options options = {.script = flags->script,
                                   .speed = (double)flags->speed,
                                   .workloads = flags->workloads,
                                   .listen = flags->listen};
    return sandbox_demo(&options, err);
}

static const struct cli_flag demo_flags[] = {
    {"script", 0, CLI_SWITCH, offsetof(struct demo_flags, script), NULL,
     "play the story by itself, and fail when a step does not hold"},
    {"speed", 0, CLI_NUMBER, offsetof(struct demo_flags, speed), "N",
     "pods and soaks are this much faster", "1"},
    {"workloads", 0, CLI_NUMBER, offsetof(struct demo_flags, workloads), "N",
     "how many the shop has, up to 100", "12"},
    {"listen", 0, CLI_TEXT, offsetof(struct demo_flags, listen), "ADDRESS:PORT",
     "where the server listens; without it, on a free port of loopback"},
};

static const struct cli_command roles[] = {
    {.name = "agent",
     .usage = "--server URL --cluster NAME --token-file FILE --repository URL --path FOLDER",
     .summary = "Make one cluster follow Git, and report how it goes",
     .examples = "heddle agent --server https://heddle.example.org --cluster dev --token-file "
                 "dev.token \\\n"
                 "    --repository https://git.example.org/config.git --path clusters/dev\n"
                 "heddle agent --config /etc/heddle/agent.yaml\n",
     .flags = agent_flags,
     .flag_count = COUNT_OF(agent_flags),
     .options_bytes = sizeof(struct agent_flags),
     .is_role = true,
     .run = run_agent},
    {.name = "agent manifest",
     .usage = "--cluster NAME",
     .summary = "Print the YAML that installs an agent with least rights",
     .examples = "heddle agent manifest --cluster dev | kubectl apply -f -\n",
     .flags = manifest_flags,
     .flag_count = COUNT_OF(manifest_flags),
     .options_bytes = sizeof(struct manifest_flags),
     .is_role = true,
     .run = print_manifest},
    {.name = "demo",
     .usage = "[--script] [--speed N] [--workloads N]",
     .summary = "Try it all: a real server, agents and Git, with a simulated registry and clusters",
     .examples = "heddle demo\n"
                 "heddle demo --script --speed 10\n",
     .flags = demo_flags,
     .flag_count = COUNT_OF(demo_flags),
     .options_bytes = sizeof(struct demo_flags),
     .is_role = true,
     .run = run_demo},
    {.name = "server",
     .usage = "--repository URL --data FOLDER",
     .summary = "Watch registries and Git, promote, and serve the API and the web UI",
     .examples =
         "heddle server --repository https://git.example.org/config.git --data /var/lib/heddle\n"
         "heddle server --config /etc/heddle/server.yaml\n",
     .flags = server_flags,
     .flag_count = COUNT_OF(server_flags),
     .options_bytes = sizeof(struct server_flags),
     .is_role = true,
     .run = run_server},
};

int main(int argc, char **argv)
{
    const struct cli_setup setup = {roles, COUNT_OF(roles), env_system()};
    return cli_main(&setup, argc, argv);
}
