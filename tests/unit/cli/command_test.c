/* Every command against a scripted server: what it prints, asks and answers. */
#include "../registry/script.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define API "/api/v1"

struct golden {
    const char *name;
    struct run run;
};

static void check_all(const struct answer *answers, const struct golden *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stage stage;
        stage_begin(&stage, answers);
        assert_golden(&stage, cases[i].name, &cases[i].run);
        stage_end(&stage);
    }
}

static const struct answer reading[] = {
    {"GET", API "/board", 200, "board.json"},
    {"GET", API "/clusters", 200, "clusters.json"},
    {"GET", API "/clusters/dev", 200, "cluster.json"},
    {"GET", API "/clusters/new", 200, "cluster-unknown.json"},
    {"GET", API "/versions", 200, "versions.json"},
    {"GET", API "/versions?workload=cart", 200, "versions.json"},
    {"GET", API "/outages", 200, "outages.json"},
    {"GET", API "/holds", 200, "holds.json"},
    {"GET", API "/releases?limit=20", 200, "releases.json"},
    {"GET", API "/releases?before=7&limit=18", 200, "releases-2.json"},
    {"GET", API "/releases?workload=cart&stage=prod&since=2026-10-23T14:03:05Z&limit=2", 200,
     "releases.json"},
    {"GET", API "/releases/7", 200, "release.json"},
    {"GET", API "/releases/8", 200, "stuck.json"},
    {"GET", API "/releases/12", 200, "release-proposed.json"},
    {"GET", API "/releases/7/diff", 200, "release.diff"},
    {"GET", API "/cells/dev/cart", 200, "cell.json"},
    {"GET", API "/whoami", 200, "whoami.json"},
    {"GET", API "/tokens", 200, "tokens.json"},
    {"GET", API "/pipeline", 200, "pipeline.json"},
    {"GET", API "/cells/prod/crat", 404,
     "{\"error\": {\"code\": \"not_found\", \"message\": \"prod has no workload \\\"crat\\\"; did "
     "you "
     "mean \\\"cart\\\"?\\u001b[2J\"}}"},
    {0},
};

static void what_is_read_is_shown(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"get-board", {"get board", NULL, NULL, false}},
        {"get-board-wide", {"get board -o wide", NULL, NULL, false}},
        {"get-board-narrow", {"get board", NULL, "COLUMNS=60", false}},
        {"get-board-stuck", {"get board --state stuck,failed -s dev", NULL, NULL, false}},
        {"get-board-no-stage", {"get board -s dve", NULL, NULL, false}},
        {"get-board-name", {"-o name get board", NULL, NULL, false}},
        {"get-clusters", {"get clusters", NULL, NULL, false}},
        {"describe-cluster", {"describe cluster dev", NULL, NULL, false}},
        {"describe-cluster-unknown", {"describe cluster new", NULL, NULL, false}},
        {"describe-cluster-name", {"describe cluster dev -o name", NULL, NULL, false}},
        {"get-versions", {"get versions cart", NULL, NULL, false}},
        {"get-versions-wide", {"get versions -o wide", NULL, NULL, false}},
        {"get-holds", {"get holds", NULL, NULL, false}},
        {"get-holds-name", {"get holds -o name", NULL, NULL, false}},
        {"get-releases", {"get releases", NULL, NULL, false}},
        {"get-releases-name", {"get releases -o name", NULL, NULL, false}},
        {"history", {"history cart -s prod --since 30d --limit 2", NULL, NULL, false}},
        {"describe-release", {"describe release R-7", NULL, NULL, false}},
        {"describe-release-json", {"describe release r-7 -o json", NULL, NULL, false}},
        {"describe-release-proposed", {"describe release R-12", NULL, NULL, false}},
        {"why-cell", {"why cart -s dev", NULL, NULL, false}},
        {"why-cell-narrow", {"why cart -s dev --color always", NULL, "COLUMNS=40", false}},
        {"why-release", {"why R-7", NULL, NULL, false}},
        {"why-stuck", {"why 8", NULL, NULL, false}},
        {"why-not-found", {"why crat -s prod", NULL, NULL, false}},
        {"why-not-found-json", {"why crat -s prod -o json", NULL, NULL, false}},
        {"diff-release", {"diff R-7", NULL, NULL, false}},
        {"whoami", {"whoami", NULL, NULL, false}},
        {"token-list", {"token list", NULL, NULL, false}},
    };
    check_all(reading, cases, COUNT_OF(cases));
}

