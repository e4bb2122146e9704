#include "sandbox/notify.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "crypto/crypto.h"
#include "http/client.h"

#define ENVELOPE_TYPE "application/vnd.docker.distribution.events.v2+json"
#define TRIES_MAX 3
#define PAUSE_MS 200
#define TIMEOUT_MS 5000

struct delivery {
    char *url, *body;
    char signature[SHA256_HEX_BYTES + 8]; /* "sha256=…", or "" */
};

/* The envelope of the distribution registry's notifications. */
static json_t *envelope_of(const struct notice *notice)
{
    char id[33];
    AUTO_STR(host, 32);
    AUTO_STR(url, 1024);
    crypto_random_text(id, sizeof(id) - 1);
    str_addf(&host, "127.0.0.1:%d", notice->port);
    str_addf(&url, "http://%s/v2/%s/manifests/%s", host.text, notice->repository, notice->digest);
    json_t *target = json_pack("{s:s,s:s,s:I,s:I,s:s,s:s,s:s}", "mediaType", notice->media_type,
                               "digest", notice->digest, "size", (json_int_t)notice->size, "length",
                               (json_int_t)notice->size, "repository", notice->repository, "url",
                               url.text, "tag", notice->tag);
    json_t *event = json_pack("{s:s,s:s,s:o,s:{s:s,s:s},s:{},s:{s:s}}", "id", id, "action", "push",
                              "target", target, "request", "host", host.text, "method", "PUT",
                              "actor", "source", "addr", host.text);
    json_put_time(event, "timestamp", notice->now_ms);
    return json_pack("{s:[o]}", "events", event);
}

static bool deliver_once(struct http_client *client, const struct delivery *delivery)
{
    struct err err;
    struct http_result result = {0};
    const struct http_header signature = {"X-Hub-Signature-256", delivery->signature};
    struct http_call call = {.method = "POST",
                             .url = delivery->url,
                             .headers = &signature,
                             .header_count = delivery->signature[0] ? 1 : 0,
                             .body = slice_of(delivery->body),
                             .content_type = ENVELOPE_TYPE,
                             .timeout_ms = TIMEOUT_MS};
    bool ok = http_perform(client, &call, &result, &err) && result.status < 300;
    http_result_done(&result);
    return ok;
}

static void deliver(void *job)
{
    const struct delivery *delivery = job;
    struct http_client *client = http_client_new("heddle-sandbox-registry");
    for (int i = 0; i < TRIES_MAX && !deliver_once(client, delivery); i++) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    http_client_free(&client);
}

static void delivered(void *job, bool is_stopping)
{
    (void)is_stopping;
    struct delivery *delivery = job;
    free(delivery->url);
    free(delivery->body);
    free(delivery);
}

void notify_send(struct loop *loop, const char *url, const char *secret,
                 const struct notice *notice)
{
    struct delivery *delivery = xcalloc(1, sizeof(*delivery));
    AUTO_JSON *envelope = envelope_of(notice);
    delivery->url = xstrdup(url);
    delivery->body = json_text(envelope);
    if (secret) {
        char hex[SHA256_HEX_BYTES];
        crypto_hmac_sha256_hex(slice_of(secret), slice_of(delivery->body), hex);
        snprintf(delivery->signature, sizeof(delivery->signature), "sha256=%s", hex);
    }
    loop_work(loop, NULL, deliver, delivered, delivery);
}
