#include "cli/follow.h"

#include <stdio.h>
#include <string.h>

#include "cli/outcome.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "http/sse.h"
#include "loop/loop.h"

/* Three heartbeats of the server's event stream. */
#define SILENCE_MS ((int64_t)3 * SSE_HEARTBEAT_MS)
/* Ages grow and windows change: often enough to look alive. */
#define TICK_MS 250
#define RETRY_MS_MIN 250
#define RETRY_MS_MAX 5000
/* A server that is away for longer is not restarting. */
#define LOST_MS_MAX (INT64_C(5) * 60000)
#define ANSWER_BYTES_MAX ((size_t)16 << 20)
#define EVENT_ID_BYTES 128
#define PATH_BYTES_MAX 64

struct follow {
    struct cli *cli;
    int64_t id;
    enum outcome_wait wait;
    struct loop *loop;
    struct http_call events_call, fetch_call;
    struct http_header resume; /* Last-Event-ID */
    char last_event[EVENT_ID_BYTES];
    struct http_stream *events, *fetch;
    struct sse_parser *parser;
    struct str events_body, fetch_body; /* of refusals; of the release */
    int events_status, fetch_status;
    bool has_newer; /* an event came while the release was being fetched */
    struct loop_timer *tick, *retry, *deadline;
    int64_t retry_ms, lost_since_mono_ms; /* 0: connected */
    struct progress progress;
    enum outcome outcome;
    struct err err; /* kind ERR_NONE: nothing failed */
};

static void begin_fetch(struct follow *follow);

static void finish(struct follow *follow, enum outcome outcome)
{
    follow->outcome = outcome;
    loop_stop(follow->loop);
}

static void fail(struct follow *follow, const struct err *err)
{
    follow->err = *err;
    finish(follow, OUTCOME_ENDED);
}

/* ---- the release ---- */

static void take_release(struct follow *follow, const json_t *release)
{
    if (follow->outcome != OUTCOME_GOING_ON) {
        return;
    }
    follow->lost_since_mono_ms = 0;
    follow->retry_ms = RETRY_MS_MIN;
    if (follow->progress.trouble) {
        progress_trouble(&follow->progress, NULL);
    }
    progress_show(&follow->progress, release);
    enum outcome outcome = outcome_of(release, follow->wait);
    if (outcome != OUTCOME_GOING_ON) {
        finish(follow, outcome);
    }
}

static void take_event(void *context, const char *id, const char *type, const char *data)
{
    struct follow *follow = context;
    struct err err = {0};
    TEXT_COPY_CUT(follow->last_event, id);
    if (strcmp(type, "reset") == 0) {
        begin_fetch(follow);
        return;
    }
    if (strcmp(type, "release") != 0) {
        return;
    }
    AUTO_JSON *release = json_parse(slice_of(data), &err);
    if (json_int_at(release, "id", 0) == follow->id) {
        follow->has_newer = true;
        take_release(follow, release);
    }
}

/* ---- losing and finding the server ---- */

static void connect_again(void *context);

static void lose(struct follow *follow)
{
    int64_t now_mono_ms = env_now_mono_ms(follow->cli->env);
    if (follow->outcome != OUTCOME_GOING_ON || follow->retry) {
        return;
    }
    if (follow->lost_since_mono_ms == 0) {
        follow->lost_since_mono_ms = now_mono_ms;
    }
    if (now_mono_ms - follow->lost_since_mono_ms > LOST_MS_MAX) {
        struct err err;
        err_set(&err, ERR_UNAVAILABLE,
                "the server has been away for 5 min; R-%lld goes on when it is back: heddle watch "
                "R-%lld",
                (long long)follow->id, (long long)follow->id);
        fail(follow, &err);
        return;
    }
    progress_trouble(&follow->progress, "The connection to the server is lost; trying again …");
    follow->retry = loop_timer_start(follow->loop, follow->retry_ms, 0, connect_again, follow);
    follow->retry_ms = follow->retry_ms * 2 < RETRY_MS_MAX ? follow->retry_ms * 2 : RETRY_MS_MAX;
}

/* An answer that is not 200: a refusal ends the watch, trouble of the server's does not. */
static void judge_answer(struct follow *follow, int status, const struct str *body)
{
    struct err err = {0};
    if (status >= 400 && status < 500 && status != 408 && status != 429) {
        remote_problem(follow->cli, status, str_slice(body), &err);
        fail(follow, &err);
    } else {
        lose(follow);
    }
}

/* ---- fetching the release ---- */

static void fetch_status(void *context, int status)
{
    struct follow *follow = context;
    follow->fetch_status = status;
}

static void fetch_data(void *context, struct slice bytes)
{
    struct follow *follow = context;
    str_add_bytes(&follow->fetch_body, bytes.bytes, bytes.length);
}

static void fetch_end(void *context, const struct err *ended)
{
    struct follow *follow = context;
    struct err err = {0};
    follow->fetch = NULL;
    if (ended->kind != ERR_NONE || follow->fetch_status != 200) {
        judge_answer(follow, ended->kind ? 0 : follow->fetch_status, &follow->fetch_body);
        return;
    }
    AUTO_JSON *release = json_parse(str_slice(&follow->fetch_body), &err);
    if (!release) {
        lose(follow);
    } else if (!follow->has_newer) {
        take_release(follow, release);
    }
}