static void wrong_usage_is_explained(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"usage-no-command", {"promot cart", NULL, NULL, false}},
        {"usage-no-subcommand", {"get bord", NULL, NULL, false}},
        {"usage-half-a-command", {"get", NULL, NULL, false}},
        {"usage-no-flag", {"get board --stat stuck", NULL, NULL, false}},
        {"usage-no-flag-json", {"get board -o json --stat stuck", NULL, NULL, false}},
        {"usage-too-few", {"watch", NULL, NULL, false}},
        {"usage-too-many", {"watch R-7 R-8", NULL, NULL, false}},
        {"usage-no-release", {"watch cart", NULL, NULL, false}},
        {"usage-promote-nothing", {"promote --to prod", NULL, NULL, false}},
        {"usage-promote-nowhere", {"promote cart", NULL, NULL, false}},
        {"usage-promote-no-terminal", {"promote cart --to prod", NULL, NULL, false}},
        {"usage-promote-ticks", {"promote -i --to prod", NULL, NULL, false}},
        {"usage-rollback-no-reason", {"rollback cart -s dev", NULL, NULL, false}},
        {"usage-hold-no-stage", {"hold cart -m x", NULL, NULL, false}},
        {"usage-why-no-stage", {"why cart", NULL, NULL, false}},
        {"usage-server", {"whoami --server 127.0.0.1:1", NULL, NULL, false}},
        {"help", {"help", NULL, NULL, false}},
        {"help-first", {"", NULL, NULL, false}},
        {"help-promote", {"promote -h", NULL, NULL, false}},
        {"help-exit-codes", {"help exit-codes", NULL, NULL, false}},
        {"help-output", {"help output", NULL, NULL, false}},
        {"help-check", {"check -h", NULL, NULL, false}},
        {"help-schema", {"schema -h", NULL, NULL, false}},
        {"version", {"--version", NULL, NULL, false}},
        {"completion-bash", {"completion bash", NULL, NULL, false}},
    };
    check_all(reading, cases, COUNT_OF(cases));
}

static const struct answer refusing[] = {
    {"GET", API "/tokens", 403,
     "{\"error\": {\"code\": \"denied\", \"message\": \"this needs the role admin; yours is "
     "promote\"}}"},
    {"GET", API "/board", 503,
     "{\"error\": {\"code\": \"unavailable\", \"message\": \"the config repository has not been "
     "read yet\"}}"},
    {"GET", API "/clusters", 502, "{\"hello\": 1}"},
    {"GET", API "/holds", 200, "{\"items\": [nonsense"},
    {"POST", API "/plans", 200, "{\"items\": [nonsense"},
    {0},
};

static void refusals_have_an_exit_code_each(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"refused-denied", {"token list", NULL, NULL, false}},
        {"refused-unavailable", {"get board", NULL, NULL, false}},
        {"refused-strange", {"get clusters", NULL, NULL, false}},
        {"refused-diff", {"diff cart --to prod", NULL, NULL, false}},
        {"refused-broken", {"get holds", NULL, NULL, false}},
        {"refused-anonymous", {"get board", NULL, NULL, true}},
    };
    check_all(refusing, cases, COUNT_OF(cases));
}

static const struct answer doing[] = {
    {"POST", API "/plans", 200, "plan.json"},
    {"POST", API "/releases", 201, "release.json"},
    {"GET", API "/releases/7", 200, "release.json"},
    {"GET", API "/events", 200, "story.events"},
    {"POST", API "/releases/7/approve", 200, "release.json"},
    {"POST", API "/releases/7/reject", 200, "release.json"},
    {"POST", API "/releases/7/stop", 200, "release.json"},
    {"POST", API "/releases/7/retry", 200, "release.json"},
    {"POST", API "/rollbacks", 201, "release.json"},
    {"POST", API "/holds", 201, "{\"id\": 1, \"expiresAt\": \"2026-11-22T16:03:05Z\"}"},
    {"POST", API "/holds/end", 200, "{\"ended\": 1}"},
    {"POST", API "/sync", 202, "{}"},
    {"POST", API "/clusters", 201, "{\"name\": \"dev\", \"token\": \"hdl_secret\"}"},
    {"POST", API "/tokens", 201,
     "{\"name\": \"ci\", \"role\": \"promote\", \"token\": \"hdl_ci\"}"},
    {"DELETE", API "/tokens/a b", 204, "{}"},
    {0},
};

