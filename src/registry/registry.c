#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "registry/exchange.h"
#include "registry/pages.h"

/* What most registries give at most in one answer. */
#define TAGS_PAGE_QUERY "?n=1000"
#define TAGS_PATH "/tags/list"
#define PAGES_MAX 1000 /* of 100 tags are still as many as REGISTRY_TAGS_MAX */
#define LINK_BYTES_MAX 8192
#define SHOWN_BYTES 80

const char registry_manifest_types[] = "application/vnd.oci.image.index.v1+json, "
                                       "application/vnd.oci.image.manifest.v1+json, "
                                       "application/vnd.docker.distribution.manifest.list.v2+json, "
                                       "application/vnd.docker.distribution.manifest.v2+json";

bool registry_new(const struct registry_options *options, struct registry **out, struct err *err)
{
    struct credentials credentials;
    struct mirror *mirrors = NULL;
    if (!mirrors_read(options->mirrors, options->mirror_count, &mirrors, err)) {
        return false;
    }
    if (!credentials_read(&credentials, options->config_file, err)) {
        free(mirrors);
        return false;
    }
    struct registry *registry = xcalloc(1, sizeof(*registry));
    registry->mirrors = mirrors;
    registry->mirror_count = options->mirror_count;
    registry->credentials = credentials;
    registry->client = http_client_new("heddle/" HEDDLE_VERSION);
    registry->insecure_host_count = options->insecure_host_count;
    registry->insecure_hosts =
        xcalloc(options->insecure_host_count, sizeof(*registry->insecure_hosts));
    for (size_t i = 0; i < options->insecure_host_count; i++) {
        registry->insecure_hosts[i] = xstrdup(options->insecure_hosts[i]);
    }
    *out = registry;
    return true;
}

void registry_free(struct registry **registry)
{
    struct registry *dead = *registry;
    if (dead) {
        registry_forget_accesses(dead);
        registry_forget_helped(dead);
        credentials_done(&dead->credentials);
        http_client_free(&dead->client);
        for (size_t i = 0; i < dead->insecure_host_count; i++) {
            free(dead->insecure_hosts[i]);
        }
        free(dead->insecure_hosts);
        free(dead->mirrors);
    }
    xfree(registry);
}

void registry_give_time(struct registry *registry, int64_t ms)
{
    registry->given_ms = ms;
    registry->end_mono_ms = env_now_mono_ms(env_system()) + ms;
}

uint64_t registry_take_asked(struct registry *registry)
{
    uint64_t asked = registry->asked;
    registry->asked = 0;
    return asked;
}

void registry_tags_done(struct registry_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        free(tags->tags[i]);
    }
    free(tags->tags);
    *tags = (struct registry_tags){0};
}

static bool refuse_shape(const struct place *place, const struct http_result *result,
                         const char *wanted, struct err *err)
{
    AUTO_STR(type, IMAGE_REPOSITORY_BYTES);
    if (!http_result_header(result, "Content-Type", &type)) {
        str_add(&type, "unknown");
    }
    return err_set(err, ERR_UNAVAILABLE,
                   "%s answers with something that is not %s (content type %.*s)", place->host,
                   wanted, SHOWN_BYTES, type.text);
}

/* ---- tags ---- */

/* A listing while it grows over its pages.  It is given away whole or not at all. */
struct listing {
    struct registry *registry;
    struct place place;
    bool is_unsorted;   /* some tag did not come after the one before */
    struct map tags;    /* from then on: tag → (unused), keeps them apart */
    struct map queries; /* of the pages so far, to find circles */
    VEC(char *) found;
};

static void listing_done(struct listing *listing)
{
    VEC_EACH (char *, tag, &listing->found) {
        free(*tag);
    }
    VEC_DONE(&listing->found);
    map_done(&listing->tags);
    map_done(&listing->queries);
}

/* Registries sort their tags, and what rises has nothing twice: then nobody has to remember all. */
static bool is_new(struct listing *listing, const char *tag)
{
    size_t count = listing->found.count;
    if (!listing->is_unsorted && (count == 0 || strcmp(listing->found.items[count - 1], tag) < 0)) {
        return true;
    }
    if (!listing->is_unsorted) {
        listing->is_unsorted = true;
        VEC_EACH (char *, found, &listing->found) {
            map_set(&listing->tags, *found, listing);
        }
    }
    bool is_known = map_has(&listing->tags, tag);
    map_set(&listing->tags, tag, listing);
    return !is_known;
}

