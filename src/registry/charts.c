/* The versions of a Helm chart: in an index.yaml, or as the tags of an OCI repository. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/chart.h"
#include "registry/challenge.h"
#include "registry/chart_index.h"
#include "registry/exchange.h"

#define URL_BYTES_MAX 2048
#define OCI "oci://"
#define REDIRECTS_MAX 3
/* Between two bytes; what it takes as a whole is the caller's to limit. */
#define SILENCE_MS 30000

/* ---- oci:// ---- */

static char *version_of_tag(const char *tag)
{
    char version[IMAGE_TAG_BYTES];
    chart_version_of_tag(tag, version);
    return xstrdup(version);
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
    const struct registry *registry;
    const struct place *place;
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
    int64_t ignored_ms = 0;
    download->length += (int64_t)bytes.length;
    if (!registry_find_time(download->registry, download->place, &ignored_ms, &download->err)) {
        return false;
    }
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
    TEXT_COPY_CUT(out->known_as, out->host);
    out->is_plain = !origin.is_https;
    return origin.is_https || place_is_insecure(registry, out->host) ||
           err_set(err, ERR_INVALID,
                   "%.200s speaks plain HTTP; write https://, or name the host as insecure",
                   out->host);
}

static bool write_url(const char *address, struct str *out, struct err *err)
{
    size_t length = strlen(address);
    str_addf(out, "%.*s/index.yaml",
             (int)(length - (length > 0 && address[length - 1] == '/' ? 1 : 0)), address);
    return (!out->failed && !strpbrk(address, "?#")) ||
           err_set(err, ERR_INVALID, "the repository's address is too long, or has a query");
}

static void take_header(const struct http_result *answer, const char *name, char *out, size_t size)
{
    AUTO_STR(value, size - 1);
    bool has_one = http_result_header(answer, name, &value) && !value.failed;
    text_copy_cut(out, size, has_one ? value.text : "");
}

/* What it answered, once it did. */
static bool take_answer(const struct registry *registry, const struct place *place,
                        const struct http_result *answer, struct registry_index *index,
                        int64_t *out_retry_ms, struct err *err)
{
    struct registry_validators *validators = &index->validators;
    bool was_asked = validators->etag[0] || validators->modified[0];
    index->is_same = answer->status == 304 && was_asked;
    if (index->is_same) {
        return true;
    }
    *validators = (struct registry_validators){0};
    if (answer->status != 200) {
        return registry_refuse(registry, place, answer, out_retry_ms, err);
    }
    take_header(answer, "ETag", validators->etag, sizeof(validators->etag));
    take_header(answer, "Last-Modified", validators->modified, sizeof(validators->modified));
    return true;
}

/* One address on the way; an index often lies at another one than it is named by. */
struct hop {
    struct place place;
    char url[URL_BYTES_MAX];
    bool is_ours; /* not sent on by anybody: it gets our credential */
};

static bool ask(struct registry *registry, const struct hop *hop,
                const struct registry_validators *validators, struct download *download,
                struct http_result *out, struct err *err)
{
    const struct credential *credential =
        hop->is_ours ? credentials_find(&registry->credentials, hop->place.host, "") : NULL;
    struct http_header headers[2];
    struct http_call call = {.method = "GET",
                             .url = hop->url,
                             .headers = headers,
                             .basic = credential ? credential->basic : NULL,
                             .timeout_ms = SILENCE_MS};
    if (validators->etag[0]) {
        headers[call.header_count++] = (struct http_header){"If-None-Match", validators->etag};
    }
    if (validators->modified[0]) {
        headers[call.header_count++] =
            (struct http_header){"If-Modified-Since", validators->modified};
    }
    download->place = &hop->place;
    registry->asked++;
    bool is_there = http_perform_download(registry->client, &call, on_data, download, out, err);
    if (download->err.kind != ERR_NONE) {
        *err = download->err;
        return false;
    }
    return is_there;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where an answer sends us: never from https to what is not. */
static bool follow(const struct registry *registry, const struct http_result *answer,
                   struct hop *hop, struct err *err)
{
    AUTO_STR(location, URL_BYTES_MAX - 1);
    AUTO_STR(url, URL_BYTES_MAX - 1);
    struct place next;
    if (!http_result_header(answer, "Location", &location) || location.failed) {
        return err_set(err, ERR_UNAVAILABLE, "%s answers %d, and does not say where to look",
                       hop->place.host, answer->status);
    }
    bool is_path = location.text[0] == '/' && location.text[1] != '/';
    if (is_path) {
        str_addf(&url, "%s://%s", hop->place.is_plain ? "http" : "https", hop->place.host);
    }
    str_add(&url, location.text);
    if (url.failed || !find_host(registry, url.text, &next, err) ||
        (next.is_plain && !hop->place.is_plain)) {
        return err_set(err, ERR_UNAVAILABLE, "%s sends to another address that is not https",
                       hop->place.host);
    }
    hop->is_ours = hop->is_ours && strcmp(next.host, hop->place.host) == 0;
    hop->place = next;
    TEXT_COPY_CUT(hop->url, url.text);
    return true;
}

static bool download_index(struct registry *registry, struct registry_index *index,
                           struct download *download, int64_t *out_retry_ms, struct err *err)
{
    struct hop hop = {.is_ours = true};
    AUTO_STR(url, URL_BYTES_MAX - 1);
    if (!write_url(index->address, &url, err) || !find_host(registry, url.text, &hop.place, err)) {
        return false;
    }
    TEXT_COPY_CUT(hop.url, url.text);
    for (int left = REDIRECTS_MAX;; left--) {
        AUTO(http_result_done) struct http_result answer = {0};
        if (!ask(registry, &hop, &index->validators, download, &answer, err)) {
            return false;
        }
        if (left == 0 || !is_redirect(answer.status)) {
            return take_answer(registry, &hop.place, &answer, index, out_retry_ms, err);
        }
        if (!follow(registry, &answer, &hop, err)) {
            return false;
        }
    }
}

bool registry_read_index(struct registry *registry, struct registry_index *index,
                         int64_t *out_retry_ms, struct err *err)
{
    struct download download = {.registry = registry, .file = open_nameless(err)};
    if (download.file < 0) {
        return false;
    }
    const struct yaml_source source = {read_file, &download};
    bool is_read =
        download_index(registry, index, &download, out_retry_ms, err) &&
        (index->is_same || (lseek(download.file, 0, SEEK_SET) == 0 &&
                            chart_index_read(&source, index->charts, index->count, err)));
    close(download.file);
    return is_read;
}

static bool list_index(struct registry *registry, const char *repository, const char *chart,
                       struct registry_charts *out, struct err *err)
{
    struct registry_index_chart asked = {.name = chart};
    struct registry_index index = {.address = repository, .charts = &asked, .count = 1};
    if (!registry_read_index(registry, &index, NULL, err)) {
        return false;
    }
    *out = asked.versions;
    *err = asked.err;
    return asked.err.kind == ERR_NONE;
}

bool registry_list_charts(struct registry *registry, const char *repository, const char *chart,
                          struct registry_charts *out, struct err *err)
{
    *out = (struct registry_charts){0};
    if (!chart_name_is_valid(chart)) {
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a chart", chart);
    }
    bool is_oci = strncmp(repository, OCI, strlen(OCI)) == 0;
    bool is_listed = is_oci ? list_tags(registry, repository + strlen(OCI), chart, out, err)
                            : list_index(registry, repository, chart, out, err);
    return is_listed || err_wrap(err, "the charts of %.200s", repository);
}
