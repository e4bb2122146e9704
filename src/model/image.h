/*
 * image: a reference to a container image, taken apart, and a version.
 *
 * Grammar and limits are those of the OCI distribution specification: repository up to 255
 * characters with its registry, tag up to 128, digest "sha256:" and 64 hex digits.  The
 * repository stays as it is written: "nginx" is not made into "docker.io/library/nginx".
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#define IMAGE_REPOSITORY_BYTES 256
#define IMAGE_TAG_BYTES 129
#define IMAGE_DIGEST_BYTES 72
#define IMAGE_TEXT_BYTES (IMAGE_REPOSITORY_BYTES + IMAGE_TAG_BYTES + IMAGE_DIGEST_BYTES)

struct image {
    char
        repository[IMAGE_REPOSITORY_BYTES]; /* with registry and port: "127.0.0.1:5000/shop/cart" */
    char tag[IMAGE_TAG_BYTES];              /* "" when none is written */
    char digest[IMAGE_DIGEST_BYTES];        /* "sha256:…", or "" */
};

/* "repo", "repo:tag", "repo@digest", "repo:tag@digest".  ERR_INVALID says what is wrong. */
bool image_parse(const char *text, struct image *out, struct err *err) MUST_CHECK;
void image_format(const struct image *image, struct str *out);
bool image_tag_is_valid(const char *tag);
bool image_digest_is_valid(const char *digest);
/* Same bytes?  By digest when both have one, else by tag; the repository counts only when
   no digest decides. */
bool image_same_version(const struct image *a, const struct image *b);
/* Does what is written ask for this version?  A tag alone does: what it stands for is seen where it
   runs. */
bool image_asks_for(const struct image *written, const struct image *version);
/* The host part that a registry client must ask, "" when none is written ("nginx"); of a chart's
   index its host. */
void image_registry(const struct image *image, char *out, size_t size);

json_t *image_to_json(const struct image *image); /* {"repository","tag","digest"} */
/* A chart's repository is one, too: see model/chart.h. */
bool image_from_json(const json_t *value, struct image *out);