static bool add_tag(void *context, const char *tag, struct err *err)
{
    struct listing *listing = context;
    if (!is_new(listing, tag)) {
        return true;
    }
    if (listing->found.count == REGISTRY_TAGS_MAX) {
        return err_set(err, ERR_UNAVAILABLE,
                       "%s lists more than %d tags, which is the limit; remove old ones there",
                       listing->place.host, REGISTRY_TAGS_MAX);
    }
    *VEC_ADD(&listing->found) = xstrdup(tag);
    return true;
}

static bool add_page(struct listing *listing, const struct http_result *result, struct err *err)
{
    if (pages_read_tags(str_slice(&result->body), listing->place.host, add_tag, listing, err)) {
        return true;
    }
    return err->kind == ERR_INVALID ? refuse_shape(&listing->place, result, "a list of tags", err)
                                    : false;
}

static bool next_query(const struct listing *listing, const struct http_result *result,
                       char out[static PAGE_QUERY_BYTES], struct err *err)
{
    char path[IMAGE_REPOSITORY_BYTES + 32];
    snprintf(path, sizeof(path), "/v2/%s" TAGS_PATH, listing->place.name);
    AUTO_STR(link, LINK_BYTES_MAX);
    if (!http_result_header(result, "Link", &link)) {
        out[0] = '\0';
        return true;
    }
    return pages_next(link.text, listing->place.host, path, out, err);
}

/* Read the page at `query`, and replace `query` by that of the next one. */
static bool read_page(struct listing *listing, char query[static PAGE_QUERY_BYTES],
                      int64_t *out_retry_ms, struct err *err)
{
    char path[PAGE_QUERY_BYTES + 32];
    snprintf(path, sizeof(path), TAGS_PATH "%s", query);
    struct question question = {"GET", path, "application/json", REGISTRY_PAGE_BYTES_MAX};
    AUTO(http_result_done) struct http_result result = {0};
    if (map_set(&listing->queries, query, listing)) {
        return err_set(err, ERR_UNAVAILABLE, "%s lists its pages in a circle", listing->place.host);
    }
    if (!registry_ask(listing->registry, &listing->place, &question, &result, out_retry_ms, err)) {
        return false;
    }
    if (result.status != 200) {
        return registry_refuse(listing->registry, &listing->place, &result, out_retry_ms, err);
    }
    return add_page(listing, &result, err) && next_query(listing, &result, query, err);
}

static bool read_pages(struct listing *listing, int64_t *out_retry_ms, struct err *err)
{
    char query[PAGE_QUERY_BYTES] = TAGS_PAGE_QUERY;
    for (size_t page = 0; query[0]; page++) {
        if (page == PAGES_MAX) {
            return err_set(err, ERR_UNAVAILABLE, "%s lists its tags on more than %d pages",
                           listing->place.host, PAGES_MAX);
        }
        if (!read_page(listing, query, out_retry_ms, err)) {
            return false;
        }
    }
    return true;
}

struct listing_question {
    struct registry *registry;
    struct registry_tags *out;
};

static bool list_at(void *context, const struct place *place, int64_t *out_retry_ms,
                    struct err *err)
{
    const struct listing_question *question = context;
    AUTO(listing_done) struct listing listing = {.registry = question->registry, .place = *place};
    if (!read_pages(&listing, out_retry_ms, err)) {
        return false;
    }
    question->out->count = listing.found.count;
    question->out->tags = TAKE(listing.found.items);
    listing.found.count = 0;
    return true;
}

bool registry_list_tags(struct registry *registry, const char *repository,
                        struct registry_tags *out, int64_t *out_retry_ms, struct err *err)
{
    struct listing_question question = {registry, out};
    if (out_retry_ms) {
        *out_retry_ms = 0;
    }
    return registry_anywhere(registry, repository, list_at, &question, out_retry_ms, err) ||
           err_wrap(err, "list the tags of %.200s", repository);
}

/* ---- digests ---- */

/* The digest that a header names; "" when there is none that can be read. */
static bool named_digest(const struct place *place, const struct http_result *result,
                         char out[static IMAGE_DIGEST_BYTES], struct err *err)
{
    AUTO_STR(text, IMAGE_REPOSITORY_BYTES);
    out[0] = '\0';
    if (!http_result_header(result, "Docker-Content-Digest", &text)) {
        return true;
    }
    if (strncmp(text.text, "sha512:", 7) == 0) {
        return err_set(err, ERR_UNAVAILABLE, "%s names a sha512 digest; heddle knows sha256",
                       place->host);
    }
    if (image_digest_is_valid(text.text)) {
        memcpy(out, text.text, text.length + 1);
    }
    return true;
}

