/* Hooks of registries and Git hosts: hints, never data.  What they carry only chooses what is
 * looked at now; it is all asked again from where it is really kept. */
#include <string.h>

#include "api/internal.h"
#include "registry/registry.h"

#define HINTS_MAX 32

/* Of one source: a gap of 100 ms between two on average, and up to 50 at once. */
#define HOOK_GAP_MS INT64_C(100)
#define HOOK_BURST 50
/* Of one that knows the secret: 200 a second, and 1,000 at once.  A build of many images is told
   image by image. */
#define HOOK_KNOWN_GAP_MS INT64_C(5)

/* ---- not too often ---- */

/* The place of this source; the one that was quiet for longest makes room for a new one. */
static struct hook_source *source_of(struct api *api, const char *address)
{
    struct hook_source *stalest = &api->hook_sources[0];
    for (size_t i = 0; i < COUNT_OF(api->hook_sources); i++) {
        struct hook_source *source = &api->hook_sources[i];
        if (strcmp(source->address, address) == 0) {
            return source;
        }
        stalest = source->due_ms < stalest->due_ms ? source : stalest;
    }
    TEXT_COPY_CUT(stalest->address, address);
    stalest->due_ms = 0;
    return stalest;
}

/* Each hook moves the time at which its source has paid for all of them; that may lie ahead of now
   by one burst. */
static bool is_in_time(struct api *api, struct http_exchange *exchange, struct err *err)
{
    struct hook_source *source = source_of(api, http_remote(exchange));
    int64_t now_ms = env_now_mono_ms(api->options.env);
    int64_t due_ms = source->due_ms > now_ms ? source->due_ms : now_ms;
    if (due_ms - now_ms > (HOOK_BURST - 1) * HOOK_GAP_MS) {
        http_reply_header(exchange, "Retry-After", "1");
        return err_set(err, ERR_BUSY, "too many hooks; what they are about is looked at anyway");
    }
    source->due_ms = due_ms + HOOK_GAP_MS;
    return true;
}

/* ---- by someone who knows the secret ---- */

static bool has_key(const char *secret, const struct http_exchange *exchange, const char *path)
{
    const char *key = http_path_value(exchange, "key");
    return key && auth_key_holds(secret, path, key);
}

static bool has_proof(const char *secret, const struct http_exchange *exchange)
{
    for (size_t i = 0; i < auth_proof_count; i++) {
        const char *value = http_request_header(exchange, auth_proofs[i].header);
        if (value && auth_proof_holds(&auth_proofs[i], secret, http_body_of(exchange), value)) {
            return true;
        }
    }
    return false;
}

static bool is_signed(struct api *api, const struct http_exchange *exchange, const char *path,
                      struct err *err)
{
    const char *secret = api->options.hook_secret;
    if (!secret) {
        return err_set(err, ERR_DENIED,
                       "webhooks are off: start the server with --hook-secret-file");
    }
    return has_key(secret, exchange, path) || has_proof(secret, exchange) ||
           err_set(err, ERR_UNKNOWN_WHO,
                   "nothing proves that the sender knows the secret: see the guide, Webhooks");
}

/* May it be heard?  Else it is answered. */
static bool is_welcome(struct api *api, struct http_exchange *exchange, const char *path)
{
    struct err err = {0};
    if (is_in_time(api, exchange, &err) && is_signed(api, exchange, path, &err)) {
        source_of(api, http_remote(exchange))->due_ms -= HOOK_GAP_MS - HOOK_KNOWN_GAP_MS;
        api->hooks++;
        return true;
    }
    api->refused++;
    http_reply_error(exchange, &err);
    return false;
}

void hear_registry(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    if (!is_welcome(api, exchange, HOOK_REGISTRY)) {
        return;
    }
    struct registry_hint hints[HINTS_MAX];
    size_t count = registry_hints(http_body_of(exchange), hints, HINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        discover_hint(api->options.discover, hints[i].repository, hints[i].tag);
    }
    http_reply_json(exchange, 202, json_object());
}

void hear_git(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    if (!is_welcome(api, exchange, HOOK_GIT)) {
        return;
    }
    api->options.fetch_soon(api->options.context);
    api_tell_agents(api, "");
    http_reply_json(exchange, 202, json_object());
}
