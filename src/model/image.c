#include "model/image.h"

#include <string.h>

#include "model/chart.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX_LENGTH 64

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool image_tag_is_valid(const char *tag)
{
    size_t length = strlen(tag);
    if (length == 0 || length >= IMAGE_TAG_BYTES || tag[0] == '.' || tag[0] == '-') {
        return false;
    }
    for (const char *at = tag; *at; at++) {
        if (!is_lower(*at) && !is_upper(*at) && !is_digit(*at) && !strchr("_.-", *at)) {
            return false;
        }
    }
    return true;
}

bool image_digest_is_valid(const char *digest)
{
    size_t prefix = strlen(DIGEST_PREFIX);
    if (strncmp(digest, DIGEST_PREFIX, prefix) != 0) {
        return false;
    }
    size_t length = 0;
    while (is_hex(digest[prefix + length])) {
        length++;
    }
    return length == DIGEST_HEX_LENGTH && digest[prefix + length] == '\0';
}

/* Between two words of a path's part stands one of: '.', '_', '__', or any number of '-'. */
static size_t separator_length(const char *at, size_t left)
{
    size_t dashes = 0;
    while (dashes < left && at[dashes] == '-') {
        dashes++;
    }
    if (dashes > 0) {
        return dashes;
    }
    if (left > 1 && at[0] == '_' && at[1] == '_') {
        return 2;
    }
    return left > 0 && (at[0] == '.' || at[0] == '_') ? 1 : 0;
}

static size_t word_length(const char *at, size_t left)
{
    size_t length = 0;
    while (length < left && (is_lower(at[length]) || is_digit(at[length]))) {
        length++;
    }
    return length;
}

static bool part_is_valid(struct slice part)
{
    size_t at = word_length(part.bytes, part.length);
    bool is_valid = at > 0;
    while (is_valid && at < part.length) {
        at += separator_length(part.bytes + at, part.length - at);
        size_t word = word_length(part.bytes + at, part.length - at);
        at += word;
        is_valid = word > 0;
    }
    return is_valid;
}

/* The first part is a host when it could not be a path's part by itself: Docker's rule. */
static bool part_is_host(struct slice part)
{
    for (size_t i = 0; i < part.length; i++) {
        if (part.bytes[i] == '.' || part.bytes[i] == ':' || is_upper(part.bytes[i])) {
            return true;
        }
    }
    return slice_equals(part, "localhost");
}

static bool port_is_valid(struct slice port)
{
    for (size_t i = 0; i < port.length; i++) {
        if (!is_digit(port.bytes[i])) {
            return false;
        }
    }
    return port.length >= 1 && port.length <= 5;
}

static bool host_letter_is_valid(char c, bool is_ipv6)
{
    if (is_ipv6) {
        return is_hex(c) || (c >= 'A' && c <= 'F') || c == ':';
    }
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '.' || c == '-';
}

/* "ghcr.io", "127.0.0.1:5000", "[::1]:5000". */
static bool host_is_valid(struct slice host)
{
    bool is_ipv6 = host.length > 0 && host.bytes[0] == '[';
    const char *name = host.bytes + (is_ipv6 ? 1 : 0);
    const char *end = host.bytes + host.length;
    const char *stop =
        is_ipv6 ? memchr(host.bytes, ']', host.length) : memchr(host.bytes, ':', host.length);
    if (is_ipv6 && !stop) {
        return false;
    }
    const char *name_end = stop ? stop : end;
    for (const char *at = name; at < name_end; at++) {
        bool is_empty_label = at[0] == '.' && at + 1 < name_end && at[1] == '.';
        if (!host_letter_is_valid(*at, is_ipv6) || is_empty_label) {
            return false;
        }
    }
    if (name_end == name || name[0] == '-' || name[0] == '.' || name_end[-1] == '-') {
        return false;
    }
    const char *rest = name_end + (is_ipv6 ? 1 : 0);
    return rest == end ||
           (*rest == ':' && port_is_valid((struct slice){rest + 1, (size_t)(end - rest) - 1}));
}

static struct slice first_part(const char *repository)
{
    return (struct slice){repository, strcspn(repository, "/")};
}

static bool repository_is_valid(const char *repository)
{
    const char *at = repository;
    struct slice part = first_part(at);
    if (at[part.length] == '/' && part_is_host(part)) {
        if (!host_is_valid(part)) {
            return false;
        }
        at += part.length + 1;
    }
    for (;;) {
        part = first_part(at);
        if (!part_is_valid(part)) {
            return false;
        }
        at += part.length;
        if (*at == '\0') {
            return true;
        }
        at++;
    }
}

static bool copy_bytes(char *out, size_t size, const char *bytes, size_t length)
{
    if (length >= size) {
        return false;
    }
    memcpy(out, bytes, length);
    out[length] = '\0';
    return true;
}