static void what_is_done_is_shown(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"promote",
         {"promote cart orders --from staging --to prod -y -m 'ship it'", NULL, NULL, false}},
        {"promote-dry-run", {"promote --all --to prod --dry-run", NULL, NULL, false}},
        {"promote-dry-run-json", {"promote --all --to prod -n -o json", NULL, NULL, false}},
        {"promote-no-wait", {"promote cart --to prod -y --no-wait", NULL, NULL, false}},
        {"promote-name", {"promote cart --to prod -y --no-wait -o name", NULL, NULL, false}},
        {"promote-plan-moved", {"promote cart --to prod -y --plan 77777777", NULL, NULL, false}},
        {"promote-plan-short", {"promote cart --to prod -y --plan 5f0c", NULL, NULL, false}},
        {"promote-committed", {"promote cart --to prod -y --wait committed", NULL, NULL, false}},
        {"promote-approved",
         {"promote cart --to prod -y --wait approved --plan 5f0c112", NULL, NULL, false}},
        {"promote-json", {"promote cart --to prod -y --wait approved -o json", NULL, NULL, false}},
        {"diff-impact", {"diff cart orders --to prod --impact --stays", NULL, NULL, false}},
        {"diff-rendered", {"diff cart orders --to prod --rendered", NULL, NULL, false}},
        {"diff-plan", {"diff cart --to prod --from staging", NULL, NULL, false}},
        {"watch", {"watch R-7", NULL, NULL, false}},
        {"approve", {"approve R-7 -m ok", NULL, NULL, false}},
        {"approve-plan-moved", {"approve R-7 --plan 1234567", NULL, NULL, false}},
        {"reject", {"reject R-7 -m no", NULL, NULL, false}},
        {"stop", {"stop R-7", NULL, NULL, false}},
        {"retry", {"retry R-7", NULL, NULL, false}},
        {"rollback", {"rollback cart -s prod -m crashes --no-wait", NULL, NULL, false}},
        {"rollback-release",
         {"rollback R-7 -m crashes --to 1.0.0 --wait approved", NULL, NULL, false}},
        {"hold", {"hold cart -s prod -m 'load test' --for 2h", NULL, NULL, false}},
        {"resume", {"resume cart -s prod", NULL, NULL, false}},
        {"sync", {"sync prod-eu", NULL, NULL, false}},
        {"cluster-add", {"cluster add dev", NULL, NULL, false}},
        {"token-create", {"token create ci --role promote --for 90d", NULL, NULL, false}},
        {"token-revoke", {"token revoke 'a b'", NULL, NULL, false}},
    };
    check_all(doing, cases, COUNT_OF(cases));
}

static const struct answer ending[] = {
    {"POST", API "/plans", 200, "nothing.json"},
    {"GET", API "/events", 200, "silent.events"},
    {"GET", API "/releases/6", 200, "done.json"},
    {"GET", API "/releases/7", 200, "release.json"},
    {"GET", API "/releases/8", 200, "stuck.json"},
    {"GET", API "/releases/9", 200, "rolled-back.json"},
    {0},
};

static void a_watch_tells_how_it_ended(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"watch-done", {"watch R-6", NULL, NULL, false}},
        {"watch-stuck", {"watch R-8", NULL, NULL, false}},
        {"watch-rolled-back", {"watch R-9", NULL, NULL, false}},
        {"watch-timeout", {"watch R-7 --timeout 200ms", NULL, NULL, false}},
        {"watch-person", {"watch R-7 --wait committed", NULL, NULL, false}},
        {"watch-not-found", {"watch R-44", NULL, NULL, false}},
        {"promote-nothing", {"promote --all --to prod -y", NULL, NULL, false}},
    };
    check_all(ending, cases, COUNT_OF(cases));
}

/* The stream ends in the middle, wave 2 begins while nobody listens: the watch goes on by itself
   and says what it has missed. */
