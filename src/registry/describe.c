/* What is behind a digest: from an index to an image to its configuration. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "registry/exchange.h"
#include "registry/oci.h"

#define LOCATION_BYTES_MAX 8192
#define PATH_BYTES_MAX (IMAGE_DIGEST_BYTES + 32)

/* One description in the making. */
struct quest {
    struct registry *registry;
    struct place place;
    int64_t *out_retry_ms;
};

static bool check_bytes(const struct quest *quest, const struct http_result *result,
                        const char *digest, struct err *err)
{
    char hex[SHA256_HEX_BYTES];
    crypto_sha256_hex(str_slice(&result->body), hex);
    return strcmp(digest + strlen("sha256:"), hex) == 0 ||
           err_set(err, ERR_UNAVAILABLE, "%s gives bytes that are not those of %s",
                   quest->place.host, digest);
}

/* A redirect without a place to go is left as it is: an answer that is refused. */
static bool follow(const struct quest *quest, struct http_result *result, struct err *err)
{
    AUTO_STR(location, LOCATION_BYTES_MAX);
    if (result->status < 300 || result->status >= 400 ||
        !http_result_header(result, "Location", &location)) {
        return true;
    }
    http_result_done(result);
    return registry_follow(quest->registry, &quest->place, location.text,
                           REGISTRY_MANIFEST_BYTES_MAX, result, err);
}

static bool fetch(const struct quest *quest, const char *kind, const char *digest,
                  struct http_result *result, struct err *err)
{
    char path[PATH_BYTES_MAX];
    bool is_blob = strcmp(kind, "blobs") == 0;
    struct question question = {"GET", path, is_blob ? "*/*" : registry_manifest_types,
                                REGISTRY_MANIFEST_BYTES_MAX};
    snprintf(path, sizeof(path), "/%s/%s", kind, digest);
    if (!registry_ask(quest->registry, &quest->place, &question, result, quest->out_retry_ms,
                      err) ||
        (is_blob && !follow(quest, result, err))) {
        return false;
    }
    if (result->status != 200) {
        return registry_refuse(quest->registry, &quest->place, result, quest->out_retry_ms, err);
    }
    return check_bytes(quest, result, digest, err);
}

static bool read_manifest(const struct quest *quest, const char *digest, struct oci_manifest *out,
                          struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    return fetch(quest, "manifests", digest, &result, err) &&
           (oci_read_manifest(str_slice(&result.body), out) ||
            err_set(err, ERR_UNAVAILABLE, "%s has something at %s that is no manifest",
                    quest->place.host, digest));
}

static bool read_config(const struct quest *quest, const char *digest, struct registry_facts *facts,
                        struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    if (!fetch(quest, "blobs", digest, &result, err)) {
        return false;
    }
    oci_read_config(str_slice(&result.body), facts);
    return true;
}

static bool is_whole(const struct registry_facts *facts)
{
    return facts->created_ms > 0 && facts->platforms[0];
}

/* All images of an index come from one build, so the first speaks for all. */
static bool describe(const struct quest *quest, const char *digest, struct registry_facts *out,
                     struct err *err)
{
    struct oci_manifest top;
    struct oci_manifest image;
    if (!read_manifest(quest, digest, &top, err)) {
        return false;
    }
    *out = top.facts;
    image = top;
    if (!is_whole(out) && top.image_digest[0]) {
        if (!read_manifest(quest, top.image_digest, &image, err)) {
            return false;
        }
        out->created_ms = out->created_ms ? out->created_ms : image.facts.created_ms;
    }
    return is_whole(out) || !image.config_digest[0] ||
           read_config(quest, image.config_digest, out, err);
}

struct facts_question {
    struct registry *registry;
    const char *digest;
    struct registry_facts *out;
};

static bool describe_at(void *context, const struct place *place, int64_t *out_retry_ms,
                        struct err *err)
{
    const struct facts_question *question = context;
    struct quest quest = {question->registry, *place, out_retry_ms};
    *question->out = (struct registry_facts){0};
    return describe(&quest, question->digest, question->out, err);
}

bool registry_describe(struct registry *registry, const char *repository, const char *digest,
                       struct registry_facts *out, int64_t *out_retry_ms, struct err *err)
{
    struct facts_question question = {registry, digest, out};
    *out = (struct registry_facts){0};
    if (out_retry_ms) {
        *out_retry_ms = 0;
    }
    if (!image_digest_is_valid(digest)) {
        return err_set(err, ERR_INVALID, "\"%.80s\" is not a digest", digest);
    }
    return registry_anywhere(registry, repository, describe_at, &question, out_retry_ms, err) ||
           err_wrap(err, "describe %.200s@%s", repository, digest);
}
