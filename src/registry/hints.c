/* What registries say when an image came: each in its own words, of which only the name counts. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "crypto/crypto.h"
#include "registry/registry.h"

/* A Pub/Sub message's inner text. */
#define INNER_BYTES_MAX (64U << 10)

struct hints {
    struct registry_hint *out;
    size_t max, count;
};

/* Both must fit and be well formed; a hint that is not helps nobody.  `host` "": not told. */
static void add_hint(struct hints *hints, const char *host, const char *name, const char *tag)
{
    struct image image;
    struct err ignored = {0};
    char repository[IMAGE_REPOSITORY_BYTES];
    int length = snprintf(repository, sizeof(repository), "%s%s%s", host, host[0] ? "/" : "", name);
    if (hints->count == hints->max || length < 0 || length >= (int)sizeof(repository) ||
        !image_parse(repository, &image, &ignored) || image.tag[0] || image.digest[0]) {
        return;
    }
    struct registry_hint *hint = &hints->out[hints->count++];
    *hint = (struct registry_hint){0};
    memcpy(hint->repository, repository, sizeof(repository));
    if (image_tag_is_valid(tag)) {
        TEXT_COPY_CUT(hint->tag, tag);
    }
}

/* Of two parts that a registry knows in lower case: "Acme", "Cart" → "acme/cart". */
static void add_parts(struct hints *hints, const char *owner, const char *name, const char *tag)
{
    char path[IMAGE_REPOSITORY_BYTES];
    int length = snprintf(path, sizeof(path), "%s%s%s", owner, owner[0] ? "/" : "", name);
    if (length < 0 || length >= (int)sizeof(path)) {
        return;
    }
    for (char *at = path; *at; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    add_hint(hints, "", path, tag);
}

/* A whole reference: "host/name:tag", "host/name@digest". */
static void add_reference(struct hints *hints, const char *text)
{
    struct image image;
    struct err ignored = {0};
    if (image_parse(text, &image, &ignored)) {
        add_hint(hints, "", image.repository, image.tag);
    }
}

/* ---- the distribution project, GitLab, Zot; Azure sends one such event alone ---- */

/* They tell of pulls and of each blob, too; only a tag that came or went matters. */
static void of_event(const json_t *event, struct hints *hints)
{
    const char *action = json_text_at(event, "action", "");
    const char *tag = json_text_at(event, "target.tag", "");
    if ((strcmp(action, "push") == 0 && tag[0]) || strcmp(action, "delete") == 0) {
        add_hint(hints, json_text_at(event, "request.host", ""),
                 json_text_at(event, "target.repository", ""), tag);
    }
}

static void of_events(const json_t *body, struct hints *hints)
{
    const json_t *events = json_array_at(body, "events");
    for (size_t i = 0; i < json_array_size(events); i++) {
        of_event(json_array_get(events, i), hints);
    }
}

/* Azure's Event Grid: an array of events around the same. */
static void of_event_grid(const json_t *body, struct hints *hints)
{
    for (size_t i = 0; i < json_array_size(body); i++) {
        of_event(json_at(json_array_get(body, i), "data"), hints);
    }
}

/* ---- Gitea, Forgejo, GitHub ---- */

static void of_package(const json_t *package, struct hints *hints)
{
    const char *type = json_text_at(package, "package_type", json_text_at(package, "type", ""));
    if (strcasecmp(type, "container") != 0) {
        return;
    }
    const char *owner =
        json_text_at(package, "owner.login", json_text_at(package, "owner.username", ""));
    const char *tag = json_text_at(package, "package_version.container_metadata.tag.name",
                                   json_text_at(package, "version", ""));
    add_parts(hints, json_text_at(package, "namespace", owner), json_text_at(package, "name", ""),
              tag);
}

static void of_gitea_or_github(const json_t *body, struct hints *hints)
{
    of_package(json_at(body, "package"), hints);
}

static void of_github_registry(const json_t *body, struct hints *hints)
{
    of_package(json_at(body, "registry_package"), hints);
}

/* ---- others ---- */

static void of_docker_hub(const json_t *body, struct hints *hints)
{
    add_hint(hints, "", json_text_at(body, "repository.repo_name", ""),
             json_text_at(body, "push_data.tag", ""));
}

static void of_quay(const json_t *body, struct hints *hints)
{
    const json_t *tags = json_array_at(body, "updated_tags");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        add_hint(hints, "", json_text_at(body, "docker_url", ""), tag ? tag : "");
    }
}