static void a_watch_survives_a_lost_stream(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"GET", API "/events", 200, "cut.events"},
        {"GET", API "/events", 200, "rest.events"},
        {"GET", API "/releases/7", 200, "release.json"},
        {"GET", API "/releases/7", 200, "release-wave-2.json"},
        {0},
    };
    struct stage stage;
    static const struct run run = {"watch R-7", NULL, NULL, false};
    AUTO_STR(requests, OUTPUT_MAX);
    stage_begin(&stage, answers);
    assert_golden(&stage, "watch-lost-stream", &run);
    stage_requests(&stage, &requests);
    assert_string_equal(requests.text, "GET /api/v1/events\n"
                                       "GET /api/v1/releases/7\n"
                                       "GET /api/v1/events last=boot-6\n"
                                       "GET /api/v1/releases/7\n");
    stage_end(&stage);
}

/* The answer to "how is it now?" is older than an event that has come before it. */
static void an_older_answer_does_not_undo_an_event(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"GET", API "/events", 200, "queued.events"},
        {"GET", API "/releases/7", 200, "late release.json"},
        {0},
    };
    struct stage stage;
    static const struct run run = {"watch R-7 --timeout 600ms", NULL, NULL, false};
    struct outcome_of_run result;
    stage_begin(&stage, answers);
    stage_run(&stage, &run, &result);
    assert_int_equal(result.code, 3);
    assert_string_equal(result.out.text,
                        "2026-11-22T14:03:05Z R-7 queued, wave 1 of 2: Its turn comes next.\n");
    run_done(&result);
    stage_end(&stage);
}

/* The same server by another name: for all one knows, somebody else's. */
static void a_stored_token_is_not_shown_to_another_server(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome_of_run result;
    char arguments[64];
    stage_begin(&stage, reading);
    stage_run(&stage, &(struct run){"login", "hdl_test\n", NULL, true}, &result);
    assert_int_equal(result.code, 0);
    run_done(&result);
    snprintf(arguments, sizeof(arguments), "whoami --server http://localhost:%d", stage.port);
    stage_run(&stage, &(struct run){arguments, NULL, NULL, true}, &result);
    assert_int_equal(result.code, 4);
    assert_non_null(strstr(result.talk.text, "not signed in to http://localhost"));
    run_done(&result);
    stage_end(&stage);
}

/* A server that refuses the stream's token ends the watch at once. */
static void a_watch_without_a_token_ends(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome_of_run result;
    stage_begin(&stage, ending);
    stage_run(&stage, &(struct run){"watch R-7", NULL, NULL, true}, &result);
    assert_int_equal(result.code, 4);
    assert_non_null(strstr(result.talk.text, "not signed in"));
    run_done(&result);
    stage_end(&stage);
}

