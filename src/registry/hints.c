#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "registry/registry.h"

/* Both must fit and be well formed; a hint that is not helps nobody. */
static bool make_hint(const char *host, const char *name, const char *tag,
                      struct registry_hint *out)
{
    struct image image;
    struct err ignored = {0};
    char repository[IMAGE_REPOSITORY_BYTES];
    int length = snprintf(repository, sizeof(repository), "%s%s%s", host, host[0] ? "/" : "", name);
    if (length < 0 || length >= (int)sizeof(repository) ||
        !image_parse(repository, &image, &ignored) || image.tag[0] || image.digest[0]) {
        return false;
    }
    *out = (struct registry_hint){0};
    memcpy(out->repository, repository, sizeof(repository));
    if (image_tag_is_valid(tag)) {
        text_copy_cut(out->tag, sizeof(out->tag), tag);
    }
    return true;
}

/* distribution tells of pulls and of each blob, too; only a tag that came or went matters. */
static bool event_matters(const json_t *event)
{
    const char *action = json_text_at(event, "action", "");
    const char *tag = json_text_at(event, "target.tag", "");
    return (strcmp(action, "push") == 0 && tag[0]) || strcmp(action, "delete") == 0;
}

static size_t hints_of_events(const json_t *events, struct registry_hint *out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(events) && count < max; i++) {
        const json_t *event = json_array_get(events, i);
        if (event_matters(event) && make_hint(json_text_at(event, "request.host", ""),
                                              json_text_at(event, "target.repository", ""),
                                              json_text_at(event, "target.tag", ""), &out[count])) {
            count++;
        }
    }
    return count;
}

/* Gitea: the owner's name, which the registry knows in lower case, and the package below it. */
static size_t hint_of_package(const json_t *package, struct registry_hint *out, size_t max)
{
    char name[IMAGE_REPOSITORY_BYTES];
    const char *owner =
        json_text_at(package, "owner.login", json_text_at(package, "owner.username", ""));
    int length = snprintf(name, sizeof(name), "%s/%s", owner, json_text_at(package, "name", ""));
    if (max == 0 || length >= (int)sizeof(name) ||
        strcmp(json_text_at(package, "type", ""), "container") != 0) {
        return 0;
    }
    for (char *at = name; *at; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return make_hint("", name, json_text_at(package, "version", ""), out) ? 1 : 0;
}

size_t registry_hints(struct slice body, struct registry_hint *out, size_t max)
{
    struct err ignored = {0};
    AUTO_JSON *value = json_parse(body, &ignored);
    const json_t *package = json_object_get(value, "package");
    return package ? hint_of_package(package, out, max)
                   : hints_of_events(json_array_at(value, "events"), out, max);
}
