#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "http/server.h"
#include "loop/loop.h"

#define ARGUMENTS_MAX 32
#define ANSWERS_MAX 32
#define EVENT_GAP_MS 20
#define FOLDER "tests/golden/cli"

/* ---- clock ---- */

static int64_t frozen_now_ms(void *context)
{
    (void)context;
    return INT64_C(1795356185000);
}

static int64_t real_mono_ms(void *context)
{
    (void)context;
    return env_now_mono_ms(env_system());
}

static void no_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0xAB, length);
}

const struct env frozen_env = {frozen_now_ms, real_mono_ms, no_random, NULL};

/* ---- the server, in its own process ---- */

struct scripted {
    const struct answer *answers;
    bool used[ANSWERS_MAX];
    struct loop *loop;
    int log;
    struct http_body *stream;
    struct loop_timer *events;
    struct str text; /* what the stream still sends */
    size_t at;
    struct http_exchange *late; /* answered when the stream has sent all */
    const char *late_name;
};

static const struct answer *pick(struct scripted *server, const char *method, const char *path)
{
    const struct answer *last = NULL;
    for (size_t i = 0; server->answers[i].method; i++) {
        const struct answer *answer = &server->answers[i];
        if (strcmp(answer->method, method) == 0 && strcmp(answer->path, path) == 0) {
            last = answer;
            if (!server->used[i]) {
                server->used[i] = true;
                return answer;
            }
        }
    }
    return last;
}