/* A manifest and not, for example, a login page. */
static bool check_manifest(const struct place *place, const struct http_result *result,
                           struct err *err)
{
    struct err ignored = {0};
    AUTO_JSON *body = json_parse(str_slice(&result->body), &ignored);
    return json_int_at(body, "schemaVersion", 0) == 2 ||
           refuse_shape(place, result, "an image's manifest", err);
}

static bool read_digest(const struct place *place, const struct http_result *result,
                        char out_digest[static IMAGE_DIGEST_BYTES], struct err *err)
{
    char named[IMAGE_DIGEST_BYTES];
    char hex[SHA256_HEX_BYTES];
    if (!check_manifest(place, result, err) || !named_digest(place, result, named, err)) {
        return false;
    }
    crypto_sha256_hex(str_slice(&result->body), hex);
    if (named[0] && strcmp(named + strlen("sha256:"), hex) != 0) {
        return err_set(err, ERR_UNAVAILABLE,
                       "%s gives a manifest whose bytes are not those of the digest that it names",
                       place->host);
    }
    snprintf(out_digest, IMAGE_DIGEST_BYTES, "sha256:%s", hex);
    return true;
}

static bool get_digest(struct registry *registry, const struct place *place, const char *path,
                       char out_digest[static IMAGE_DIGEST_BYTES], int64_t *out_retry_ms,
                       struct err *err)
{
    struct question question = {"GET", path, registry_manifest_types, REGISTRY_MANIFEST_BYTES_MAX};
    AUTO(http_result_done) struct http_result result = {0};
    if (!registry_ask(registry, place, &question, &result, out_retry_ms, err)) {
        return false;
    }
    if (result.status != 200) {
        return registry_refuse(registry, place, &result, out_retry_ms, err);
    }
    return read_digest(place, &result, out_digest, err);
}

/* Statuses by which a server says that it has no HEAD, rather than no such image. */
static bool wants_get(int status)
{
    return status == 400 || status == 405 || status == 501;
}

static bool resolve(struct registry *registry, const struct place *place, const char *path,
                    char out_digest[static IMAGE_DIGEST_BYTES], int64_t *out_retry_ms,
                    struct err *err)
{
    struct question question = {"HEAD", path, registry_manifest_types, REGISTRY_MANIFEST_BYTES_MAX};
    AUTO(http_result_done) struct http_result result = {0};
    char named[IMAGE_DIGEST_BYTES];
    if (!registry_ask(registry, place, &question, &result, out_retry_ms, err)) {
        return false;
    }
    if (result.status == 404) {
        return err_set(err, ERR_NOT_FOUND,
                       "the image does not exist in the registry; it may have been deleted since "
                       "its tag was listed");
    }
    if (result.status != 200 && !wants_get(result.status)) {
        return registry_refuse(registry, place, &result, out_retry_ms, err);
    }
    if (!named_digest(place, &result, named, err)) {
        return false;
    }
    if (result.status != 200 || !named[0]) {
        return get_digest(registry, place, path, out_digest, out_retry_ms, err);
    }
    memcpy(out_digest, named, sizeof(named));
    return true;
}

struct digest_question {
    struct registry *registry;
    const char *path;
    char digest[IMAGE_DIGEST_BYTES];
};

static bool resolve_at(void *context, const struct place *place, int64_t *out_retry_ms,
                       struct err *err)
{
    struct digest_question *question = context;
    return resolve(question->registry, place, question->path, question->digest, out_retry_ms, err);
}

bool registry_resolve(struct registry *registry, const char *repository, const char *tag,
                      char out_digest[static IMAGE_DIGEST_BYTES], int64_t *out_retry_ms,
                      struct err *err)
{
    char path[IMAGE_TAG_BYTES + 32];
    struct digest_question question = {.registry = registry, .path = path};
    if (out_retry_ms) {
        *out_retry_ms = 0;
    }
    if (!image_tag_is_valid(tag)) {
        return err_set(err, ERR_INVALID, "\"%.80s\" is not a tag", tag);
    }
    snprintf(path, sizeof(path), "/manifests/%s", tag);
    if (!registry_anywhere(registry, repository, resolve_at, &question, out_retry_ms, err)) {
        return err_wrap(err, "resolve %.200s:%s", repository, tag);
    }
    memcpy(out_digest, question.digest, sizeof(question.digest));
    return true;
}
