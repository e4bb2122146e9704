#include "registry/oci.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

#define CREATED "org.opencontainers.image.created"
/* An index has an image for each of some ten platforms, and as many attestations. */
#define INDEX_IMAGES_MAX 200

/* Builds that want to be reproducible say 1970, or the year 1: they do not say when. */
static int64_t read_created(const char *text)
{
    int64_t created_ms = clock_parse(text);
    return created_ms > 0 ? created_ms : 0;
}

static bool is_word(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(text);
    return length > 0 && length < 32 && strspn(text, letters) == length;
}

static bool has_platform(const char *platforms, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = platforms; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0) {
            return true;
        }
        at += word;
    }
    return false;
}

/* {"os": "linux", "architecture": "arm", "variant": "v7"} as "linux/arm/v7"; false for what is no
   platform, as that of attestations ("unknown/unknown"). */
static bool add_platform(struct registry_facts *facts, const json_t *value)
{
    const char *system = json_text_at(value, "os", "");
    const char *architecture = json_text_at(value, "architecture", "");
    const char *variant = json_text_at(value, "variant", "");
    char name[3 * 32];
    if (!is_word(system) || !is_word(architecture) || strcmp(system, "unknown") == 0) {
        return false;
    }
    bool has_variant = is_word(variant);
    snprintf(name, sizeof(name), "%s/%s%s%s", system, architecture, has_variant ? "/" : "",
             has_variant ? variant : "");
    size_t length = strlen(facts->platforms);
    if (!has_platform(facts->platforms, name) &&
        length + strlen(name) + 2 <= sizeof(facts->platforms)) {
        snprintf(facts->platforms + length, sizeof(facts->platforms) - length, "%s%s",
                 length ? " " : "", name);
    }
    return true;
}

static void read_digest(const json_t *value, char out[static IMAGE_DIGEST_BYTES])
{
    const char *digest = json_text_at(value, "digest", "");
    if (image_digest_is_valid(digest)) {
        text_copy_cut(out, IMAGE_DIGEST_BYTES, digest);
    }
}

static void read_index(const json_t *images, struct oci_manifest *out)
{
    size_t count = json_array_size(images);
    for (size_t i = 0; i < count && i < INDEX_IMAGES_MAX; i++) {
        const json_t *image = json_array_get(images, i);
        if (add_platform(&out->facts, json_object_get(image, "platform")) &&
            !out->image_digest[0]) {
            read_digest(image, out->image_digest);
        }
    }
}

bool oci_read_manifest(struct slice body, struct oci_manifest *out)
{
    struct err ignored = {0};
    AUTO_JSON *manifest = json_parse(body, &ignored);
    *out = (struct oci_manifest){0};
    if (json_int_at(manifest, "schemaVersion", 0) != 2) {
        return false;
    }
    const char *created =
        json_string_value(json_object_get(json_object_get(manifest, "annotations"), CREATED));
    out->facts.created_ms = created ? read_created(created) : 0;
    const json_t *images = json_object_get(manifest, "manifests");
    if (json_is_array(images)) {
        read_index(images, out);
    } else {
        read_digest(json_object_get(manifest, "config"), out->config_digest);
    }
    return true;
}

void oci_read_config(struct slice body, struct registry_facts *facts)
{
    struct err ignored = {0};
    AUTO_JSON *config = json_parse(body, &ignored);
    if (facts->created_ms == 0) {
        facts->created_ms = read_created(json_text_at(config, "created", ""));
    }
    if (!facts->platforms[0]) {
        add_platform(facts, config);
    }
}