/* Take "@digest" off the end of `*length` bytes of text. */
static bool split_digest(const char *text, size_t *length, struct image *out, struct err *err)
{
    const char *at = memchr(text, '@', *length);
    if (!at) {
        return true;
    }
    if (!TEXT_COPY(out->digest, at + 1) || !image_digest_is_valid(out->digest)) {
        return err_set(err, ERR_INVALID,
                       "image \"%.160s\": the digest must be sha256: and 64 hex digits", text);
    }
    *length = (size_t)(at - text);
    return true;
}

/* Take ":tag" off the end; a colon before the last slash belongs to the host's port. */
static bool split_tag(const char *text, size_t *length, struct image *out, struct err *err)
{
    size_t at = *length;
    while (at > 0 && text[at - 1] != ':' && text[at - 1] != '/') {
        at--;
    }
    if (at == 0 || text[at - 1] == '/') {
        return true;
    }
    if (!copy_bytes(out->tag, sizeof(out->tag), text + at, *length - at) ||
        !image_tag_is_valid(out->tag)) {
        return err_set(err, ERR_INVALID,
                       "image \"%.160s\": a tag is at most 128 letters, digits, '_', '.' and '-', "
                       "and begins with a letter, digit or '_'",
                       text);
    }
    *length = at - 1;
    return true;
}

bool image_parse(const char *text, struct image *out, struct err *err)
{
    struct image image = {0};
    size_t length = strlen(text);
    if (length == 0) {
        return err_set(err, ERR_INVALID, "the image reference is empty");
    }
    if (!split_digest(text, &length, &image, err) || !split_tag(text, &length, &image, err)) {
        return false;
    }
    if (!copy_bytes(image.repository, sizeof(image.repository), text, length)) {
        return err_set(err, ERR_INVALID,
                       "image \"%.80s…\": the repository is longer than %d characters", text,
                       IMAGE_REPOSITORY_BYTES - 1);
    }
    if (!repository_is_valid(image.repository)) {
        return err_set(err, ERR_INVALID,
                       "image \"%.160s\": \"%.160s\" is not a repository: lower-case letters, "
                       "digits, '.', '_' and '-' between slashes, with the registry's host before",
                       text, image.repository);
    }
    *out = image;
    return true;
}

void image_format(const struct image *image, struct str *out)
{
    str_add(out, image->repository);
    if (image->tag[0]) {
        str_addf(out, ":%s", image->tag);
    }
    if (image->digest[0]) {
        str_addf(out, "@%s", image->digest);
    }
}

bool image_asks_for(const struct image *written, const struct image *version)
{
    return strcmp(written->tag, version->tag) == 0 &&
           (strcmp(written->digest, version->digest) == 0 ||
            (written->tag[0] && !written->digest[0]));
}

bool image_same_version(const struct image *a, const struct image *b)
{
    if (a->digest[0] && b->digest[0]) {
        return strcmp(a->digest, b->digest) == 0;
    }
    /* Without tags, "repo" and "repo@sha256:…" may or may not be the same bytes. */
    bool is_known = a->tag[0] || (!a->digest[0] && !b->digest[0]);
    return is_known && strcmp(a->tag, b->tag) == 0 && strcmp(a->repository, b->repository) == 0;
}

void image_registry(const struct image *image, char *out, size_t size)
{
    const char *repository = image->repository;
    bool is_indexed = chart_is_indexed(repository);
    repository += is_indexed ? strcspn(repository, "/") + 2 : 0;
    struct slice part = first_part(repository);
    bool has_host = repository[part.length] == '/' && (is_indexed || part_is_host(part)) &&
                    !chart_is_out_of_sight(repository);
    if (!has_host || !copy_bytes(out, size, part.bytes, part.length)) {
        out[0] = '\0';
    }
}

json_t *image_to_json(const struct image *image)
{
    json_t *value = json_object();
    json_put_text(value, "repository", image->repository);
    json_put_text(value, "tag", image->tag[0] ? image->tag : NULL);
    json_put_text(value, "digest", image->digest[0] ? image->digest : NULL);
    return value;
}

bool image_from_json(const json_t *value, struct image *out)
{
    struct image image = {0};
    bool is_read = TEXT_COPY(image.repository, json_text_at(value, "repository", "")) &&
                   TEXT_COPY(image.tag, json_text_at(value, "tag", "")) &&
                   TEXT_COPY(image.digest, json_text_at(value, "digest", ""));
    bool is_named =
        repository_is_valid(image.repository) || chart_repository_is_valid(image.repository);
    if (!is_read || !is_named || (image.tag[0] && !image_tag_is_valid(image.tag)) ||
        (image.digest[0] && !image_digest_is_valid(image.digest))) {
        return false;
    }
    *out = image;
    return true;
}
