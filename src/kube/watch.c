/*
 * watch: list, then follow, for ever.
 *
 * One stream is open at a time: a page of the list, or the watch.  When it ends, what it ended
 * with decides what comes next, and a timer starts that; nothing is closed or opened from
 * within a stream's own callbacks.
 */
#include <stdlib.h>
#include <string.h>

#include "kube/connection.h"
#include "kube/splitter.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 30000
/* The server ends a watch by itself after 5 to 10 minutes; spread, so that not all end at once. */
#define WATCH_S_MIN 300
#define WATCH_S_SPREAD 300
/* The server sends bookmarks about once a minute: two minutes of silence may be a dead peer, and
   to resume costs nothing. */
#define WATCH_SILENCE_MS 120000
#define LIST_SILENCE_MS 60000
/* A watch that ends sooner than this did not work. */
#define WATCH_LIFE_MS_MIN 1000
#define TROUBLE_BYTES_MAX (64U << 10)
#define URL_BYTES_MAX (256U << 10) /* the token of a page may be long */

struct kube_watch {
    struct kube *kube;
    struct loop *loop;
    struct kube_watch_events events;
    void *context;
    char *path, *selector, *api_version, *kind;

    struct http_stream *stream;
    struct loop_timer *timer;      /* of the next stream */
    struct loop_timer *life_timer; /* of an open watch: then it works, though nothing may come */
    struct list_splitter items;
    struct line_splitter lines;
    struct str trouble;               /* the body of an answer that is no success */
    struct str page;                  /* token of the list's next page */
    char version[KUBE_VERSION_BYTES]; /* to watch from; "" means: list first */
    int64_t opened_mono_ms;
    int status;
    bool is_listing;   /* the open stream is a list */
    bool is_gone;      /* the server has forgotten our version */
    bool is_broken;    /* what came cannot be read */
    bool is_troubled;  /* on_trouble has been told */
    struct err told;   /* by an ERROR event */
    unsigned failures; /* in a row */
};

static void open_stream(void *context);

static int64_t random_below(const struct kube_watch *watch, int64_t limit)
{
    uint32_t number = 0;
    watch->kube->env->random(watch->kube->env->context, &number, sizeof(number));
    return (int64_t)number % limit;
}

static int64_t backoff_ms(const struct kube_watch *watch)
{
    int64_t wait_ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < watch->failures && wait_ms < BACKOFF_MAX_MS; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS;
    return wait_ms / 2 + random_below(watch, wait_ms / 2);
}

static void go_on(struct kube_watch *watch, int64_t delay_ms)
{
    loop_timer_stop(&watch->timer);
    watch->timer = loop_timer_start(watch->loop, delay_ms, 0, open_stream, watch);
}

static void fail(struct kube_watch *watch, const struct err *err)
{
    watch->failures++;
    /* One cut is everyday life of a long connection. */
    if (watch->failures > 1 && !watch->is_troubled) {
        watch->is_troubled = true;
        watch->events.on_trouble(watch->context, err);
    }
    go_on(watch, backoff_ms(watch));
}

static void succeed(struct kube_watch *watch)
{
    watch->failures = 0;
    if (watch->is_troubled) {
        watch->is_troubled = false;
        watch->events.on_trouble(watch->context, &(struct err){0});
    }
}

/* ---- what comes ---- */

/* Items of a list do not say what they are. */
static void complete(const struct kube_watch *watch, json_t *object)
{
    if (!json_object_get(object, "kind")) {
        json_put_text(object, "apiVersion", watch->api_version);
        json_put_text(object, "kind", watch->kind);
    }
}

static void take_item(void *context, struct slice text)
{
    struct kube_watch *watch = context;
    struct err ignored = {0};
    AUTO_JSON *object = json_parse(text, &ignored);
    if (!object) {
        watch->is_broken = true;
        return;
    }
    complete(watch, object);
    watch->events.on_object(watch->context, KUBE_LISTED, object);
}

