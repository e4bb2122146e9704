/* What a registry says, by the first byte: a Link header, WWW-Authenticate lines, a manifest, a
   configuration, a page of tags, or the answer of a token server. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "registry/challenge.h"
#include "registry/oci.h"
#include "registry/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A query goes into our next request: it must stay one word of it. */
static void read_link(const char *text, struct slice all)
{
    char query[PAGE_QUERY_BYTES];
    struct err err = {0};
    (void)all;
    if (pages_next(text, "registry.example.org", "/v2/shop/cart/tags/list", query, &err)) {
        assert(query[0] == '\0' || query[0] == '?');
        assert(!strpbrk(query, " \t\r\n#"));
    } else {
        assert(err.text[0]);
    }
}

static void read_challenge(const char *text, struct slice all)
{
    struct challenge challenge;
    struct url_origin origin;
    (void)all;
    challenge_read(text, &challenge);
    assert(!strpbrk(challenge.realm, "\r\n") && !strpbrk(challenge.scope, "\r\n") &&
           !strpbrk(challenge.service, "\r\n"));
    assert(challenge.kind != CHALLENGE_BEARER || challenge.realm[0]);
    if (url_origin_read(challenge.realm, &origin)) {
        assert(origin.host[0] && !strpbrk(origin.host, "/?#@"));
    }
}

static void check_facts(const struct registry_facts *facts)
{
    assert(facts->created_ms >= 0);
    assert(strlen(facts->platforms) < sizeof(facts->platforms));
    for (const char *at = facts->platforms; *at; at++) {
        assert(*at >= ' ' && *at < 0x7F);
    }
}

static void read_manifest(const char *text, struct slice all)
{
    struct oci_manifest manifest;
    (void)text;
    if (oci_read_manifest(all, &manifest)) {
        check_facts(&manifest.facts);
        assert(!manifest.image_digest[0] || image_digest_is_valid(manifest.image_digest));
        assert(!manifest.config_digest[0] || image_digest_is_valid(manifest.config_digest));
    }
}

static void read_config(const char *text, struct slice all)
{
    struct registry_facts facts = {0};
    (void)text;
    oci_read_config(all, &facts);
    check_facts(&facts);
}

static bool check_tag(void *context, const char *tag, struct err *err)
{
    (void)context;
    assert(image_tag_is_valid(tag));
    return tag[0] != 'z' || err_set(err, ERR_UNAVAILABLE, "enough");
}

static void read_tags(const char *text, struct slice all)
{
    struct err err = {0};
    (void)text;
    assert(pages_read_tags(all, "registry.example.org", check_tag, NULL, &err) || err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static void (*const readers[])(const char *text, struct slice all) = {
        read_link, read_challenge, read_manifest, read_config, read_tags};
    if (length == 0) {
        return 0;
    }
    /* Headers are texts, bodies are not. */
    char *text = xcalloc(length, 1);
    memcpy(text, bytes + 1, length - 1);
    readers[bytes[0] % COUNT_OF(readers)](text, (struct slice){text, length - 1});
    free(text);
    return 0;
}