static void what_was_seen_is_what_is_sent(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome_of_run result;
    AUTO_STR(requests, OUTPUT_MAX);
    static const struct {
        const char *arguments, *request;
    } cases[] = {
        {"promote cart orders --from staging --to prod -y --no-wait -m 'ship it'",
         "POST /api/v1/releases key=abababababababababababababababab "
         "{\"from\":\"staging\",\"planDigest\":"
         "\"5f0c11223344556677889900aabbccddeeff00112233445566778899aabbccdd\","
         "\"reason\":\"ship it\",\"to\":\"prod\",\"workloads\":[\"cart\",\"orders\"]}\n"},
        {"promote --all --to prod --version 1.2 -n",
         "{\"to\":\"prod\",\"version\":\"1.2\",\"with\":[\"impact\",\"stays\"],\"workloads\":[]}"
         "\n"},
        {"diff cart --from staging --to prod --rendered --stays",
         "{\"from\":\"staging\",\"to\":\"prod\",\"with\":[\"rendered\",\"stays\"],"
         "\"workloads\":[\"cart\"]}\n"},
        {"approve R-7 -m ok",
         "{\"message\":\"ok\",\"planDigest\":"
         "\"5f0c11223344556677889900aabbccddeeff00112233445566778899aabbccdd\"}\n"},
        {"rollback R-7 -m crashes --to 1.0.0 --no-wait",
         "{\"reason\":\"crashes\",\"release\":7,\"to\":\"1.0.0\"}\n"},
        {"rollback cart -s prod -m crashes --no-wait",
         "{\"reason\":\"crashes\",\"stage\":\"prod\",\"workload\":\"cart\"}\n"},
        {"hold -s prod -m audit --for 2h",
         "{\"forMs\":7200000,\"reason\":\"audit\",\"stage\":\"prod\",\"workload\":\"\"}\n"},
        {"resume cart -s prod", "{\"stage\":\"prod\",\"workload\":\"cart\"}\n"},
        {"sync", "POST /api/v1/sync key=abababababababababababababababab {\"cluster\":\"\"}\n"},
        {"cluster add dev", "{\"name\":\"dev\"}\n"},
        {"token create ci --role promote", "{\"name\":\"ci\",\"role\":\"promote\"}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        stage_begin(&stage, doing);
        stage_run(&stage, &(struct run){cases[i].arguments, NULL, NULL, false}, &result);
        run_done(&result);
        str_clear(&requests);
        stage_requests(&stage, &requests);
        if (!strstr(requests.text, cases[i].request)) {
            fail_msg("%s asked:\n%s", cases[i].arguments, requests.text);
        }
        stage_end(&stage);
    }
}

static void signing_in_keeps_the_token_for_its_server_only(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *input;
        int code;
        const char *says;
    } steps[] = {
        {"whoami", NULL, 4, "not signed in to http://127.0.0.1:"},
        {"login", "hdl_wrong\n", 4, "does not know this token; nothing was stored"},
        {"login", "", 2, "standard input is empty"},
        {"whoami", NULL, 4, "not signed in"},
        {"login", "hdl_test\n", 0, "as ada (promote)"},
        {"whoami", NULL, 0, ""},
        {"whoami --server http://localhost:1", NULL, 9, "cannot reach http://localhost:1"},
        {"logout", NULL, 0, "Signed out"},
        {"logout", NULL, 0, "You were not signed in"},
        {"whoami", NULL, 4, "not signed in"},
    };
    struct stage stage;
    stage_begin(&stage, reading);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct outcome_of_run result;
        stage_run(&stage, &(struct run){steps[i].arguments, steps[i].input, NULL, true}, &result);
        if (result.code != steps[i].code || !strstr(result.talk.text, steps[i].says)) {
            fail_msg("step %zu: exit %d, %s", i, result.code, result.talk.text);
        }
        run_done(&result);
        if (i == 4) {
            char path[128];
            struct stat status;
            snprintf(path, sizeof(path), "%s/.config/heddle/config", stage.folder);
            assert_int_equal(stat(path, &status), 0);
            assert_int_equal(status.st_mode & 0777, 0600);
        }
    }
    stage_end(&stage);
}

static void a_token_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome_of_run result;
    char path[128];
    stage_begin(&stage, reading);
    stage_run(&stage, &(struct run){"login", "hdl_test\n", NULL, true}, &result);
    run_done(&result);
    snprintf(path, sizeof(path), "%s/.config/heddle/config", stage.folder);
    assert_int_equal(chmod(path, 0644), 0);
    stage_run(&stage, &(struct run){"whoami", NULL, NULL, true}, &result);
    assert_int_equal(result.code, 2);
    assert_non_null(strstr(result.talk.text, "chmod 600"));
    run_done(&result);
    stage_end(&stage);
}

static void a_token_never_shows(void **state)
{
    (void)state;
    static const char *const commands[] = {"whoami", "doctor", "get board", "watch R-44",
                                           "get nothing"};
    struct stage stage;
    stage_begin(&stage, reading);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct outcome_of_run result;
        stage_run(&stage, &(struct run){commands[i], NULL, NULL, false}, &result);
        assert_null(strstr(result.out.text, "hdl_test"));
        assert_null(strstr(result.talk.text, "hdl_test"));
        run_done(&result);
    }
    stage_end(&stage);
}

