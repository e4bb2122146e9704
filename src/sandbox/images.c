#include "sandbox/images.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "crypto/crypto.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"
#define BLOB_BYTES_MAX 65536

static void free_blobs(struct repository *repository)
{
    MAP_EACH (slot, &repository->blobs) {
        struct blob *blob = slot->value;
        str_done(&blob->bytes);
        free(blob);
    }
    map_done(&repository->blobs);
}

void images_done(struct images *images)
{
    MAP_EACH (slot, &images->repositories) {
        struct repository *repository = slot->value;
        free_blobs(repository);
        VEC_EACH (struct tag, tag, &repository->tags) {
            free(tag->name);
        }
        VEC_DONE(&repository->tags);
        free(repository->name);
        free(repository);
    }
    map_done(&images->repositories);
}

struct repository *images_find(const struct images *images, const char *repository)
{
    return map_get(&images->repositories, repository);
}

static struct repository *find_or_add(struct images *images, const char *name)
{
    struct repository *repository = images_find(images, name);
    if (!repository) {
        repository = xcalloc(1, sizeof(*repository));
        repository->name = xstrdup(name);
        map_set(&images->repositories, name, repository);
    }
    return repository;
}

struct tag *repository_tag(struct repository *repository, const char *name)
{
    VEC_EACH (struct tag, tag, &repository->tags) {
        if (strcmp(tag->name, name) == 0) {
            return tag;
        }
    }
    return NULL;
}

static int by_name(const void *left, const void *right)
{
    const struct tag *a = left;
    const struct tag *b = right;
    return strcmp(a->name, b->name);
}

static struct tag *find_or_add_tag(struct repository *repository, const char *name)
{
    if (!repository_tag(repository, name)) {
        *VEC_ADD(&repository->tags) = (struct tag){.name = xstrdup(name)};
        qsort(repository->tags.items, repository->tags.count, sizeof(*repository->tags.items),
              by_name);
    }
    return repository_tag(repository, name);
}

static void digest_of(const char *text, char out[static SANDBOX_DIGEST_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    crypto_sha256_hex(slice_of(text), hex);
    snprintf(out, SANDBOX_DIGEST_BYTES, "sha256:%s", hex);
}

static struct blob *add_blob(struct repository *repository, const char *media_type,
                             const json_t *content)
{
    AUTO(xfree) char *text = json_text(content);
    char digest[SANDBOX_DIGEST_BYTES];
    digest_of(text, digest);
    struct blob *blob = map_get(&repository->blobs, digest);
    if (!blob) {
        blob = xcalloc(1, sizeof(*blob));
        blob->media_type = media_type;
        TEXT_COPY_CUT(blob->digest, digest);
        str_init(&blob->bytes, BLOB_BYTES_MAX);
        str_add(&blob->bytes, text);
        map_set(&repository->blobs, digest, blob);
    }
    return blob;
}

/* The one layer is only named: nobody unpacks it here. */
static json_t *layer_of(const struct repository *repository, const struct tag *tag)
{
    char digest[SANDBOX_DIGEST_BYTES];
    AUTO_STR(seed, 1024);
    str_addf(&seed, "%s:%s push %d", repository->name, tag->name, tag->pushes);
    digest_of(seed.text, digest);
    return json_pack("{s:s,s:s,s:i}", "mediaType", LAYER_TYPE, "digest", digest, "size", 4096);
}

static json_t *config_of(const struct tag *tag, const json_t *layer, int64_t created_ms)
{
    json_t *config =
        json_pack("{s:s,s:s,s:{s:{s:s}},s:{s:s,s:[s]}}", "architecture", "amd64", "os", "linux",
                  "config", "Labels", "org.opencontainers.image.version", tag->name, "rootfs",
                  "type", "layers", "diff_ids", json_text_at(layer, "digest", ""));
    json_put_time(config, "created", created_ms);
    return config;
}

const struct blob *images_push(struct images *images, const char *repository_name,
                               const char *tag_name, int64_t created_ms)
{
    struct repository *repository = find_or_add(images, repository_name);
    struct tag *tag = find_or_add_tag(repository, tag_name);
    tag->pushes++;
    AUTO_JSON *layer = layer_of(repository, tag);
    AUTO_JSON *content = config_of(tag, layer, created_ms);
    const struct blob *config = add_blob(repository, CONFIG_TYPE, content);
    AUTO_JSON *manifest =
        json_pack("{s:i,s:s,s:{s:s,s:s,s:I},s:[O]}", "schemaVersion", 2, "mediaType", MANIFEST_TYPE,
                  "config", "mediaType", CONFIG_TYPE, "digest", config->digest, "size",
                  (json_int_t)config->bytes.length, "layers", layer);
    tag->manifest = add_blob(repository, MANIFEST_TYPE, manifest);
    return tag->manifest;
}
