/* heddle doctor: what is in the way, one line each, with what to do about it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/vec.h"
#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/words.h"
#include "http/client.h"

#define PROBE_MS 5000
/* Ages are shown in seconds: less than this does not show. */
#define SKEW_MS_MAX 5000

enum finding_state { FINDING_OK, FINDING_NOTE, FINDING_BAD };

struct finding {
    enum finding_state state;
    const char *name, *text, *fix;
};

struct doctor {
    struct cli *cli;
    VEC(struct finding) findings;
};

static void doctor_done(struct doctor *doctor)
{
    VEC_DONE(&doctor->findings);
}

/* Texts live in the arena; `fix` NULL: nothing to do. */
static void add(struct doctor *doctor, enum finding_state state, const char *name, const char *text,
                const char *fix)
{
    struct finding *finding = VEC_ADD(&doctor->findings);
    *finding = (struct finding){state, name, text, fix};
}

/* ---- the connection ---- */

static bool is_loopback(const char *server)
{
    static const char *const starts[] = {"http://127.", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncmp(server, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void check_transport(struct doctor *doctor, const char *server)
{
    if (strncmp(server, "http://", 7) == 0 && !is_loopback(server)) {
        add(doctor, FINDING_BAD, "transport", "the token travels unencrypted",
            "give the server --tls-cert-file and --tls-key-file, and use https://");
    }
}

static void check_clock(struct doctor *doctor, const struct http_result *result)
{
    struct tm parts = {0};
    AUTO_STR(date, 128);
    if (!http_result_header(result, "Date", &date) ||
        !strptime(date.text, "%a, %d %b %Y %H:%M:%S GMT", &parts)) {
        return;
    }
    int64_t skew_ms = (int64_t)timegm(&parts) * 1000 - env_now_ms(doctor->cli->env);
    int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    if (size_ms <= SKEW_MS_MAX) {
        add(doctor, FINDING_OK, "clock", "agrees with the server's", NULL);
        return;
    }
    char text[DURATION_TEXT_BYTES];
    duration_format(size_ms, text);
    add(doctor, FINDING_BAD, "clock",
        arena_printf(doctor->cli->arena, "the server's is %s %s", text,
                     skew_ms < 0 ? "behind" : "ahead"),
        "let both machines follow NTP: ages and windows are wrong otherwise");
}

static void check_version(struct doctor *doctor, const json_t *who)
{
    const char *version = json_text_at(who, "server.version", "?");
    bool is_same = strcmp(version, HEDDLE_VERSION) == 0;
    add(doctor, is_same ? FINDING_OK : FINDING_NOTE, "version",
        arena_printf(doctor->cli->arena, "server %s, this program %s", version, HEDDLE_VERSION),
        is_same ? NULL : "use the server's version here: newer fields are not shown otherwise");
}

/* False when there is no point in going on. */
static bool check_server(struct doctor *doctor, const char *server)
{
    AUTO(http_result_done) struct http_result result = {0};
    struct arena *arena = doctor->cli->arena;
    struct err err = {0};
    if (!remote_probe(doctor->cli, "/whoami", PROBE_MS, &result, &err)) {
        add(doctor, FINDING_BAD, "server", arena_strdup(arena, err.text),
            "start it with `heddle server`, or name another with --server or `heddle login`");
        return false;
    }
    add(doctor, FINDING_OK, "server", arena_printf(arena, "%s answers", server), NULL);
    check_transport(doctor, server);
    check_clock(doctor, &result);
    if (result.status != 200) {
        remote_problem(doctor->cli, result.status, str_slice(&result.body), &err);
        add(doctor, FINDING_BAD, "token", arena_strdup(arena, err.text),
            arena_printf(arena, "heddle login --server %s", server));
        return false;
    }
    AUTO_JSON *who = json_parse(str_slice(&result.body), &err);
    check_version(doctor, who);
    add(doctor, FINDING_OK, "token",
        arena_printf(arena, "%s, role %s", json_text_at(who, "name", "?"),
                     json_text_at(who, "role", "?")),
        NULL);
    return true;
}

/* ---- what the server says of the rest ---- */

static bool get(struct doctor *doctor, const char *name, const char *path, json_t **out)
{
    struct err err = {0};
    if (remote_get(doctor->cli, path, out, &err)) {
        return true;
    }
    add(doctor, FINDING_BAD, name, arena_strdup(doctor->cli->arena, err.text), NULL);
    return false;
}

/* Git, and its host.  Of registries check_registries() tells more. */
static void check_git_host(struct doctor *doctor)
{
    AUTO_JSON *outages = NULL;
    if (!get(doctor, "git", "/outages", &outages)) {
        return;
    }
    size_t i = 0;
    const json_t *outage = NULL;
    json_array_foreach (json_array_at(outages, "items"), i, outage) {
        if (strcmp(json_text_at(outage, "kind", ""), "registry") != 0) {
            add(doctor, FINDING_BAD, "git", outage_of(doctor->cli, outage),
                "see that the host answers and takes the server's credentials");
        }
    }
}

static void check_git(struct doctor *doctor)
{
    AUTO_JSON *pipeline = NULL;
    struct cli *cli = doctor->cli;
    if (!get(doctor, "git", "/pipeline", &pipeline)) {
        return;
    }
    const char *commit = json_text_at(pipeline, "commit", "");
    const json_t *problems = json_array_at(pipeline, "problems");
    if (!commit[0]) {
        add(doctor, FINDING_BAD, "git", "the server has not read the config repository",
            "see the server's log; check --repository, --branch and its credentials");
    } else {
        add(doctor, FINDING_OK, "git",
            arena_printf(cli->arena, "%.*s, %zu stages", SHORT_DIGITS, commit,
                         json_array_size(json_array_at(pipeline, "stages"))),
            NULL);
    }
    for (size_t i = 0; i < json_array_size(problems); i++) {
        add(doctor, FINDING_BAD, "git", problem_of(cli, json_array_get(problems, i)),
            "commit a correction; the rest goes on meanwhile");
    }
}

static void check_waiting(struct doctor *doctor, const json_t *registries)
{
    size_t i = 0;
    const json_t *registry = NULL;
    json_array_foreach (registries, i, registry) {
        const char *wait = wait_of(doctor->cli, registry);
        if (wait) {
            add(doctor, FINDING_NOTE, "registry", wait,
                json_bool_at(registry, "isSpent", false)
                    ? "poll less often (--poll-registry) with webhooks, or allow more "
                      "(--registry-requests)"
                    : "use credentials with a higher limit, or webhooks and a longer "
                      "--poll-registry");
        }
    }
}

static void check_cosign(struct doctor *doctor, const json_t *cosign)
{
    if (!json_bool_at(cosign, "isNeeded", false)) {
        return;
    }
    if (json_bool_at(cosign, "isThere", false)) {
        add(doctor, FINDING_OK, "cosign", "rules need signatures, and the server can check them",
            NULL);
    } else {
        add(doctor, FINDING_BAD, "cosign",
            "rules need signatures, and the server has no program to check them: such images do "
            "not count",
            "install cosign in the PATH of the server");
    }
}

static void check_registries(struct doctor *doctor)
{
    AUTO_JSON *versions = NULL;
    if (!get(doctor, "registry", "/versions", &versions)) {
        return;
    }
    const json_t *sources = json_array_at(versions, "sources");
    size_t good = 0;
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        const char *error = json_text_at(source, "error", "");
        if (error[0]) {
            add(doctor, FINDING_BAD, "registry",
                arena_printf(doctor->cli->arena, "%s: %s", json_text_at(source, "repository", "?"),
                             error),
                "check --registry-config of the server, and that the repository exists");
        } else {
            good++;
        }
    }
    add(doctor, good ? FINDING_OK : FINDING_NOTE, "registry",
        arena_printf(doctor->cli->arena, "%zu of %zu repositories answer", good,
                     json_array_size(sources)),
        NULL);
    check_waiting(doctor, json_array_at(versions, "registries"));
    check_cosign(doctor, json_object_get(versions, "cosign"));
}

static void check_agent(struct doctor *doctor, const json_t *cluster)
{
    struct cli *cli = doctor->cli;
    const char *name = json_text_at(cluster, "name", "?");
    const json_t *problems = json_array_at(cluster, "problems");
    char age[AGE_BYTES];
    age_of(cli, json_text_at(cluster, "seenAt", NULL), age);
    if (!json_bool_at(cluster, "isConnected", false)) {
        const char *text = age[0] ? arena_printf(cli->arena, "%s has been silent for %s", name, age)
                                  : arena_printf(cli->arena, "%s has never reported", name);
        add(doctor, FINDING_BAD, "agent", text,
            age[0] ? "see the agent's log in that cluster"
                   : arena_printf(cli->arena, "heddle agent manifest --cluster %s", name));
    } else {
        add(doctor, FINDING_OK, "agent",
            arena_printf(cli->arena, "%s has applied %.*s", name, SHORT_DIGITS,
                         json_text_at(cluster, "appliedCommit", "nothing")),
            NULL);
    }
    for (size_t i = 0; i < json_array_size(problems); i++) {
        add(doctor, FINDING_BAD, "agent",
            arena_printf(cli->arena, "%s: %s", name, problem_of(cli, json_array_get(problems, i))),
            NULL);
    }
}

static void check_agents(struct doctor *doctor)
{
    AUTO_JSON *clusters = NULL;
    if (!get(doctor, "agent", "/clusters", &clusters)) {
        return;
    }
    const json_t *items = json_array_at(clusters, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        check_agent(doctor, json_array_get(items, i));
    }
    if (json_array_size(items) == 0) {
        add(doctor, FINDING_NOTE, "agent", "there are no clusters yet", "heddle cluster add NAME");
    }
}

/* ---- the page ---- */

static const char *const state_words[] = {"ok", "note", "BAD"};

static void show_json(const struct doctor *doctor)
{
    AUTO_JSON *body = json_object();
    json_t *items = json_array();
    VEC_EACH (struct finding, finding, &doctor->findings) {
        static const char *const states[] = {"ok", "note", "bad"};
        json_t *value = json_object();
        json_put_text(value, "name", finding->name);
        json_put_text(value, "state", states[finding->state]);
        json_put(value, "text", json_text_safe(finding->text, strlen(finding->text)));
        json_put_text(value, "fix", finding->fix);
        json_array_append_new(items, value);
    }
    json_put(body, "items", items);
    screen_json(&doctor->cli->out, body);
}

static void show(const struct doctor *doctor)
{
    static const enum style styles[] = {STYLE_GREEN, STYLE_YELLOW, STYLE_RED};
    struct screen *screen = &doctor->cli->out;
    VEC_EACH (struct finding, finding, &doctor->findings) {
        screen_text(screen, styles[finding->state], "%-5s", state_words[finding->state]);
        screen_line(screen, STYLE_PLAIN, "%-10s %s%s%s", finding->name, finding->text,
                    finding->fix ? ". Fix: " : "", finding->fix ? finding->fix : "");
    }
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO(doctor_done) struct doctor doctor = {.cli = cli};
    const char *server = remote_server(cli, err);
    if (!server) {
        return false;
    }
    if (check_server(&doctor, server)) {
        check_git_host(&doctor);
        check_git(&doctor);
        check_registries(&doctor);
        check_agents(&doctor);
    }
    if (cli->output == OUTPUT_JSON) {
        show_json(&doctor);
    } else {
        show(&doctor);
    }
    VEC_EACH (struct finding, finding, &doctor.findings) {
        cli->exit_code = finding->state == FINDING_BAD ? EXIT_FAILED : cli->exit_code;
    }
    return true;
}

const struct cli_command command_doctor = {
    .name = "doctor",
    .usage = "",
    .summary = "What is in the way, and how to fix it",
    .text = "Checks the server, clocks, your token, Git, registries and agents. The exit code is 1 "
            "when\n"
            "something is bad.\n",
    .examples = "heddle doctor\n",
    .run = run,
};