/* Without a server of heddle's: the repository is asked. */
static void versions_of_a_chart_are_shown_newest_first_with_reasons(void **state)
{
    (void)state;
    struct script_rule rule = {
        .when = "GET /charts/index.yaml ",
        .status = "200 OK",
        .headers = "",
        .body = "entries:\n  podinfo:\n  - {version: 6.4.0, deprecated: true}\n"
                "  - {version: 6.10.0+1, appVersion: 6.10, created: 2026-11-20T14:03:05Z}\n"
                "  - {version: 7.0.0-rc.1}\n  - {version: 5.0.0}\n"};
    struct script repository;
    static const char wanted[] =
        "VERSION     APP   CREATED  DOES NOT COUNT\n"
        "6.10.0+1    6.10  2 d\n"
        "6.4.0       -              It is deprecated.\n"
        "7.0.0-rc.1  -              It is a pre-release, and the range names none that fits.\n"
        "5.0.0       -              It is not in 6.x.\n";
    struct stage stage;
    struct outcome_of_run result;
    char arguments[200];
    stage_begin(&stage, reading);
    script_start(&repository, &rule, 1);
    snprintf(arguments, sizeof(arguments),
             "get chart-versions podinfo --range 6.x --repo http://127.0.0.1:%d/charts",
             repository.port);
    stage_run(&stage, &(struct run){arguments, NULL, NULL, true}, &result);
    if (strcmp(result.out.text, wanted) != 0) {
        fail_msg("%s%s", result.out.text, result.talk.text);
    }
    assert_int_equal(result.code, 0);
    run_done(&result);
    snprintf(arguments, sizeof(arguments),
             "get chart-versions podnfo --repo http://127.0.0.1:%d/charts", repository.port);
    stage_run(&stage, &(struct run){arguments, NULL, NULL, true}, &result);
    assert_non_null(strstr(result.talk.text, "it has no chart \"podnfo\""));
    assert_int_equal(result.code, 5);
    run_done(&result);
    stage_run(&stage, &(struct run){"get chart-versions podinfo", NULL, NULL, true}, &result);
    assert_non_null(strstr(result.talk.text, "--repo is needed"));
    assert_int_equal(result.code, 2);
    run_done(&result);
    script_stop(&repository);
    stage_end(&stage);
}

/* The server's Date is the real one and the command line's clock is frozen, so that line differs
   each time; the others are golden. */
static void doctor_names_each_trouble_with_a_fix(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "ok   server     http://127.0.0.1:",
        "BAD  clock      the server's is ",
        "ok   version    server 0.1.0, this program 0.1.0\n",
        "ok   token      ada, role promote\n",
        "BAD  git        The config repository https://git.example.org/shop/config.git has been ",
        "ok   git        9f31c2a, 2 stages\n",
        "BAD  git        clusters/dev/web.yaml:3: mapping values are not allowed here. Fix: ",
        "BAD  registry   127.0.0.1:5000/shop/web: the registry answered 503. Fix: ",
        "ok   registry   1 of 2 repositories answer\n",
        "registry   127.0.0.1:5000 has had its 36000 requests of the hour, so polls wait. Fix: ",
        ("BAD  cosign     rules need signatures, and the server has no program to check them: such "
         "images do not count. Fix: install cosign in the PATH of the server\n"),
        "registry   ghcr.io has asked to wait and is not asked before 2026-11-22T14:09:00Z. Fix: ",
        "ok   agent      dev has applied 9f31c2a\n",
        "BAD  agent      prod-eu has been silent for 1 h. Fix: ",
        "BAD  agent      prod-eu: clusters/prod-eu/web.yaml:7: ",
        "BAD  agent      prod-us has never reported. Fix: heddle agent manifest --cluster prod",
    };
    struct stage stage;
    struct outcome_of_run result;
    stage_begin(&stage, reading);
    stage_run(&stage, &(struct run){"doctor", NULL, NULL, false}, &result);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        if (!strstr(result.out.text, lines[i])) {
            fail_msg("no \"%s\" in:\n%s%s", lines[i], result.out.text, result.talk.text);
        }
    }
    assert_int_equal(result.code, 1);
    run_done(&result);
    stage_run(&stage, &(struct run){"doctor --server http://127.0.0.1:1", NULL, NULL, false},
              &result);
    assert_non_null(strstr(result.out.text, "BAD  server     cannot reach http://127.0.0.1:1"));
    assert_int_equal(result.code, 1);
    run_done(&result);
    stage_end(&stage);
}