static void read_body(const char *name, struct str *out)
{
    struct err err = {0};
    char path[256];
    if (name[0] == '{') {
        str_add(out, name);
        return;
    }
    snprintf(path, sizeof(path), FOLDER "/server/%s", name);
    if (!file_read(path, out, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static void stream_closed(void *context)
{
    struct scripted *server = context;
    server->stream = NULL;
    loop_timer_stop(&server->events);
}

static void answer_late(struct scripted *server)
{
    AUTO_STR(body, OUTPUT_MAX);
    if (server->late) {
        read_body(server->late_name, &body);
        http_reply_bytes(server->late, 200, "application/json", str_slice(&body));
        server->late = NULL;
    }
}

static void send_event(void *context)
{
    struct scripted *server = context;
    const char *from = server->text.text + server->at;
    const char *end = strstr(from, "\n\n");
    if (!end || !server->stream) {
        loop_timer_stop(&server->events);
        answer_late(server);
        return;
    }
    size_t length = (size_t)(end - from) + 2;
    server->at += length;
    if (strncmp(from, "close\n", 6) == 0) {
        loop_timer_stop(&server->events);
        http_body_end(server->stream);
        return;
    }
    http_body_write(server->stream, (struct slice){from, length});
}

static void open_stream(struct scripted *server, struct http_exchange *exchange, const char *name)
{
    str_clear(&server->text);
    read_body(name, &server->text);
    server->at = 0;
    server->stream =
        http_reply_stream(exchange, 200, "text/event-stream", OUTPUT_MAX, stream_closed, server);
    http_body_write(server->stream, slice_of("event: hello\nid: boot-0\ndata: {}\n\n"));
}

static const char *full_path(const struct http_exchange *exchange, struct str *path)
{
    static const char *const keys[] = {"workload", "stage", "kind",   "actor",
                                       "state",    "since", "before", "limit"};
    str_add(path, http_path(exchange));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const char *value = http_query(exchange, keys[i]);
        if (value) {
            str_addf(path, "%c%s=%s", strchr(path->text, '?') ? '&' : '?', keys[i], value);
        }
    }
    return path->text;
}

static void note(struct scripted *server, struct http_exchange *exchange, const char *method,
                 const char *path)
{
    const char *key = http_request_header(exchange, "Idempotency-Key");
    const char *last = http_request_header(exchange, "Last-Event-ID");
    struct slice body = http_body_of(exchange);
    dprintf(server->log, "%s %s%s%s%s%s%s%.*s\n", method, path, key ? " key=" : "", key ? key : "",
            last ? " last=" : "", last ? last : "", body.length ? " " : "", (int)body.length,
            body.length ? body.bytes : "");
}

static bool is_known(struct http_exchange *exchange)
{
    const char *who = http_request_header(exchange, "Authorization");
    return who && strcmp(who, "Bearer hdl_test") == 0;
}

static void reply(struct scripted *server, struct http_exchange *exchange, const struct answer *row,
                  struct str *body)
{
    if (strncmp(row->body, "late ", 5) == 0) {
        http_exchange_keep(exchange);
        server->late = exchange;
        server->late_name = row->body + 5;
        return;
    }
    bool is_diff = strstr(row->body, ".diff") != NULL;
    read_body(row->body, body);
    http_reply_bytes(exchange, row->status, is_diff ? "text/x-diff" : "application/json",
                     str_slice(body));
}

static void begin_events(struct scripted *server, const char *path)
{
    if (server->stream && !server->events && strncmp(path, "/api/v1/releases/", 17) == 0) {
        server->events =
            loop_timer_start(server->loop, EVENT_GAP_MS, EVENT_GAP_MS, send_event, server);
    }
}

static void answer(struct http_exchange *exchange, void *context)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
    struct scripted *server = context;
    const char *method = methods[http_method_of(exchange)];
    AUTO_STR(path, 4096);
    AUTO_STR(body, OUTPUT_MAX);
    struct err err = {0};
    const struct answer *row = pick(server, method, full_path(exchange, &path));
    note(server, exchange, method, path.text);
    if (!is_known(exchange)) {
        err_set(&err, ERR_UNKNOWN_WHO, "no such token");
        http_reply_error(exchange, &err);
    } else if (!row) {
        err_set(&err, ERR_NOT_FOUND, "the script has no %s %.200s", method, path.text);
        http_reply_error(exchange, &err);
    } else if (strstr(row->body, ".events")) {
        open_stream(server, exchange, row->body);
    } else {
        reply(server, exchange, row, &body);
        begin_events(server, path.text);
    }
}

static const struct http_route routes[] = {
    {HTTP_GET, "/api/v1/{a}", 1, answer, "any", 0},
    {HTTP_GET, "/api/v1/{a}/{b}", 1, answer, "any", 0},
    {HTTP_GET, "/api/v1/{a}/{b}/{c}", 1, answer, "any", 0},
    {HTTP_POST, "/api/v1/{a}", 1, answer, "any", 0},
    {HTTP_POST, "/api/v1/{a}/{b}", 1, answer, "any", 0},
    {HTTP_POST, "/api/v1/{a}/{b}/{c}", 1, answer, "any", 0},
    {HTTP_DELETE, "/api/v1/{a}/{b}", 1, answer, "any", 0},
};

static bool allow(struct http_exchange *exchange, int permission, void *context)
{
    (void)exchange;
    (void)permission;
    (void)context;
    return true;
}

static void serve(const struct answer *answers, int log, int port_pipe) __attribute__((noreturn));
static void serve(const struct answer *answers, int log, int port_pipe)
{
    struct scripted server = {.answers = answers, .loop = loop_new(), .log = log};
    struct http_server *http = NULL;
    struct err err = {0};
    str_init(&server.text, OUTPUT_MAX);
    const struct http_server_options options = {
        .loop = server.loop,
        .address = "127.0.0.1",
        .routes = routes,
        .route_count = COUNT_OF(routes),
        .authorize = allow,
        .context = &server,
    };
    if (!loop_stop_on_signals(server.loop, &err) || !http_server_start(&options, &http, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    int port = http_server_port(http);
    if (write(port_pipe, &port, sizeof(port)) != sizeof(port)) {
        _exit(1);
    }
    close(port_pipe);
    loop_run(server.loop);
    _exit(0);
}

void stage_begin(struct stage *stage, const struct answer *answers)
{
    int port_pipe[2];
    snprintf(stage->folder, sizeof(stage->folder), "/tmp/heddle-cli-test-XXXXXX");
    assert_non_null(mkdtemp(stage->folder));
    snprintf(stage->requests, sizeof(stage->requests), "%s/requests", stage->folder);
    int log = open(stage->requests, O_CREAT | O_WRONLY | O_APPEND, 0600);
    assert_true(log >= 0 && pipe(port_pipe) == 0);
    fflush(NULL);
    stage->server = fork();
    if (stage->server == 0) {
        /* A test that fails does not come to stage_end(). */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(port_pipe[0]);
        serve(answers, log, port_pipe[1]);
    }
    close(log);
    close(port_pipe[1]);
    assert_int_equal(read(port_pipe[0], &stage->port, sizeof(stage->port)), sizeof(stage->port));
    close(port_pipe[0]);
}

void stage_end(struct stage *stage)
{
    struct err err = {0};
    kill(stage->server, SIGTERM);
    waitpid(stage->server, NULL, 0);
    ASSERT_OK(file_remove_tree(stage->folder, &err), err);
}

void stage_requests(const struct stage *stage, struct str *out)
{
    struct err err = {0};
    ASSERT_OK(file_read(stage->requests, out, &err), err);
}

/* ---- the command line, in its own process ---- */

static int split(char *text, char **out)
{
    int count = 0;
    out[count++] = (char *)(uintptr_t) "heddle";
    while (*text && count < ARGUMENTS_MAX) {
        char end = *text == '\'' ? '\'' : ' ';
        text += *text == '\'';
        out[count++] = text;
        text += strcspn(text, end == '\'' ? "'" : " ");
        if (*text == '\'') {
            *text++ = '\0';
        }
        while (*text == ' ') {
            *text++ = '\0';
        }
    }
    return count;
}

static void set_variables(const struct stage *stage, const struct run *run)
{
    char text[256];
    clearenv();
    setenv("HOME", stage->folder, 1);
    setenv("TERM", "xterm", 1);
    setenv("PATH", "/usr/bin:/bin", 1);
    snprintf(text, sizeof(text), "http://127.0.0.1:%d", stage->port);
    setenv("HEDDLE_SERVER", text, 1);
    if (!run->is_anonymous) {
        struct err err = {0};
        snprintf(text, sizeof(text), "%s/token", stage->folder);
        if (!file_replace(text, slice_of("hdl_test\n"), 0600, &err)) {
            abort();
        }
        setenv("HEDDLE_TOKEN_FILE", text, 1);
    }
    char *variables = run->variables ? strdup(run->variables) : NULL;
    for (char *rest = NULL, *one = variables ? strtok_r(variables, " ", &rest) : NULL; one;
         one = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(one, '=');
        *value++ = '\0';
        setenv(one, value, 1);
    }
    free(variables);
}

void become_cli(const struct stage *stage, const struct run *run)
{
    static const struct cli_setup setup = {NULL, 0, &frozen_env};
    char *arguments[ARGUMENTS_MAX + 1];
    char *text = strdup(run->arguments);
    set_variables(stage, run);
    int count = split(text, arguments);
    alarm(30);
    int code = cli_main(&setup, count, arguments);
    free(text);
    exit(code);
}

static int open_or_die(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    if (fd < 0) {
        abort();
    }
    return fd;
}

void stage_run(const struct stage *stage, const struct run *run, struct outcome_of_run *result)
{
    char in[96], out[96], talk[96];
    struct err err = {0};
    int status = 0;
    snprintf(in, sizeof(in), "%s/in", stage->folder);
    snprintf(out, sizeof(out), "%s/out", stage->folder);
    snprintf(talk, sizeof(talk), "%s/talk", stage->folder);
    ASSERT_OK(file_replace(in, slice_of(run->input ? run->input : ""), 0600, &err), err);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(open_or_die(in, O_RDONLY), STDIN_FILENO);
        dup2(open_or_die(out, O_CREAT | O_TRUNC | O_WRONLY), STDOUT_FILENO);
        dup2(open_or_die(talk, O_CREAT | O_TRUNC | O_WRONLY), STDERR_FILENO);
        become_cli(stage, run);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    str_init(&result->out, OUTPUT_MAX);
    str_init(&result->talk, OUTPUT_MAX);
    ASSERT_OK(file_read(out, &result->out, &err), err);
    ASSERT_OK(file_read(talk, &result->talk, &err), err);
}

void run_done(struct outcome_of_run *result)
{
    str_done(&result->out);
    str_done(&result->talk);
}

/* ---- golden files ---- */

static void add_normal(struct str *out, const struct stage *stage, const char *text)
{
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%d", stage->port);
    while (*text) {
        if (strncmp(text, address, strlen(address)) == 0) {
            str_add(out, "127.0.0.1:PORT");
            text += strlen(address);
        } else if (strncmp(text, stage->folder, strlen(stage->folder)) == 0) {
            str_add(out, "$HOME");
            text += strlen(stage->folder);
        } else {
            str_add_char(out, *text++);
        }
    }
}

void assert_golden(const struct stage *stage, const char *name, const struct run *run)
{
    struct outcome_of_run result;
    struct err err = {0};
    AUTO_STR(got, OUTPUT_MAX);
    AUTO_STR(wanted, OUTPUT_MAX);
    char path[256];
    stage_run(stage, run, &result);
    str_addf(&got, "$ heddle %s\n", run->arguments);
    add_normal(&got, stage, result.out.text);
    str_add(&got, "---- stderr\n");
    add_normal(&got, stage, result.talk.text);
    str_addf(&got, "---- exit %d\n", result.code);
    run_done(&result);
    snprintf(path, sizeof(path), FOLDER "/%s.txt", name);
    const char *update = getenv("UPDATE");
    if (update && update[0]) {
        ASSERT_OK(file_replace(path, str_slice(&got), 0644, &err), err);
        return;
    }
    ASSERT_OK(file_read(path, &wanted, &err), err);
    if (strcmp(got.text, wanted.text) != 0) {
        fail_msg("%s differs; UPDATE=1 rewrites it.  Got:\n%s", path, got.text);
    }
}
