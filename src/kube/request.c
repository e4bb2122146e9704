/* request: lists, single objects, and many changes at once. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "kube/connection.h"
#include "kube/splitter.h"

#define LIST_TRIES_MAX 3
#define LIST_TIMEOUT_MS 60000
#define ACCEPT_METADATA                                                                            \
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
#define PATH_BYTES_MAX 4096
#define APPLY_QUERY "?fieldManager=heddle&force=true&fieldValidation=Strict"

/* ---- lists ---- */

struct page {
    const struct kube_list *list;
    struct list_splitter splitter;
    struct str trouble; /* what an unsuccessful answer says */
    bool is_ended_early, is_broken;
};

static void take_item(void *context, struct slice text)
{
    struct page *page = context;
    if (page->is_ended_early) {
        return;
    }
    struct err ignored = {0};
    AUTO_JSON *item = json_parse(text, &ignored);
    if (!item) {
        page->is_broken = true;
        return;
    }
    page->is_ended_early = !page->list->on_item(page->list->context, item);
}

static bool take_bytes(void *context, int status, struct slice bytes)
{
    struct page *page = context;
    if (status != 200) {
        str_add_bytes(&page->trouble, bytes.bytes, bytes.length);
        return true;
    }
    page->is_broken = !list_splitter_feed(&page->splitter, bytes) || page->is_broken;
    return !page->is_broken && !page->is_ended_early;
}

static bool fetch_page(struct kube *kube, const char *url, struct page *page, int *out_status,
                       struct err *err)
{
    struct http_call call = kube_call(kube, "GET", url);
    struct http_header accept = {"Accept", page->list->view == KUBE_METADATA ? ACCEPT_METADATA
                                                                             : "application/json"};
    call.headers = &accept;
    call.header_count = 1;
    call.timeout_ms = LIST_TIMEOUT_MS;
    return http_perform_stream(kube->client, &call, take_bytes, page, out_status, err);
}

/* One page; `token` is that of the page and becomes that of the next one. */
static bool list_page(struct kube *kube, const struct kube_list *list, struct str *token,
                      int *out_status, struct err *err)
{
    AUTO_STR(url, PATH_BYTES_MAX + token->length * 3);
    kube_list_url(&url, kube, list->path, list->selector, token->text);
    struct page page = {.list = list};
    list_splitter_init(&page.splitter, take_item, &page);
    str_init(&page.trouble, KUBE_OBJECT_BYTES_MAX);
    str_clear(token);
    bool done = fetch_page(kube, url.text, &page, out_status, err);
    if (page.is_ended_early) {
        done = true;
    } else if (page.is_broken) {
        done = err_set(err, ERR_UNAVAILABLE, "the list of %s cannot be read", list->path);
    } else if (done && *out_status != 200) {
        done = kube_failure(*out_status, str_slice(&page.trouble), err);
    } else if (done) {
        AUTO_JSON *rest = json_parse(str_slice(&page.splitter.rest), err);
        done = rest != NULL || err_wrap(err, "the list of %s was cut off", list->path);
        str_add(token, json_text_at(rest, "metadata.continue", ""));
    }
    list_splitter_done(&page.splitter);
    str_done(&page.trouble);
    return done;
}

bool kube_list(struct kube *kube, const struct kube_list *list, struct err *err)
{
    AUTO_STR(token, 64U << 10);
    for (int tries = 0; tries < LIST_TRIES_MAX;) {
        int status = 0;
        bool done = list_page(kube, list, &token, &status, err);
        if (done && token.length == 0) {
            return true;
        }
        if (done) {
            continue;
        }
        if (status != 410 && status != 401) {
            return false;
        }
        kube_token_refresh(kube, status == 401);
        str_clear(&token);
        tries++;
    }
    return false;
}

bool kube_get(struct kube *kube, const char *path, json_t **out, struct err *err)
{
    AUTO_STR(url, PATH_BYTES_MAX);
    str_addf(&url, "%s%s", kube->server, path);
    struct http_call call = kube_call(kube, "GET", url.text);
    AUTO(http_result_done) struct http_result result = {0};
    if (!http_perform(kube->client, &call, &result, err)) {
        return false;
    }
    if (result.status != 200) {
        kube_token_refresh(kube, result.status == 401);
        return kube_failure(result.status, str_slice(&result.body), err);
    }
    *out = json_parse(str_slice(&result.body), err);
    return *out != NULL;
}