static void begin_fetch(struct follow *follow)
{
    static const struct http_stream_events events = {fetch_status, fetch_data, fetch_end};
    http_stream_close(&follow->fetch);
    str_clear(&follow->fetch_body);
    follow->fetch_status = 0;
    follow->has_newer = false;
    follow->fetch =
        http_stream_open(follow->loop, &follow->fetch_call, SILENCE_MS, &events, follow);
}

/* ---- the event stream ---- */

static void events_status(void *context, int status)
{
    struct follow *follow = context;
    follow->events_status = status;
    if (status == 200) {
        /* Only now: what happens from here on comes as an event. */
        begin_fetch(follow);
    }
}

static void events_data(void *context, struct slice bytes)
{
    struct follow *follow = context;
    if (follow->events_status != 200) {
        str_add_bytes(&follow->events_body, bytes.bytes, bytes.length);
    } else if (!sse_parser_feed(follow->parser, bytes)) {
        lose(follow);
    }
}

static void events_end(void *context, const struct err *ended)
{
    struct follow *follow = context;
    follow->events = NULL;
    int status = ended->kind == ERR_NONE ? follow->events_status : 0;
    judge_answer(follow, status == 200 ? 0 : status, &follow->events_body);
}

static void connect_now(struct follow *follow)
{
    static const struct http_stream_events events = {events_status, events_data, events_end};
    http_stream_close(&follow->events);
    http_stream_close(&follow->fetch);
    sse_parser_free(&follow->parser);
    follow->parser = sse_parser_new(take_event, follow);
    follow->events_status = 0;
    str_clear(&follow->events_body);
    follow->resume = (struct http_header){"Last-Event-ID", follow->last_event};
    follow->events_call.headers = &follow->resume;
    follow->events_call.header_count = follow->last_event[0] != '\0';
    follow->events =
        http_stream_open(follow->loop, &follow->events_call, SILENCE_MS, &events, follow);
}

static void connect_again(void *context)
{
    struct follow *follow = context;
    follow->retry = NULL;
    connect_now(follow);
}

/* ---- the run ---- */

static void ticked(void *context)
{
    struct follow *follow = context;
    progress_tick(&follow->progress);
}

static void timed_out(void *context)
{
    struct follow *follow = context;
    follow->deadline = NULL;
    finish(follow, OUTCOME_TIMED_OUT);
}

static bool prepare(struct follow *follow, struct err *err)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof(path), "/releases/%lld", (long long)follow->id);
    str_init(&follow->events_body, ANSWER_BYTES_MAX);
    str_init(&follow->fetch_body, ANSWER_BYTES_MAX);
    follow->retry_ms = RETRY_MS_MIN;
    follow->loop = loop_new();
    progress_begin(&follow->progress, follow->cli);
    return remote_prepare(follow->cli, "/events", &follow->events_call, err) &&
           remote_prepare(follow->cli, path, &follow->fetch_call, err) &&
           loop_stop_on_signals(follow->loop, err);
}

static void clean_up(struct follow *follow)
{
    http_stream_close(&follow->events);
    http_stream_close(&follow->fetch);
    loop_timer_stop(&follow->tick);
    loop_timer_stop(&follow->retry);
    loop_timer_stop(&follow->deadline);
    sse_parser_free(&follow->parser);
    loop_free(&follow->loop);
    str_done(&follow->events_body);
    str_done(&follow->fetch_body);
    progress_done(&follow->progress);
}

static void run_loop(struct follow *follow, int64_t timeout_ms)
{
    follow->tick = loop_timer_start(follow->loop, TICK_MS, TICK_MS, ticked, follow);
    if (timeout_ms > 0) {
        follow->deadline = loop_timer_start(follow->loop, timeout_ms, 0, timed_out, follow);
    }
    connect_now(follow);
    loop_run(follow->loop);
    if (follow->outcome == OUTCOME_GOING_ON) {
        follow->outcome = OUTCOME_INTERRUPTED; /* a signal has ended the loop */
    }
    progress_end(&follow->progress);
}

bool follow_release(struct cli *cli, int64_t id, const struct follow_options *options,
                    struct err *err)
{
    AUTO(clean_up)
    struct follow follow = {.cli = cli, .id = id, .wait = outcome_wait_of(options->wait)};
    if (!prepare(&follow, err)) {
        return false;
    }
    run_loop(&follow, options->timeout_ms);
    if (follow.err.kind != ERR_NONE) {
        *err = follow.err;
        return false;
    }
    outcome_show(cli, id, follow.progress.shown, follow.outcome, options->timeout_ms);
    return true;
}

bool follow_made(struct cli *cli, const json_t *release, const struct follow_options *options,
                 struct err *err)
{
    const char *name = json_text_at(release, "name", "?");
    if (options->no_wait) {
        outcome_print(cli, release);
        screen_line(&cli->talk, STYLE_PLAIN, "Watch it: heddle watch %s", name);
        return true;
    }
    return follow_release(cli, json_int_at(release, "id", 0), options, err);
}