static void add_harbor(const json_t *data, struct hints *hints)
{
    const json_t *resources = json_array_at(data, "resources");
    for (size_t i = 0; i < json_array_size(resources); i++) {
        const json_t *resource = json_array_get(resources, i);
        add_hint(hints, "", json_text_at(data, "repository.repo_full_name", ""),
                 json_text_at(resource, "tag", ""));
    }
}

static void of_harbor(const json_t *body, struct hints *hints)
{
    add_harbor(json_at(body, "event_data"), hints);
}

static void of_harbor_cloud_event(const json_t *body, struct hints *hints)
{
    add_harbor(json_at(body, "data"), hints);
}

/* Google: what matters is JSON in base64 inside of the message. */
static void of_pub_sub(const json_t *body, struct hints *hints)
{
    AUTO_STR(text, INNER_BYTES_MAX);
    struct err ignored = {0};
    if (!crypto_unbase64(slice_of(json_text_at(body, "message.data", "")), &text, &ignored)) {
        return;
    }
    AUTO_JSON *inner = json_parse(str_slice(&text), &ignored);
    const char *tag = json_text_at(inner, "tag", "");
    add_reference(hints, tag[0] ? tag : json_text_at(inner, "digest", ""));
}

/* Amazon's EventBridge, as it is or as a CloudEvent. */
static void add_ecr(const json_t *detail, struct hints *hints)
{
    add_hint(hints, "", json_text_at(detail, "repository-name", ""),
             json_text_at(detail, "image-tag", ""));
}

static void of_ecr(const json_t *body, struct hints *hints)
{
    add_ecr(json_at(body, "detail"), hints);
}

static void of_ecr_cloud_event(const json_t *body, struct hints *hints)
{
    add_ecr(json_at(body, "data"), hints);
}

static void of_nexus(const json_t *body, struct hints *hints)
{
    const json_t *component = json_at(body, "component");
    if (strcmp(json_text_at(component, "format", ""), "docker") == 0) {
        add_hint(hints, "", json_text_at(component, "name", ""),
                 json_text_at(component, "version", ""));
    }
}

/* By path the repository's key is a part of the name, by subdomain or port it is none. */
static void of_artifactory(const json_t *body, struct hints *hints)
{
    const char *name = json_text_at(body, "data.image_name", "");
    const char *tag = json_text_at(body, "data.tag", "");
    if (strcmp(json_text_at(body, "domain", ""), "docker") == 0) {
        add_hint(hints, json_text_at(body, "data.repo_key", ""), name, tag);
        add_hint(hints, "", name, tag);
    }
}

/* The first key that the body has tells who speaks. */
static const struct {
    const char *key;
    void (*read)(const json_t *body, struct hints *hints);
} senders[] = {
    {"events", of_events},
    {"registry_package", of_github_registry},
    {"package", of_gitea_or_github},
    {"push_data", of_docker_hub},
    {"docker_url", of_quay},
    {"event_data", of_harbor},
    {"message.data", of_pub_sub},
    {"detail.repository-name", of_ecr},
    {"data.repository-name", of_ecr_cloud_event},
    {"data.image_name", of_artifactory},
    {"data.resources", of_harbor_cloud_event},
    {"component", of_nexus},
    {"target", of_event},
};

size_t registry_hints(struct slice body, struct registry_hint *out, size_t max)
{
    struct err ignored = {0};
    struct hints hints = {.out = out, .max = max};
    AUTO_JSON *value = json_parse(body, &ignored);
    if (json_is_array(value)) {
        of_event_grid(value, &hints);
        return hints.count;
    }
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        if (json_at(value, senders[i].key)) {
            senders[i].read(value, &hints);
            break;
        }
    }
    return hints.count;
}
