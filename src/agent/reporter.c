#include "agent/reporter.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "http/http.h"

/* What changes together is told together. */
#define COALESCE_MS 200
#define HEARTBEAT_MS 15000
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 5000
#define POST_TIMEOUT_MS 20000
/* The server sends a comment every 15 s. */
#define COMMANDS_SILENCE_MS 50000
#define TOKEN_BYTES_MAX 4096
#define URL_BYTES_MAX 4096

struct reporter {
    struct reporter_options options;
    char *server, *cluster, *token_file, *ca_pem;
    char *token; /* or NULL while the file cannot be read */
    char session[33];
    int64_t sequence;
    struct http_client *client; /* of the post under way */
    struct loop_queue *queue;
    struct loop_timer *post_timer, *heartbeat_timer, *commands_timer;
    struct http_stream *commands;
    struct sse_parser *parser;
    int commands_status;
    int64_t commands_opened_ms;
    unsigned post_failures, commands_failures;
    bool is_posting, wants_full, is_dirty, is_away, is_freed;
};

/* One report on its way. */
struct post {
    struct reporter *reporter;
    struct http_client *client;
    struct http_tls tls;
    char *url, *token, *body;
    bool is_full;
    int status;
    struct err err; /* kind ERR_NONE: an answer came */
    char code[32];  /* of an error answer */
    char message[256];
    int64_t retry_after_ms;
};

static int64_t random_below(const struct reporter *reporter, int64_t limit)
{
    const struct env *env = reporter->options.env;
    uint32_t number = 0;
    env->random(env->context, &number, sizeof(number));
    return (int64_t)number % limit;
}

static int64_t backoff_ms(const struct reporter *reporter, unsigned failures)
{
    int64_t wait_ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && wait_ms < BACKOFF_MAX_MS; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS;
    return wait_ms / 2 + random_below(reporter, wait_ms / 2);
}

static void read_token(struct reporter *reporter)
{
    AUTO_STR(token, TOKEN_BYTES_MAX);
    struct err err = {0};
    if (!file_read_secret(reporter->token_file, &token, &err)) {
        log_error("agent.token", "reason=\"%s\"", err.text);
        return;
    }
    free(reporter->token);
    reporter->token = str_take(&token);
    log_secret(reporter->token);
}

/* ---- reports ---- */

static void post_soon(struct reporter *reporter, int64_t delay_ms);

static void post_free(struct post *post)
{
    free(post->url);
    free(post->token);
    free(post->body);
    free(post);
}

static void run(void *job)
{
    struct post *post = job;
    struct http_call call = {
        .method = "POST",
        .url = post->url,
        .bearer = post->token,
        .body = slice_of(post->body),
        .content_type = "application/json",
        .tls = &post->tls,
        .timeout_ms = POST_TIMEOUT_MS,
    };
    AUTO(http_result_done) struct http_result result = {0};
    if (!http_perform(post->client, &call, &result, &post->err)) {
        return;
    }
    post->err.kind = ERR_NONE;
    post->status = result.status;
    post->retry_after_ms = result.retry_after_ms;
    if (result.status >= 300) {
        struct err ignored = {0};
        AUTO_JSON *answer = json_parse(str_slice(&result.body), &ignored);
        TEXT_COPY_CUT(post->code, json_text_at(answer, "error.code", ""));
        TEXT_COPY_CUT(post->message, json_text_at(answer, "error.message", ""));
    }
}

static void take_success(struct reporter *reporter)
{
    if (reporter->is_away) {
        log_info("agent.server", "the server takes reports again");
    }
    reporter->is_away = false;
    reporter->post_failures = 0;
    if (reporter->is_dirty) {
        post_soon(reporter, COALESCE_MS);
    }
}

