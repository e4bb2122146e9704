#include "model/chart.h"

#include <stdio.h>
#include <string.h>

#define OUT_OF_SIGHT "helmrepository://"
#define OCI "oci://"
#define NAME_BYTES_MAX 250

static const char *const index_schemes[] = {"https://", "http://"};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool chart_is_named(const char *container)
{
    size_t length = strlen(CHART_CONTAINER);
    return strncmp(container, CHART_CONTAINER, length) == 0 &&
           (!container[length] || container[length] == '[');
}

bool chart_is_container(enum workload_kind kind, const char *container)
{
    return kind == WORKLOAD_APPLICATION    ? chart_is_named(container)
           : kind == WORKLOAD_HELM_RELEASE ? strcmp(container, CHART_CONTAINER) == 0
                                           : false;
}

/* ---- repositories ---- */

bool chart_is_indexed(const char *repository)
{
    return begins_with(repository, index_schemes[0]) || begins_with(repository, index_schemes[1]);
}

bool chart_is_out_of_sight(const char *repository)
{
    return begins_with(repository, OUT_OF_SIGHT);
}

bool chart_name_is_valid(const char *chart)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(chart);
    return length > 0 && length <= NAME_BYTES_MAX && chart[0] != '.' && chart[0] != '-' &&
           strspn(chart, letters) == length;
}

size_t chart_index_length(const char *repository)
{
    const char *slash = strrchr(repository, '/');
    return slash ? (size_t)(slash - repository) : 0;
}

/* No user's name or password, no query: it is shown to everybody. */
bool chart_repository_is_valid(const char *repository)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~/:%+-";
    const char *host = strstr(repository, "://");
    if (!host || !(chart_is_indexed(repository) || chart_is_out_of_sight(repository))) {
        return false;
    }
    host += strlen("://");
    size_t length = strlen(host);
    const char *chart = strrchr(host, '/');
    return chart && chart > host && host[0] != '/' && host[0] != ':' && chart[-1] != '/' &&
           strspn(host, letters) == length && !strstr(host, "://") &&
           chart_name_is_valid(chart + 1) && strlen(repository) < IMAGE_REPOSITORY_BYTES;
}

static size_t length_without_slashes(const char *url)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    return length;
}

bool chart_repository(const char *url, const char *chart, char *out, size_t size)
{
    struct image image = {0};
    struct err ignored = {0};
    bool is_oci = begins_with(url, OCI);
    const char *address = is_oci ? url + strlen(OCI) : url;
    int length =
        snprintf(out, size, "%.*s/%s", (int)length_without_slashes(address), address, chart);
    if (length < 0 || (size_t)length >= size || !chart_name_is_valid(chart)) {
        return false;
    }
    return is_oci ? image_parse(out, &image, &ignored) && !image.tag[0] && !image.digest[0]
                  : chart_is_indexed(out) && chart_repository_is_valid(out);
}

/* ---- versions ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t number_length(const char *at)
{
    size_t length = 0;
    while (is_digit(at[length])) {
        length++;
    }
    return length;
}

static size_t identifiers_length(const char *at)
{
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
}

/* Behind "1.2.3", or NULL: less than three numbers stand for many versions. */
static const char *behind_numbers(const char *at)
{
    for (int i = 0; i < 3; i++) {
        size_t length = number_length(at);
        at += length;
        if (length == 0 || (i < 2 && *at != '.')) {
            return NULL;
        }
        at += i < 2;
    }
    return at;
}

bool chart_version_is_exact(const char *version)
{
    const char *at = behind_numbers(version + (version[0] == 'v'));
    for (int i = 0; at && i < 2; i++) {
        if (*at == "-+"[i]) {
            size_t length = identifiers_length(at + 1);
            at = length ? at + 1 + length : NULL;
        }
    }
    return at && *at == '\0';
}

static bool copy_with(const char *text, char from, char to, char out[static IMAGE_TAG_BYTES])
{
    text_copy_cut(out, IMAGE_TAG_BYTES, text);
    for (char *at = out; *at; at++) {
        *at = *at == from ? to : *at;
    }
    return strlen(text) < IMAGE_TAG_BYTES;
}

bool chart_tag_of_version(const char *version, char out[static IMAGE_TAG_BYTES])
{
    return copy_with(version, '+', '_', out) && image_tag_is_valid(out);
}

void chart_version_of_tag(const char *tag, char out[static IMAGE_TAG_BYTES])
{
    (void)copy_with(tag, '_', '+', out);
}

bool chart_image(const char *repository, const char *version, const char *digest, struct image *out)
{
    struct image image = {0};
    struct err ignored = {0};
    *out = (struct image){0};
    if (!chart_repository_is_valid(repository) &&
        !(image_parse(repository, &image, &ignored) && !image.tag[0] && !image.digest[0])) {
        return false;
    }
    TEXT_COPY_CUT(out->repository, repository);
    if (!chart_tag_of_version(version, out->tag)) {
        out->tag[0] = '\0';
    }
    if (image_digest_is_valid(digest)) {
        TEXT_COPY_CUT(out->digest, digest);
    }
    return true;
}

bool chart_runs(const struct image *wanted, const struct image *running)
{
    const char *want = wanted->tag + (wanted->tag[0] == 'v');
    const char *runs = running->tag + (running->tag[0] == 'v');
    if (wanted->digest[0] && running->digest[0]) {
        return strcmp(wanted->digest, running->digest) == 0;
    }
    if (running->digest[0]) {
        size_t length = strcspn(want, "_");
        return length == strcspn(runs, "_") && strncmp(want, runs, length) == 0;
    }
    return want[0] && strcmp(want, runs) == 0;
}
