/* Blocking calls. */
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/client_internal.h"

#define SILENCE_MS_DEFAULT 30000
#define POLL_MS_MAX 1000

struct http_client *http_client_new(const char *user_agent)
{
    struct http_client *client = xcalloc(1, sizeof(*client));
    transfer_init(&client->single); /* starts the library */
    client->multi = curl_multi_init();
    if (!client->multi) {
        abort();
    }
    client->user_agent = xstrdup(user_agent);
    return client;
}

void http_client_free(struct http_client **client)
{
    struct http_client *gone = *client;
    if (!gone) {
        return;
    }
    transfer_done(&gone->single);
    curl_multi_cleanup(gone->multi);
    free(gone->user_agent);
    xfree(client);
}

/* The result of the one transfer, when it has ended. */
static bool read_end(CURLM *multi, CURLcode *out)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *out = message->data.result;
            return true;
        }
    }
    return false;
}

/* Milliseconds until the silence is too long; a whole transfer watches its own time. */
static int64_t patience_ms(const struct transfer *transfer, int64_t silence_ms)
{
    if (silence_ms == 0) {
        return POLL_MS_MAX;
    }
    int64_t silent_ms = env_now_mono_ms(env_system()) - transfer->last_byte_mono_ms;
    return silence_ms - silent_ms;
}

static CURLcode drive(CURLM *multi, struct transfer *transfer, int64_t silence_ms)
{
    for (;;) {
        int running = 0;
        CURLcode code = CURLE_OK;
        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        if (read_end(multi, &code)) {
            return code;
        }
        int64_t wait_ms = patience_ms(transfer, silence_ms);
        if (wait_ms <= 0) {
            return CURLE_OPERATION_TIMEDOUT;
        }
        curl_multi_poll(multi, NULL, 0, (int)(wait_ms < POLL_MS_MAX ? wait_ms : POLL_MS_MAX), NULL);
    }
}

static bool run(struct http_client *client, int64_t silence_ms, struct err *err)
{
    struct transfer *transfer = &client->single;
    curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, client->user_agent);
    if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
        return err_set(err, ERR_INTERNAL, "%s %s: no more transfers", transfer->method,
                       transfer->url);
    }
    CURLcode code = drive(client->multi, transfer, silence_ms);
    bool succeeded = transfer_finish(transfer, code, err);
    curl_multi_remove_handle(client->multi, transfer->easy);
    return succeeded;
}

bool http_perform(struct http_client *client, const struct http_call *call, struct http_result *out,
                  struct err *err)
{
    if (!transfer_prepare(&client->single, call, TRANSFER_WHOLE, err) || !run(client, 0, err)) {
        return false;
    }
    *out = client->single.result;
    client->single.result = (struct http_result){0};
    return true;
}

bool http_perform_download(struct http_client *client, const struct http_call *call,
                           bool (*on_data)(void *context, int status, struct slice bytes),
                           void *context, struct http_result *out, struct err *err)
{
    struct transfer *transfer = &client->single;
    if (!transfer_prepare(transfer, call, TRANSFER_STREAM, err)) {
        return false;
    }
    transfer->on_data = on_data;
    transfer->context = context;
    if (!run(client, call->timeout_ms ? call->timeout_ms : SILENCE_MS_DEFAULT, err)) {
        return false;
    }
    *out = transfer->result;
    transfer->result = (struct http_result){0};
    return true;
}

bool http_perform_stream(struct http_client *client, const struct http_call *call,
                         bool (*on_data)(void *context, int status, struct slice bytes),
                         void *context, int *out_status, struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    if (!http_perform_download(client, call, on_data, context, &result, err)) {
        return false;
    }
    *out_status = result.status;
    return true;
}