static void take_failure(struct reporter *reporter, const struct post *post)
{
    const char *why = post->err.kind != ERR_NONE ? post->err.text : post->message;
    if (!reporter->is_away) {
        log_warn("agent.server",
                 "status=%d reason=\"%s\"; syncing goes on, the report is sent again", post->status,
                 why);
    }
    reporter->is_away = true;
    reporter->post_failures++;
    /* Whether it arrived is not known: the next one says everything. */
    reporter->wants_full = true;
    if (post->status == 401) {
        read_token(reporter);
    }
    int64_t wait_ms = backoff_ms(reporter, reporter->post_failures);
    post_soon(reporter, post->retry_after_ms > wait_ms ? post->retry_after_ms : wait_ms);
}

static void reporter_destroy(struct reporter *reporter)
{
    http_client_free(&reporter->client);
    loop_queue_free(&reporter->queue);
    sse_parser_free(&reporter->parser);
    free(reporter->server);
    free(reporter->cluster);
    free(reporter->token_file);
    free(reporter->ca_pem);
    free(reporter->token);
    free(reporter);
}

static void done(void *job, bool is_stopping)
{
    struct post *post = job;
    struct reporter *reporter = post->reporter;
    reporter->is_posting = false;
    if (reporter->is_freed) {
        reporter_destroy(reporter);
    } else if (!is_stopping && post->err.kind == ERR_NONE && post->status < 300) {
        take_success(reporter);
    } else if (!is_stopping && strcmp(post->code, err_name(ERR_CONFLICT)) == 0 &&
               !(post->is_full && reporter->is_away)) {
        /* The server has missed something: tell it everything, at once the first time. */
        reporter->is_away = post->is_full;
        reporter->wants_full = true;
        post_soon(reporter, post->is_full ? BACKOFF_FIRST_MS : 0);
    } else if (!is_stopping) {
        take_failure(reporter, post);
    }
    post_free(post);
}

static void send_report(struct reporter *reporter, struct report *report)
{
    AUTO_STR(url, URL_BYTES_MAX);
    str_addf(&url, "%s/api/v1/agent/report", reporter->server);
    TEXT_COPY_CUT(report->cluster, reporter->cluster);
    TEXT_COPY_CUT(report->session, reporter->session);
    TEXT_COPY_CUT(report->agent_version, HEDDLE_VERSION);
    report->sequence = ++reporter->sequence;
    AUTO_JSON *json = report_to_json(report);

    struct post *post = xcalloc(1, sizeof(*post));
    post->reporter = reporter;
    post->client = reporter->client;
    post->tls.ca_pem = reporter->ca_pem;
    post->url = str_take(&url);
    post->token = reporter->token ? xstrdup(reporter->token) : NULL;
    post->body = json_text(json);
    post->is_full = report->is_full;
    reporter->is_posting = true;
    loop_work(reporter->options.loop, reporter->queue, run, done, post);
}