static void take_error(struct kube_watch *watch, const json_t *status)
{
    int code = (int)json_int_at(status, "code", 500);
    watch->is_gone = code == 410;
    AUTO(xfree) char *text = json_text(status);
    kube_failure(code, slice_of(text), &watch->told);
}

static void take_line(void *context, struct slice line)
{
    struct kube_watch *watch = context;
    struct err ignored = {0};
    AUTO_JSON *event = json_parse(line, &ignored);
    const char *type = json_text_at(event, "type", "");
    json_t *object = json_object_get(event, "object");
    if (!object) {
        watch->is_broken = true;
        return;
    }
    if (strcmp(type, "ERROR") == 0) {
        take_error(watch, object);
        return;
    }
    succeed(watch);
    TEXT_COPY_CUT(watch->version, json_text_at(object, "metadata.resourceVersion", ""));
    if (strcmp(type, "BOOKMARK") != 0) {
        complete(watch, object);
        watch->events.on_object(watch->context,
                                strcmp(type, "DELETED") == 0 ? KUBE_DELETED : KUBE_CHANGED, object);
    }
}

static void prove_life(void *context)
{
    struct kube_watch *watch = context;
    watch->life_timer = NULL;
    succeed(watch);
}

static void on_status(void *context, int status)
{
    struct kube_watch *watch = context;
    watch->status = status;
    if (status == 200 && !watch->is_listing) {
        loop_timer_stop(&watch->life_timer);
        watch->life_timer = loop_timer_start(watch->loop, WATCH_LIFE_MS_MIN, 0, prove_life, watch);
    }
}

static void on_data(void *context, struct slice bytes)
{
    struct kube_watch *watch = context;
    if (watch->is_broken || watch->told.kind != ERR_NONE) {
        return;
    }
    if (watch->status != 200) {
        str_add_bytes(&watch->trouble, bytes.bytes, bytes.length);
        return;
    }
    bool is_read = watch->is_listing ? list_splitter_feed(&watch->items, bytes)
                                     : line_splitter_feed(&watch->lines, bytes);
    watch->is_broken = watch->is_broken || !is_read;
}

/* ---- what follows ---- */

static void end_page(struct kube_watch *watch)
{
    struct err err = {0};
    AUTO_JSON *rest = json_parse(str_slice(&watch->items.rest), &err);
    if (!rest || watch->is_broken) {
        str_clear(&watch->page);
        err_set(&err, ERR_UNAVAILABLE, "the list of %s cannot be read", watch->path);
        fail(watch, &err);
        return;
    }
    str_clear(&watch->page);
    str_add(&watch->page, json_text_at(rest, "metadata.continue", ""));
    if (watch->page.length > 0) {
        go_on(watch, 0);
        return;
    }
    TEXT_COPY_CUT(watch->version, json_text_at(rest, "metadata.resourceVersion", ""));
    if (!watch->version[0]) {
        err_set(&err, ERR_UNAVAILABLE, "the list of %s has no version", watch->path);
        fail(watch, &err);
        return;
    }
    succeed(watch);
    watch->events.on_listed(watch->context);
    go_on(watch, 0);
}

static void list_again(struct kube_watch *watch)
{
    watch->version[0] = '\0';
    str_clear(&watch->page);
}

static void end_refused(struct kube_watch *watch)
{
    struct err err = {0};
    kube_failure(watch->status, str_slice(&watch->trouble), &err);
    err_wrap(&err, "%s %s", watch->is_listing ? "list" : "watch", watch->path);
    if (watch->status == 401) {
        kube_token_refresh(watch->kube, true);
    }
    /* Forgotten or otherwise unwilling: begin from nothing. */
    list_again(watch);
    fail(watch, &err);
}

/* Cut, silent or ended in time: go on where it was. */
static void resume(struct kube_watch *watch, const struct err *err)
{
    int64_t lived_ms = env_now_mono_ms(watch->kube->env) - watch->opened_mono_ms;
    if (watch->status == 200 && lived_ms >= WATCH_LIFE_MS_MIN) {
        go_on(watch, random_below(watch, BACKOFF_FIRST_MS));
        return;
    }
    struct err short_lived = *err;
    if (err->kind == ERR_NONE) {
        err_set(&short_lived, ERR_UNAVAILABLE, "watch %s: the server ends it at once", watch->path);
    }
    fail(watch, &short_lived);
}

