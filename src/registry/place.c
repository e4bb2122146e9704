/* Where a repository lives: its registry, and mirrors that are asked before it. */
#include "registry/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "registry/challenge.h"
#include "registry/exchange.h"

/* A mirror that fails, or asks to wait, is left alone for so long at least. */
#define REST_MS 60000

static bool is_loopback(const char *host)
{
    struct slice name = {host, host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":")};
    bool is_127 = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == name.length;
    return is_127 || slice_equals(name, "localhost") || slice_equals(name, "[::1]");
}

bool place_is_insecure(const struct registry *registry, const char *host)
{
    for (size_t i = 0; i < registry->insecure_host_count; i++) {
        if (strcasecmp(registry->insecure_hosts[i], host) == 0) {
            return true;
        }
    }
    return is_loopback(host);
}

bool place_find(const struct registry *registry, const char *repository, struct place *out,
                struct err *err)
{
    struct image image;
    struct place place = {0};
    if (!image_parse(repository, &image, err)) {
        return false;
    }
    if (image.tag[0] || image.digest[0]) {
        return err_set(err, ERR_INVALID, "\"%s\" is not a repository but an image of one",
                       repository);
    }
    image_registry(&image, place.known_as, sizeof(place.known_as));
    const char *name = image.repository;
    if (place.known_as[0]) {
        name += strlen(place.known_as) + 1;
    } else {
        text_copy_cut(place.known_as, sizeof(place.known_as), "docker.io");
    }
    bool is_hub =
        strcmp(place.known_as, "docker.io") == 0 || strcmp(place.known_as, "index.docker.io") == 0;
    snprintf(place.host, sizeof(place.host), "%s",
             is_hub ? "registry-1.docker.io" : place.known_as);
    /* Docker Hub keeps images without an owner under "library". */
    int length = snprintf(place.name, sizeof(place.name), "%s%s",
                          is_hub && !strchr(name, '/') ? "library/" : "", name);
    if (length >= (int)sizeof(place.name)) {
        return err_set(err, ERR_INVALID, "the repository \"%.80s…\" is too long", repository);
    }
    place.is_plain = place_is_insecure(registry, place.host);
    *out = place;
    return true;
}

/* ---- mirrors ---- */

static bool is_base(const char *base)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-/";
    return strspn(base, letters) == strlen(base) && !strstr(base, "//") && !strstr(base, "/.");
}

/* "docker.io=https://mirror.example.org/base" */
static bool read_mirror(const char *text, struct mirror *out, struct err *err)
{
    const char *url = strchr(text, '=');
    struct url_origin origin;
    size_t length = url ? (size_t)(url - text) : 0;
    if (length > 0 && length < sizeof(out->of) && url_origin_read(url + 1, &origin)) {
        const char *host = strstr(url, "://") + 3;
        size_t authority = strcspn(host, "/?#");
        const char *base = host + authority;
        size_t rest = strlen(base);
        rest -= rest > 0 && base[rest - 1] == '/' ? 1 : 0;
        if (is_base(base) && authority < sizeof(out->host) && rest < sizeof(out->base)) {
            memcpy(out->of, text, length);
            memcpy(out->host, host, authority);
            memcpy(out->base, base, rest);
            out->is_plain = !origin.is_https;
            return true;
        }
    }
    return err_set(err, ERR_INVALID,
                   "\"%.200s\" is no mirror; write HOST=URL, for example "
                   "docker.io=https://mirror.example.org",
                   text);
}

bool mirrors_read(const char *const *texts, size_t count, struct mirror **out, struct err *err)
{
    struct mirror *mirrors = xcalloc(count, sizeof(*mirrors));
    for (size_t i = 0; i < count; i++) {
        if (!read_mirror(texts[i], &mirrors[i], err)) {
            free(mirrors);
            return false;
        }
    }
    *out = mirrors;
    return true;
}

static struct place place_at(const struct mirror *mirror, const struct place *origin)
{
    struct place place = *origin;
    TEXT_COPY_CUT(place.host, mirror->host);
    TEXT_COPY_CUT(place.known_as, mirror->host);
    TEXT_COPY_CUT(place.base, mirror->base);
    place.is_plain = mirror->is_plain;
    return place;
}

/* What it lacks, or will not show to us, it may have for others. */
static void let_rest(struct mirror *mirror, const struct err *why, int64_t retry_ms)
{
    bool is_its_state =
        why->kind != ERR_NOT_FOUND && why->kind != ERR_DENIED && why->kind != ERR_UNKNOWN_WHO;
    int64_t rest_ms = retry_ms > REST_MS ? retry_ms : REST_MS;
    if (is_its_state || retry_ms > 0) {
        mirror->rest_mono_ms = env_now_mono_ms(env_system()) + rest_ms;
    }
}

/* The mirrors' errors stand behind that of the registry itself. */
static bool add_failures(const struct str *failures, struct err *err)
{
    struct err own = *err;
    return failures->length == 0 ||
           err_set(err, own.kind, "%.300s%.200s", own.text, failures->text);
}

bool registry_anywhere(struct registry *registry, const char *repository,
                       bool (*ask)(void *context, const struct place *place, int64_t *out_retry_ms,
                                   struct err *err),
                       void *context, int64_t *out_retry_ms, struct err *err)
{
    struct place origin;
    AUTO_STR(failures, sizeof(err->text));
    if (!place_find(registry, repository, &origin, err)) {
        return false;
    }
    for (size_t i = 0; i < registry->mirror_count; i++) {
        struct mirror *mirror = &registry->mirrors[i];
        if (strcmp(mirror->of, origin.known_as) != 0 ||
            mirror->rest_mono_ms > env_now_mono_ms(env_system())) {
            continue;
        }
        struct place place = place_at(mirror, &origin);
        struct err why = {0};
        int64_t retry_ms = 0;
        if (ask(context, &place, &retry_ms, &why)) {
            return true;
        }
        let_rest(mirror, &why, retry_ms);
        str_addf(&failures, "; before that its mirror: %.160s", why.text);
    }
    bool is_done = ask(context, &origin, out_retry_ms, err);
    if (!is_done) {
        (void)add_failures(&failures, err);
    }
    return is_done;
}