/* `is_beat`: send even when nothing is new. */
static void post_now(struct reporter *reporter, bool is_beat)
{
    if (reporter->is_posting) {
        reporter->is_dirty = true;
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report *report = ARENA_NEW(arena, struct report);
    bool is_new =
        reporter->options.collect(reporter->options.context, reporter->wants_full, arena, report);
    reporter->is_dirty = false;
    if (is_new || is_beat) {
        reporter->wants_full = false;
        send_report(reporter, report);
    }
}

static void post_due(void *context)
{
    struct reporter *reporter = context;
    reporter->post_timer = NULL;
    post_now(reporter, reporter->post_failures > 0);
}

static void post_soon(struct reporter *reporter, int64_t delay_ms)
{
    loop_timer_stop(&reporter->post_timer);
    reporter->post_timer =
        loop_timer_start(reporter->options.loop, delay_ms, 0, post_due, reporter);
}

void reporter_wake(struct reporter *reporter)
{
    if (reporter->is_posting) {
        reporter->is_dirty = true;
    } else if (!reporter->post_timer) {
        post_soon(reporter, COALESCE_MS);
    }
}

static void beat(void *context)
{
    struct reporter *reporter = context;
    if (!reporter->post_timer) {
        post_now(reporter, true);
    }
}

/* ---- commands ---- */

static void commands_open(void *context);

static void on_event(void *context, const char *id, const char *type, const char *data)
{
    (void)id;
    (void)data;
    struct reporter *reporter = context;
    /* "hello" begins a stream: a word said while there was none was missed. */
    if (strcmp(type, "sync") == 0 || strcmp(type, "hello") == 0) {
        reporter->options.on_sync(reporter->options.context);
    }
}

static void on_status(void *context, int status)
{
    struct reporter *reporter = context;
    reporter->commands_status = status;
}

static void on_data(void *context, struct slice bytes)
{
    struct reporter *reporter = context;
    if (reporter->commands_status == 200) {
        reporter->commands_failures = 0;
        /* An event beyond all bounds is no command of ours; the next stream begins anew. */
        (void)sse_parser_feed(reporter->parser, bytes);
    }
}

static void on_end(void *context, const struct err *err)
{
    (void)err;
    struct reporter *reporter = context;
    reporter->commands = NULL;
    reporter->commands_failures++;
    if (reporter->commands_status == 401) {
        read_token(reporter);
    }
    reporter->commands_timer =
        loop_timer_start(reporter->options.loop, backoff_ms(reporter, reporter->commands_failures),
                         0, commands_open, reporter);
}

static void commands_open(void *context)
{
    static const struct http_stream_events events = {on_status, on_data, on_end};
    struct reporter *reporter = context;
    reporter->commands_timer = NULL;
    reporter->commands_status = 0;
    sse_parser_free(&reporter->parser);
    reporter->parser = sse_parser_new(on_event, reporter);
    AUTO_STR(url, URL_BYTES_MAX);
    str_addf(&url, "%s/api/v1/agent/commands", reporter->server);
    struct http_tls tls = {.ca_pem = reporter->ca_pem};
    struct http_header accept = {"Accept", "text/event-stream"};
    struct http_call call = {.method = "GET",
                             .url = url.text,
                             .headers = &accept,
                             .header_count = 1,
                             .bearer = reporter->token,
                             .tls = &tls};
    reporter->commands =
        http_stream_open(reporter->options.loop, &call, COMMANDS_SILENCE_MS, &events, reporter);
}

/* ---- life ---- */

static void make_session(struct reporter *reporter)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    const struct env *env = reporter->options.env;
    env->random(env->context, random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        reporter->session[2 * i] = digits[random[i] >> 4];
        reporter->session[2 * i + 1] = digits[random[i] & 15U];
    }
}

struct reporter *reporter_new(const struct reporter_options *options)
{
    struct reporter *reporter = xcalloc(1, sizeof(*reporter));
    reporter->options = *options;
    reporter->server = xstrdup(options->server);
    size_t length = strlen(reporter->server);
    while (length > 0 && reporter->server[length - 1] == '/') {
        reporter->server[--length] = '\0';
    }
    reporter->cluster = xstrdup(options->cluster);
    reporter->token_file = xstrdup(options->token_file);
    reporter->ca_pem = options->ca_pem ? xstrdup(options->ca_pem) : NULL;
    reporter->client = http_client_new("heddle/" HEDDLE_VERSION);
    reporter->queue = loop_queue_new(options->loop);
    reporter->wants_full = true;
    make_session(reporter);
    read_token(reporter);
    reporter->heartbeat_timer =
        loop_timer_start(options->loop, HEARTBEAT_MS, HEARTBEAT_MS, beat, reporter);
    commands_open(reporter);
    post_soon(reporter, COALESCE_MS);
    return reporter;
}

void reporter_free(struct reporter **reporter)
{
    struct reporter *gone = TAKE(*reporter);
    if (!gone) {
        return;
    }
    gone->is_freed = true;
    loop_timer_stop(&gone->post_timer);
    loop_timer_stop(&gone->heartbeat_timer);
    loop_timer_stop(&gone->commands_timer);
    if (gone->commands) {
        http_stream_close(&gone->commands);
    }
    if (!gone->is_posting) {
        reporter_destroy(gone);
    }
}
