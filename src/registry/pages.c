#include "registry/pages.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "model/image.h"

#define TAGS_LIST "/tags/list"

/* The target of the link whose rel is "next", as RFC 8288 writes it: <target>; rel="next".  Other
   links may stand beside it. */
static struct slice find_next(const char *link)
{
    while (*link) {
        const char *start = strchr(link, '<');
        const char *end = start ? strchr(start, '>') : NULL;
        if (!end) {
            break;
        }
        size_t rest = strcspn(end, "<");
        const char *rel = memmem(end, rest, "rel=", 4);
        if (rel) {
            rel += rel[4] == '"' ? 5 : 4;
            if (strncasecmp(rel, "next", 4) == 0) {
                return (struct slice){start + 1, (size_t)(end - start) - 1};
            }
        }
        link = end + rest;
    }
    return (struct slice){0};
}

static bool skip(struct slice *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (text->length < length || strncasecmp(text->bytes, prefix, length) != 0) {
        return false;
    }
    text->bytes += length;
    text->length -= length;
    return true;
}

/* The query goes into our next request as it is, so it must not be able to end the line. */
static bool is_plain_query(struct slice query)
{
    for (size_t i = 0; i < query.length; i++) {
        if (query.bytes[i] <= 0x20 || query.bytes[i] >= 0x7F || query.bytes[i] == '#') {
            return false;
        }
    }
    return query.length > 1 && query.bytes[0] == '?' && query.length < PAGE_QUERY_BYTES;
}

/* Some name the list by a path of their own, before a proxy or without the name's first parts; only
   our own is ever used.  What stands behind the last "/v2/" must be the end of what we ask. */
static bool skip_path(struct slice *target, const char *path)
{
    const char *query = memchr(target->bytes, '?', target->length);
    size_t length = query ? (size_t)(query - target->bytes) : target->length;
    const char *own = path + strlen("/v2/");
    const char *theirs = NULL;
    bool is_path = length > 1 && target->bytes[0] == '/' && target->bytes[1] != '/';
    for (size_t i = 0; is_path && i + strlen("/v2/") < length; i++) {
        if (memcmp(target->bytes + i, "/v2/", strlen("/v2/")) == 0) {
            theirs = target->bytes + i + strlen("/v2/");
        }
    }
    size_t rest = theirs ? (size_t)(target->bytes + length - theirs) : 0;
    size_t own_length = strlen(own);
    bool is_end = rest > strlen(TAGS_LIST) && rest <= own_length &&
                  memcmp(own + own_length - rest, theirs, rest) == 0 &&
                  (rest == own_length || own[own_length - rest - 1] == '/');
    if (is_end) {
        target->bytes += length;
        target->length -= length;
    }
    return is_end;
}

bool pages_next(const char *link, const char *host, const char *path,
                char out_query[static PAGE_QUERY_BYTES], struct err *err)
{
    out_query[0] = '\0';
    struct slice target = find_next(link);
    if (!target.bytes) {
        return link[0] == '\0' || !strcasestr(link, "next") ||
               err_set(err, ERR_UNAVAILABLE, "%s names its next page in a way that cannot be read",
                       host);
    }
    /* The scheme may be wrong behind a proxy; only our own is ever used. */
    if ((skip(&target, "https://") || skip(&target, "http://")) && !skip(&target, host)) {
        return err_set(err, ERR_UNAVAILABLE, "%s sends us to another host for the next page", host);
    }
    bool is_here = (target.length > 0 && target.bytes[0] == '?') || skip_path(&target, path);
    if (!is_here || !is_plain_query(target)) {
        return err_set(err, ERR_UNAVAILABLE, "%s names a next page that is not of this list", host);
    }
    memcpy(out_query, target.bytes, target.length);
    out_query[target.length] = '\0';
    return true;
}

bool pages_read_tags(struct slice body, const char *host,
                     bool (*on_tag)(void *context, const char *tag, struct err *err), void *context,
                     struct err *err)
{
    struct err why = {0};
    AUTO_JSON *page = json_parse(body, &why);
    const json_t *tags = json_object_get(page, "tags");
    /* A repository without tags has "tags": null at some registries. */
    if (!tags || (!json_is_array(tags) && !json_is_null(tags))) {
        return err_set(err, ERR_INVALID, "%s gives no list of tags", host);
    }
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (!tag) {
            return err_set(err, ERR_UNAVAILABLE, "%s lists a tag that is not a text", host);
        }
        if (image_tag_is_valid(tag) && !on_tag(context, tag, err)) {
            return false;
        }
    }
    return true;
}