/* ---- many changes ---- */

/* A request that is under way. */
struct flight {
    int64_t tag;
    struct kube_request request;
    struct str url, body;
    bool was_refused; /* 401 once: the next refusal counts */
    bool is_used;
};

struct batch {
    struct kube *kube;
    const struct kube_batch *caller;
    struct flight flights[KUBE_CONNECTIONS];
    bool is_again[KUBE_CONNECTIONS]; /* to be sent once more, with a new token */
    bool is_exhausted;
};

static void prepare(struct batch *batch, struct flight *flight, struct http_call *out)
{
    bool is_apply = flight->request.verb == KUBE_APPLY;
    str_init(&flight->url, PATH_BYTES_MAX);
    str_init(&flight->body, PATH_BYTES_MAX);
    str_addf(&flight->url, "%s%s%s", batch->kube->server, flight->request.path,
             is_apply ? APPLY_QUERY : "");
    *out = kube_call(batch->kube, is_apply ? "PATCH" : "DELETE", flight->url.text);
    if (is_apply) {
        out->body = flight->request.body;
        out->content_type = "application/apply-patch+yaml";
        return;
    }
    str_addf(&flight->body,
             "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"%s\"},"
             "\"propagationPolicy\":\"Background\"}",
             flight->request.uid);
    out->body = str_slice(&flight->body);
    out->content_type = "application/json";
}

static struct flight *free_flight(struct batch *batch, int64_t *out_index)
{
    for (size_t i = 0; i < COUNT_OF(batch->flights); i++) {
        if (!batch->flights[i].is_used) {
            *out_index = (int64_t)i;
            return &batch->flights[i];
        }
    }
    return NULL;
}

static int64_t send_again(struct batch *batch, struct http_call *out)
{
    for (size_t i = 0; i < COUNT_OF(batch->flights); i++) {
        if (batch->is_again[i]) {
            batch->is_again[i] = false;
            prepare(batch, &batch->flights[i], out);
            return (int64_t)i;
        }
    }
    return -1;
}

static int64_t next_call(void *context, struct http_call *out)
{
    struct batch *batch = context;
    int64_t index = send_again(batch, out);
    if (index >= 0) {
        return index;
    }
    struct flight *flight = free_flight(batch, &index);
    if (!flight || batch->is_exhausted) {
        return -1;
    }
    *flight = (struct flight){0};
    flight->tag = batch->caller->next(batch->caller->context, &flight->request);
    if (flight->tag < 0) {
        batch->is_exhausted = true;
        return -1;
    }
    flight->is_used = true;
    prepare(batch, flight, out);
    return index;
}

static void read_answer(const struct http_result *result, const struct err *err,
                        struct kube_answer *out, json_t **out_object)
{
    if (err->kind != ERR_NONE) {
        out->err = *err;
        return;
    }
    out->retry_after_ms = result->retry_after_ms;
    if (result->status < 200 || result->status > 299) {
        kube_failure(result->status, str_slice(&result->body), &out->err);
        return;
    }
    struct err unread = {0};
    *out_object = json_parse(str_slice(&result->body), &unread);
    if (!*out_object) {
        err_set(&out->err, ERR_UNAVAILABLE, "the API server's answer cannot be read: %s",
                unread.text);
    }
    out->object = *out_object;
}

static void take_result(void *context, int64_t index, struct http_result *result,
                        const struct err *err)
{
    struct batch *batch = context;
    struct flight *flight = &batch->flights[index];
    str_done(&flight->url);
    str_done(&flight->body);
    if (err->kind == ERR_NONE && result->status == 401 && !flight->was_refused) {
        kube_token_refresh(batch->kube, true);
        flight->was_refused = true;
        batch->is_again[index] = true;
        return;
    }
    struct kube_answer answer = {0};
    AUTO_JSON *object = NULL;
    read_answer(result, err, &answer, &object);
    flight->is_used = false;
    batch->caller->on_answer(batch->caller->context, flight->tag, &answer);
}

void kube_perform(struct kube *kube, const struct kube_batch *batch)
{
    struct batch running = {.kube = kube, .caller = batch};
    http_perform_many(kube->client, KUBE_CONNECTIONS, next_call, take_result, &running);
}
