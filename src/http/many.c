/* Many requests at once over few connections. */
#include <stdlib.h>

#include "http/client_internal.h"

#define CONNECTIONS_MAX 256
#define POLL_MS_MAX 1000

struct slot {
    struct transfer transfer;
    int64_t tag;
    bool is_busy;
};

struct batch {
    struct http_client *client;
    CURLM *multi;
    struct slot *slots;
    unsigned slot_count, busy_count;
    int64_t (*next)(void *context, struct http_call *out);
    void (*on_result)(void *context, int64_t tag, struct http_result *result,
                      const struct err *err);
    void *context;
};

static void give_result(struct batch *batch, struct slot *slot, const struct err *err)
{
    struct http_result result = slot->transfer.result;
    slot->transfer.result = (struct http_result){0};
    batch->on_result(batch->context, slot->tag, &result, err);
    http_result_done(&result);
}

static bool start(struct batch *batch, struct slot *slot, const struct http_call *call,
                  struct err *err)
{
    if (!transfer_prepare(&slot->transfer, call, TRANSFER_WHOLE, err)) {
        return false;
    }
    curl_easy_setopt(slot->transfer.easy, CURLOPT_USERAGENT, batch->client->user_agent);
    if (curl_multi_add_handle(batch->multi, slot->transfer.easy) != CURLM_OK) {
        return err_set(err, ERR_INTERNAL, "%s: no more transfers", slot->transfer.url);
    }
    slot->is_busy = true;
    batch->busy_count++;
    return true;
}

/* Give the slot a call that starts; false when there is none now. */
static bool feed(struct batch *batch, struct slot *slot)
{
    for (;;) {
        struct http_call call = {0};
        struct err err = {0};
        slot->tag = batch->next(batch->context, &call);
        if (slot->tag < 0) {
            return false;
        }
        if (start(batch, slot, &call, &err)) {
            return true;
        }
        give_result(batch, slot, &err);
    }
}

static void feed_all(struct batch *batch)
{
    for (unsigned i = 0; i < batch->slot_count && batch->busy_count < batch->slot_count; i++) {
        if (!batch->slots[i].is_busy && !feed(batch, &batch->slots[i])) {
            return;
        }
    }
}

static void end_slot(struct batch *batch, CURL *easy, CURLcode code)
{
    struct err err = {0};
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct slot *slot = (struct slot *)(void *)private; /* the transfer is its first member */
    curl_multi_remove_handle(batch->multi, easy);
    slot->is_busy = false;
    batch->busy_count--;
    if (!transfer_finish(&slot->transfer, code, &err)) {
        http_result_done(&slot->transfer.result);
    }
    give_result(batch, slot, &err);
}

static void end_finished(struct batch *batch)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(batch->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            /* The message dies with the handle's removal. */
            CURL *easy = message->easy_handle;
            CURLcode code = message->data.result;
            end_slot(batch, easy, code);
        }
    }
}

static void run(struct batch *batch)
{
    feed_all(batch);
    while (batch->busy_count > 0) {
        int running = 0;
        curl_multi_perform(batch->multi, &running);
        unsigned busy_before = batch->busy_count;
        end_finished(batch);
        feed_all(batch);
        /* Waiting only makes sense when nothing has moved. */
        if (busy_before == (unsigned)running && batch->busy_count > 0) {
            curl_multi_poll(batch->multi, NULL, 0, POLL_MS_MAX, NULL);
        }
    }
}

void http_perform_many(struct http_client *client, unsigned connections,
                       int64_t (*next)(void *context, struct http_call *out),
                       void (*on_result)(void *context, int64_t tag, struct http_result *result,
                                         const struct err *err),
                       void *context)
{
    unsigned count = connections < 1 ? 1 : connections;
    count = count > CONNECTIONS_MAX ? CONNECTIONS_MAX : count;
    struct batch batch = {.client = client,
                          .multi = client->multi,
                          .slots = xcalloc(count, sizeof(struct slot)),
                          .slot_count = count,
                          .next = next,
                          .on_result = on_result,
                          .context = context};
    curl_multi_setopt(batch.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)count);
    curl_multi_setopt(batch.multi, CURLMOPT_MAXCONNECTS, (long)count);
    for (unsigned i = 0; i < count; i++) {
        transfer_init(&batch.slots[i].transfer);
    }
    run(&batch);
    for (unsigned i = 0; i < count; i++) {
        transfer_done(&batch.slots[i].transfer);
    }
    free(batch.slots);
}
