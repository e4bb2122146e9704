/* Where a repository's pages and its API are, told from how Git knows it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "forge/internal.h"

#define TOKEN_IN_CLEAR                                                                             \
    "the token for %.120s would travel unencrypted; give --forge-url with https (plain http is "   \
    "only for this machine)"

static bool is_loopback(const char *host)
{
    size_t name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    bool is_127 = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == name;
    struct slice shown = {host, name};
    return is_127 || slice_equals(shown, "localhost") || slice_equals(shown, "[::1]");
}

/* Nothing that could end a URL's host or path early, or be another line. */
static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if (*text <= 0x20 || *text >= 0x7F || strchr("\\\"<>?#%", *text)) {
            return false;
        }
    }
    return true;
}

/* "https://ada@host:3000/shop/config.git": its scheme's length (0: none), host and path. */
struct url_parts {
    size_t scheme;
    struct slice host;
    const char *path; /* without the slash before it */
};

static struct url_parts parts_of(const char *url)
{
    struct url_parts parts = {0};
    const char *mark = strstr(url, "://");
    const char *rest = mark ? mark + 3 : url;
    /* Without a scheme it is host:path, as ssh takes it. */
    size_t length = strcspn(rest, mark ? "/" : ":");
    parts.scheme = mark ? (size_t)(mark - url) : 0;
    parts.path = rest[length] ? rest + length + 1 : "";
    for (size_t i = 0; i < length; i++) {
        if (rest[i] == '@') {
            rest += i + 1;
            length -= i + 1;
            i = (size_t)-1;
        }
    }
    parts.host = (struct slice){rest, length};
    return parts;
}

/* The path without ".git" and slashes around it; where the pages have a path, what is below it. */
static bool copy_path(const char *path, const char *pages, char out[static FORGE_PATH_BYTES])
{
    while (*path == '/') {
        path++;
    }
    size_t below = strlen(pages);
    if (below && strncmp(path, pages, below) == 0 && path[below] == '/') {
        path += below + 1;
    }
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/') {
        length--;
    }
    if (length > 4 && memcmp(path + length - 4, ".git", 4) == 0) {
        length -= 4;
    }
    if (length == 0 || length >= FORGE_PATH_BYTES) {
        return false;
    }
    memcpy(out, path, length);
    out[length] = '\0';
    return true;
}

static bool is_scheme(const char *url, const struct url_parts *parts, const char *scheme)
{
    return parts->scheme == strlen(scheme) && strncasecmp(url, scheme, parts->scheme) == 0;
}

/* Over ssh the port is ssh's own, and the pages are at https. */
static void guess_web(const char *repository, const struct url_parts *parts,
                      struct forge_place *out)
{
    bool is_http = is_scheme(repository, parts, "http");
    bool is_web = is_http || is_scheme(repository, parts, "https");
    size_t length = parts->host.length;
    const char *colon = memchr(parts->host.bytes, ':', length);
    if (!is_web && colon && parts->host.bytes[0] != '[') {
        length = (size_t)(colon - parts->host.bytes);
    }
    snprintf(out->web, sizeof(out->web), "%s://%.*s", is_http ? "http" : "https", (int)length,
             parts->host.bytes);
}

static bool read_web(struct forge_place *out, struct err *err)
{
    size_t length = strlen(out->web);
    while (length > 0 && out->web[length - 1] == '/') {
        out->web[--length] = '\0';
    }
    struct url_parts parts = parts_of(out->web);
    bool is_https = is_scheme(out->web, &parts, "https");
    if ((!is_https && !is_scheme(out->web, &parts, "http")) || parts.host.length == 0 ||
        parts.host.length >= sizeof(out->host) || !is_plain(out->web) || strchr(out->web, '@')) {
        return err_set(err, ERR_INVALID,
                       "\"%.120s\" is no address of a Git host; give --forge-url like "
                       "https://git.example.org",
                       out->web);
    }
    snprintf(out->host, sizeof(out->host), "%.*s", (int)parts.host.length, parts.host.bytes);
    return is_https || is_loopback(out->host) ||
           err_set(err, ERR_INVALID, TOKEN_IN_CLEAR, out->host);
}

bool forge_place_read(const char *repository, const char *url, struct forge_place *out,
                      struct err *err)
{
    *out = (struct forge_place){0};
    struct url_parts parts = parts_of(repository);
    bool is_folder = parts.host.length == 0 || (!parts.scheme && !strchr(repository, ':')) ||
                     repository[0] == '/' || repository[0] == '.';
    if (is_folder || is_scheme(repository, &parts, "file")) {
        return err_set(err, ERR_INVALID,
                       "the repository \"%.120s\" is a folder, which has no pull requests; take "
                       "--forge-token-file away",
                       repository);
    }
    if (url && url[0]) {
        if (!TEXT_COPY(out->web, url)) {
            return err_set(err, ERR_INVALID, "--forge-url is too long");
        }
    } else {
        guess_web(repository, &parts, out);
    }
    if (!read_web(out, err)) {
        return false;
    }
    bool is_web = is_scheme(repository, &parts, "https") || is_scheme(repository, &parts, "http");
    const char *pages = is_web ? parts_of(out->web).path : "";
    return (copy_path(parts.path, pages, out->path) && is_plain(out->path)) ||
           err_set(err, ERR_INVALID, "the repository's URL has no path that a Git host could know");
}