static void on_end(void *context, const struct err *err)
{
    struct kube_watch *watch = context;
    watch->stream = NULL;
    loop_timer_stop(&watch->life_timer);
    if (watch->status != 0 && watch->status != 200) {
        end_refused(watch);
    } else if (watch->is_listing && err->kind == ERR_NONE) {
        end_page(watch);
    } else if (watch->is_listing) {
        str_clear(&watch->page);
        fail(watch, err);
    } else if (watch->is_gone || watch->is_broken) {
        list_again(watch);
        go_on(watch, random_below(watch, BACKOFF_FIRST_MS));
    } else if (watch->told.kind != ERR_NONE) {
        fail(watch, &watch->told);
    } else {
        resume(watch, err);
    }
}

static void watch_url(struct kube_watch *watch, struct str *out)
{
    kube_list_url(out, watch->kube, watch->path, watch->selector, NULL);
    str_addf(out, "&watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d",
             watch->version, (int)(WATCH_S_MIN + random_below(watch, WATCH_S_SPREAD)));
}

static void open_stream(void *context)
{
    static const struct http_stream_events events = {on_status, on_data, on_end};
    struct kube_watch *watch = context;
    watch->timer = NULL;
    watch->status = 0;
    watch->opened_mono_ms = env_now_mono_ms(watch->kube->env);
    watch->is_gone = watch->is_broken = false;
    watch->told = (struct err){0};
    watch->is_listing = watch->version[0] == '\0';
    str_clear(&watch->trouble);
    list_splitter_done(&watch->items);
    line_splitter_done(&watch->lines);
    list_splitter_init(&watch->items, take_item, watch);
    line_splitter_init(&watch->lines, take_line, watch);

    AUTO_STR(url, URL_BYTES_MAX);
    if (!watch->is_listing) {
        watch_url(watch, &url);
    } else {
        kube_list_url(&url, watch->kube, watch->path, watch->selector, watch->page.text);
        if (watch->page.length == 0) {
            watch->events.on_list(watch->context);
        }
    }
    struct http_call call = kube_call(watch->kube, "GET", url.text);
    struct http_header accept = {"Accept", "application/json"};
    call.headers = &accept;
    call.header_count = 1;
    watch->stream = http_stream_open(
        watch->loop, &call, watch->is_listing ? LIST_SILENCE_MS : WATCH_SILENCE_MS, &events, watch);
}

static char *copy_or_null(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

struct kube_watch *kube_watch_open(struct kube *kube, struct loop *loop,
                                   const struct kube_watch_options *options)
{
    struct kube_watch *watch = xcalloc(1, sizeof(*watch));
    watch->kube = kube;
    watch->loop = loop;
    watch->events = *options->events;
    watch->context = options->context;
    watch->path = xstrdup(options->path);
    watch->selector = copy_or_null(options->selector);
    watch->api_version = xstrdup(options->api_version);
    watch->kind = xstrdup(options->kind);
    str_init(&watch->trouble, TROUBLE_BYTES_MAX);
    str_init(&watch->page, TROUBLE_BYTES_MAX);
    go_on(watch, 0);
    return watch;
}

void kube_watch_close(struct kube_watch **watch)
{
    struct kube_watch *gone = *watch;
    if (!gone) {
        return;
    }
    loop_timer_stop(&gone->timer);
    loop_timer_stop(&gone->life_timer);
    if (gone->stream) {
        http_stream_close(&gone->stream);
    }
    list_splitter_done(&gone->items);
    line_splitter_done(&gone->lines);
    str_done(&gone->trouble);
    str_done(&gone->page);
    free(gone->path);
    free(gone->selector);
    free(gone->api_version);
    free(gone->kind);
    xfree(watch);
}
