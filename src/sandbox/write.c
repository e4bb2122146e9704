/* write: what every change of an object goes through. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sandbox/cluster_internal.h"
#include "sandbox/defaults.h"

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

static void make_uid(const struct sandbox_cluster *cluster, char out[static 37])
{
    unsigned char bytes[16];
    cluster->env->random(cluster->env->context, bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0FU) | 0x40U); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3FU) | 0x80U);
    char *at = out;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;
        at += snprintf(at, 4, "%s%02x", has_dash ? "-" : "", bytes[i]);
    }
}

/* Everything but metadata and status is what somebody wants. */
static bool same_intent(const json_t *live, const json_t *next)
{
    const char *key;
    json_t *value;
    if (json_object_size(live) - (json_object_get(live, "status") != NULL) !=
        json_object_size(next) - (json_object_get(next, "status") != NULL)) {
        return false;
    }
    json_object_foreach (json_loose(next), key, value) {
        bool is_intent = strcmp(key, "metadata") != 0 && strcmp(key, "status") != 0;
        const json_t *before = json_object_get(live, key);
        if (is_intent && (!before || !json_equal(before, value))) {
            return false;
        }
    }
    return true;
}

static void keep(json_t *metadata, const json_t *before, const char *key)
{
    json_t *value = json_object_get(before, key);
    if (value) {
        json_object_set(metadata, key, value);
    } else {
        json_object_del(metadata, key);
    }
}

/* The API server counts the templates of a DaemonSet in an annotation. */
static void count_templates(const json_t *live, json_t *next)
{
    const json_t *before =
        json_object_get(json_at(live, "metadata.annotations"), TEMPLATE_GENERATION);
    const char *text = json_string_value(before);
    bool changed =
        !live || !json_equal(json_at(live, "spec.template"), json_at(next, "spec.template"));
    json_t *metadata = json_object_get(next, "metadata");
    json_t *annotations = json_object_get(metadata, "annotations");
    char number[24];
    snprintf(number, sizeof(number), "%lld", (text ? strtoll(text, NULL, 10) : 0) + changed);
    if (!annotations) {
        annotations = json_object();
        json_put(metadata, "annotations", annotations);
    }
    json_put_text(annotations, TEMPLATE_GENERATION, number);
}

static void set_birth(const struct sandbox_cluster *cluster, json_t *metadata)
{
    char uid[37];
    make_uid(cluster, uid);
    json_put_text(metadata, "uid", uid);
    json_put_time(metadata, "creationTimestamp", cluster_now_ms(cluster));
    json_object_del(metadata, "deletionTimestamp");
    json_object_del(metadata, "generation");
}

static void set_system(const struct sandbox_cluster *cluster, const struct kind *kind,
                       const json_t *live, json_t *next)
{
    json_t *metadata = json_object_get(next, "metadata");
    const json_t *before = json_object_get(live, "metadata");
    char api_version[160];
    kind_api_version(kind, api_version);
    json_put_text(next, "apiVersion", api_version);
    json_put_text(next, "kind", kind->kind);
    if (live) {
        keep(metadata, before, "uid");
        keep(metadata, before, "creationTimestamp");
        keep(metadata, before, "deletionTimestamp");
        keep(metadata, before, "resourceVersion");
    } else {
        set_birth(cluster, metadata);
    }
    defaults_fill(kind, next);
    if (strcmp(kind->kind, "DaemonSet") == 0) {
        count_templates(live, next);
    }
    if (kind_is(kind, KIND_GENERATION)) {
        int64_t generation = json_int_at(live, "metadata.generation", 0);
        json_put_int(metadata, "generation", generation + !(live && same_intent(live, next)));
    }
}

/* stringData is only for writing: it becomes base64. */
static void encode_secret(json_t *next)
{
    json_t *plain = json_incref(json_object_get(next, "stringData"));
    const char *key;
    json_t *value;
    json_object_del(next, "stringData");
    if (plain && !json_object_get(next, "data")) {
        json_put(next, "data", json_object());
    }
    json_object_foreach (plain, key, value) {
        AUTO_STR(encoded, 4U << 20);
        struct slice bytes = {json_string_value(value), json_string_length(value)};
        if (bytes.bytes) {
            crypto_base64(bytes, &encoded);
            json_put_text(json_object_get(next, "data"), key, encoded.text);
        }
    }
    json_decref(plain);
}

static bool has_finalizers(const json_t *object)
{
    return json_array_size(json_array_at(object, "metadata.finalizers")) > 0;
}

json_t *write_prepare(struct sandbox_cluster *cluster, const struct kind *kind, const json_t *live,
                      json_t *take_next, json_t **out_refusal)
{
    if (strcmp(kind->kind, "Secret") == 0) {
        encode_secret(take_next);
    }
    set_system(cluster, kind, live, take_next);
    *out_refusal = defaults_check(kind, live, take_next);
    if (*out_refusal) {
        json_drop(&take_next);
    }
    return take_next;
}

json_t *write_store(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                    json_t *take_next)
{
    if (live && managed_same(live, take_next)) {
        json_decref(take_next);
        return live;
    }
    bool was_kept = has_finalizers(live);
    json_t *stored = objects_put(cluster->objects, kind, take_next);
    if (was_kept && !has_finalizers(stored) && json_at(stored, "metadata.deletionTimestamp")) {
        /* The last finalizer has gone, and with it what kept the object.  The change that
           has just been noted keeps the value itself. */
        delete_now(cluster, kind, stored);
    }
    return stored;
}

json_t *write_own(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                  json_t *take_next)
{
    json_t *refusal = NULL;
    json_t *next = write_prepare(cluster, kind, live, take_next, &refusal);
    json_decref(refusal);
    return next ? write_store(cluster, kind, live, next) : live;
}