static void completion_knows_commands_flags_and_names(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *offers, *not_offers;
    } cases[] = {
        {"__complete -- prom", "promote\tMove versions", "get\t"},
        {"__complete -- get ''", "board\tWhich", "promote"},
        {"__complete -- get", "get\t\n", "board"},
        {"__complete -- promote c", "cart\tDeployment\n", "orders"},
        {"__complete -- promote cart --to ''", "staging\t\n", "cart\t"},
        {"__complete -- promote cart --dr", "--dry-run\tshow", "--from"},
        {"__complete -- get board -o j", "json\t\n", "wide"},
        {"__complete -- promote --wait ''", "committed\t\n", "cart"},
        {"__complete -- watch R", "R-8\trolling_out\n", "cart"},
        {"__complete -- sync prod", "prod-eu\tprod\n", "dev\t"},
        {"__complete -- -o", "", "promote"},
    };
    struct stage stage;
    AUTO_STR(requests, OUTPUT_MAX);
    stage_begin(&stage, reading);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome_of_run result;
        stage_run(&stage, &(struct run){cases[i].arguments, NULL, NULL, false}, &result);
        if (result.code != 0 || !strstr(result.out.text, cases[i].offers) ||
            strstr(result.out.text, cases[i].not_offers)) {
            fail_msg("%s: exit %d\n%s%s", cases[i].arguments, result.code, result.out.text,
                     result.talk.text);
        }
        run_done(&result);
    }
    stage_end(&stage);
}

static void completion_is_silent_without_a_server(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome_of_run result;
    stage_begin(&stage, reading);
    stage_run(
        &stage,
        &(struct run){"__complete -- promote c", NULL, "HEDDLE_SERVER=http://127.0.0.1:1", false},
        &result);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.out.text, "");
    assert_string_equal(result.talk.text, "");
    run_done(&result);
    stage_end(&stage);
}

static void check_says_what_it_finds_in_each_format(void **state)
{
    (void)state;
    static const struct answer nothing[] = {{0}};
    static const struct {
        const char *arguments;
        int code;
        const char *out;
    } cases[] = {
        {"check tests/golden/repos/troubles/repo", 1,
         "heddle.yaml:16:11: the folder clusters/empty of target empty"},
        {"check tests/golden/repos/troubles/repo -o json", 1, "\"rule\": \"duplicate-key\""},
        {"check tests/golden/repos/troubles/repo -o sarif", 1, "\"ruleId\": \"duplicate-key\""},
        {"check tests/golden/repos/named-fields/repo", 0, ""},
        {"check tests/golden/repos/named-fields/repo -o json", 0, "\"findings\": []"},
        {"check no/such/folder", 5, ""},
        {"check -o wide", 2, ""},
    };
    struct stage stage;
    stage_begin(&stage, nothing);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome_of_run result;
        stage_run(&stage, &(struct run){cases[i].arguments, NULL, NULL, true}, &result);
        if (result.code != cases[i].code || !strstr(result.out.text, cases[i].out)) {
            fail_msg("%s: exit %d\n%s%s", cases[i].arguments, result.code, result.out.text,
                     result.talk.text);
        }
        run_done(&result);
    }
    stage_end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_shown),
        cmocka_unit_test(wrong_usage_is_explained),
        cmocka_unit_test(refusals_have_an_exit_code_each),
        cmocka_unit_test(what_is_done_is_shown),
        cmocka_unit_test(a_watch_tells_how_it_ended),
        cmocka_unit_test(a_watch_survives_a_lost_stream),
        cmocka_unit_test(an_older_answer_does_not_undo_an_event),
        cmocka_unit_test(a_stored_token_is_not_shown_to_another_server),
        cmocka_unit_test(a_watch_without_a_token_ends),
        cmocka_unit_test(what_was_seen_is_what_is_sent),
        cmocka_unit_test(signing_in_keeps_the_token_for_its_server_only),
        cmocka_unit_test(a_token_that_others_can_read_is_refused),
        cmocka_unit_test(a_token_never_shows),
        cmocka_unit_test(versions_of_a_chart_are_shown_newest_first_with_reasons),
        cmocka_unit_test(doctor_names_each_trouble_with_a_fix),
        cmocka_unit_test(completion_knows_commands_flags_and_names),
        cmocka_unit_test(completion_is_silent_without_a_server),
        cmocka_unit_test(check_says_what_it_finds_in_each_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
