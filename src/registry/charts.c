/* The versions of a Helm chart: in an index.yaml, or as the tags of an OCI repository. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/challenge.h"
#include "registry/chart_index.h"
#include "registry/exchange.h"

#define URL_BYTES_MAX 2048
#define OCI "oci://"
#define NAME_BYTES_MAX 250
/* Between two bytes; what it takes as a whole is the caller's to limit. */
#define SILENCE_MS 30000

static bool is_chart_name(const char *chart)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(chart);
    return length > 0 && length <= NAME_BYTES_MAX && chart[0] != '.' && chart[0] != '-' &&
           strspn(chart, letters) == length;
}

/* ---- oci:// ---- */

/* A tag has no "+", so Helm writes "_" for it. */
static char *version_of_tag(const char *tag)
{
    char *version = xstrdup(tag);
    for (char *at = version; *at; at++) {
        *at = *at == '_' ? '+' : *at;
    }
    return version;
}

static bool list_tags(struct registry *registry, const char *repository, const char *chart,
                      struct registry_charts *out, struct err *err)
{
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    AUTO_STR(name, IMAGE_REPOSITORY_BYTES);
    size_t length = strlen(repository);
    length -= length > 0 && repository[length - 1] == '/' ? 1 : 0;
    str_addf(&name, "%.*s/%s", (int)length, repository, chart);
    if (name.failed) {
        return err_set(err, ERR_INVALID, "the repository's name is too long");
    }
    if (!registry_list_tags(registry, name.text, &tags, NULL, err)) {
        return false;
    }
    out->items = xcalloc(tags.count, sizeof(*out->items));
    out->count = tags.count;
    for (size_t i = 0; i < tags.count; i++) {
        out->items[i].version = version_of_tag(tags.tags[i]);
    }
    return true;
}

/* ---- index.yaml ---- */

/* A file without a name: gone when it is closed, or when we are. */
static int open_nameless(struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/heddle-index-XXXXXX",
                          temporary && temporary[0] ? temporary : "/tmp");
    int file = length < (int)sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;
    if (file < 0) {
        err_set(err, ERR_UNAVAILABLE, "a temporary file cannot be made: %s", strerror(errno));
        return -1;
    }
    unlink(path);
    return file;
}

struct download {
    int file;
    int64_t length;
    struct err err; /* why it was given up */
};

static bool write_all(int file, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t written = write(file, bytes.bytes, bytes.length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes.bytes += written > 0 ? written : 0;
        bytes.length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool on_data(void *context, int status, struct slice bytes)
{
    struct download *download = context;
    download->length += (int64_t)bytes.length;
    if (status != 200) {
        return true; /* an error's page is not ours */
    }
    if (download->length > REGISTRY_INDEX_BYTES_MAX) {
        return err_set(&download->err, ERR_UNAVAILABLE, "its index is larger than %lld MiB",
                       (long long)(REGISTRY_INDEX_BYTES_MAX >> 20));
    }
    return write_all(download->file, bytes) ||
           err_set(&download->err, ERR_UNAVAILABLE, "its index cannot be kept: %s",
                   strerror(errno));
}

static bool read_file(void *context, char *buffer, size_t size, size_t *out_length, struct err *err)
{
    const struct download *download = context;
    ssize_t got = 0;
    do {
        got = read(download->file, buffer, size);
    } while (got < 0 && errno == EINTR);
    *out_length = got > 0 ? (size_t)got : 0;
    return got >= 0 || err_set(err, ERR_UNAVAILABLE, "its index: %s", strerror(errno));
}

static enum err_kind kind_of(int status)
{
    return status == 404                    ? ERR_NOT_FOUND
           : status == 401 || status == 403 ? ERR_DENIED
                                            : ERR_UNAVAILABLE;
}

/* Credentials go to https, and to those that may be spoken to without it. */
static bool find_host(const struct registry *registry, const char *url, struct place *out,
                      struct err *err)
{
    struct url_origin origin;
    *out = (struct place){0};
    if (!url_origin_read(url, &origin)) {
        return err_set(err, ERR_INVALID,
                       "\"%.200s\" is no repository of charts; write https://HOST/PATH or "
                       "oci://HOST/PATH",
                       url);
    }
    const char *host = strstr(url, "://") + 3;
    snprintf(out->host, sizeof(out->host), "%.*s", (int)strcspn(host, "/?#"), host);
    out->is_plain = !origin.is_https;
    return origin.is_https || place_is_insecure(registry, out->host) ||
           err_set(err, ERR_INVALID,
                   "%.200s speaks plain HTTP; write https://, or name the host as insecure",
                   out->host);
}

static bool download_index(struct registry *registry, const char *repository,
                           struct download *download, struct err *err)
{
    struct place place;
    int status = 0;
    AUTO_STR(url, URL_BYTES_MAX);
    size_t length = strlen(repository);
    str_addf(&url, "%.*s/index.yaml",
             (int)(length - (length > 0 && repository[length - 1] == '/' ? 1 : 0)), repository);
    if (url.failed || strpbrk(repository, "?#")) {
        return err_set(err, ERR_INVALID, "the repository's address is too long, or has a query");
    }
    if (!find_host(registry, url.text, &place, err)) {
        return false;
    }
    const struct credential *credential = credentials_find(&registry->credentials, place.host, "");
    const struct http_call call = {.method = "GET",
                                   .url = url.text,
                                   .basic = credential ? credential->basic : NULL,
                                   .timeout_ms = SILENCE_MS};
    registry->asked++;
    bool is_there = http_perform_stream(registry->client, &call, on_data, download, &status, err);
    if (download->err.kind != ERR_NONE) {
        *err = download->err;
        return false;
    }
    return is_there &&
           (status == 200 || err_set(err, kind_of(status), "%s answers %d", url.text, status));
}

static bool read_index(struct registry *registry, const char *repository, const char *chart,
                       struct registry_charts *out, struct err *err)
{
    struct download download = {.file = open_nameless(err)};
    if (download.file < 0) {
        return false;
    }
    const struct yaml_source source = {read_file, &download};
    bool is_read = download_index(registry, repository, &download, err) &&
                   lseek(download.file, 0, SEEK_SET) == 0 &&
                   chart_index_read(&source, chart, out, err);
    close(download.file);
    return is_read;
}

bool registry_list_charts(struct registry *registry, const char *repository, const char *chart,
                          struct registry_charts *out, struct err *err)
{
    *out = (struct registry_charts){0};
    if (!is_chart_name(chart)) {
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a chart", chart);
    }
    bool is_oci = strncmp(repository, OCI, strlen(OCI)) == 0;
    bool is_listed = is_oci ? list_tags(registry, repository + strlen(OCI), chart, out, err)
                            : read_index(registry, repository, chart, out, err);
    return is_listed || err_wrap(err, "the charts of %.200s", repository);
}
