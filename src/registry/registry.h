/*
 * registry: client of the OCI distribution API: tags, manifest digests, what an image says of
 * itself.
 *
 * Token and basic authentication; credentials from Docker's config.json; tags with pagination;
 * digests by HEAD (GET when the registry needs it), so listing costs no pulls.  429 and 5xx honour
 * Retry-After. Blocking; one thread at a time per client.
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"
#include "model/image.h"
#include "model/signature.h"

#define REGISTRY_TAGS_MAX 100000
#define REGISTRY_PAGE_BYTES_MAX (1U << 20)
#define REGISTRY_MANIFEST_BYTES_MAX (4U << 20)

struct registry_options {
    const char *config_file; /* Docker's config.json with credentials, or NULL */
    /* Hosts ("registry.local:5000") spoken to by plain HTTP, as loopback always is. */
    const char *const *insecure_hosts;
    size_t insecure_host_count;
    /* Each "HOST=URL" ("docker.io=https://mirror.example.org/base"): asked before that registry, in
       this order, with the credentials of the mirror's own host. */
    const char *const *mirrors;
    size_t mirror_count;
};

struct registry;
bool registry_new(const struct registry_options *options, struct registry **out,
                  struct err *err) MUST_CHECK;
void registry_free(struct registry **registry);

/* All that is asked from now on must be answered within `ms` together, or it is ERR_TIMEOUT: a
   registry that drips its answers holds a worker for so long and no longer.  Without it each single
   answer has 30 s. */
void registry_give_time(struct registry *registry, int64_t ms);
/* How many requests were sent since the last call, those for tokens included. */
uint64_t registry_take_asked(struct registry *registry);

struct registry_tags {
    char **tags; /* malloc'd */
    size_t count;
};
void registry_tags_done(struct registry_tags *tags);

/* All tags of a repository, or an error: never a part of them.  Kinds: ERR_NOT_FOUND,
   ERR_UNKNOWN_WHO/ERR_DENIED (401/403; the text names the credential that was used), ERR_BUSY
   (429), ERR_UNAVAILABLE. `out_retry_ms` (or NULL): how long the registry asks to wait. */
bool registry_list_tags(struct registry *registry, const char *repository,
                        struct registry_tags *out, int64_t *out_retry_ms,
                        struct err *err) MUST_CHECK;
/* The digest that a tag stands for now.  ERR_NOT_FOUND: the tag vanished. */
bool registry_resolve(struct registry *registry, const char *repository, const char *tag,
                      char out_digest[static IMAGE_DIGEST_BYTES], int64_t *out_retry_ms,
                      struct err *err) MUST_CHECK;

#define REGISTRY_PLATFORMS_BYTES 256
/* What an image says about itself. */
struct registry_facts {
    int64_t created_ms; /* 0: it does not say when it was built */
    /* "linux/amd64 linux/arm64/v8", as many as fit; "" when it names none */
    char platforms[REGISTRY_PLATFORMS_BYTES];
};
/* The facts of a digest, which never change: one request for an index that says when it was built,
   three for one that does not.  All bytes are checked against their digests.  A registry may keep
   configurations at another host: such a redirect is followed once, without credentials.
   ERR_NOT_FOUND: some of it is missing. */
bool registry_describe(struct registry *registry, const char *repository, const char *digest,
                       struct registry_facts *out, int64_t *out_retry_ms,
                       struct err *err) MUST_CHECK;

/* Is a digest signed as the rule asks?  Runs the program `cosign`, which talks to the registry with
   the same credentials, and to a transparency log; it takes seconds.  What hinders the check is in
   the verdict, too: unchecked, with a sentence. */
void registry_verify(struct registry *registry, const char *repository, const char *digest,
                     const struct signature_rule *rule, struct signature_verdict *out);
/* Is there a program `cosign` to run?  Looks at the folders of PATH. */
bool registry_has_cosign(void);

/* ---- Helm charts ---- */

#define REGISTRY_CHART_VERSIONS_MAX 10000
/* Of an index.yaml; it lies on the disk while it is read, and not in memory. */
#define REGISTRY_INDEX_BYTES_MAX (INT64_C(512) << 20)
struct registry_chart {
    char *version;
    char *app_version;               /* NULL: it does not say */
    char digest[IMAGE_DIGEST_BYTES]; /* of its archive; "": it does not say */
    int64_t created_ms;              /* 0: it does not say */
    bool is_deprecated;
};
struct registry_charts {
    struct registry_chart *items; /* malloc'd */
    size_t count;
};
void registry_charts_done(struct registry_charts *charts);
/* All versions of a chart, in no order, of a repository: "https://charts.example.org", of which the
   index.yaml is read, or "oci://ghcr.io/acme/charts", of which the tags are.  The credential is
   that of its host.  ERR_NOT_FOUND: it has no such chart. */
bool registry_list_charts(struct registry *registry, const char *repository, const char *chart,
                          struct registry_charts *out, struct err *err) MUST_CHECK;

/* How an index names what it was the last time; each "" when it does not. */
struct registry_validators {
    char etag[128];
    char modified[64];
};
/* One chart of an index. */
struct registry_index_chart {
    const char *name;
    struct registry_charts versions; /* registry_charts_done() */
    struct err err; /* ERR_NOT_FOUND: the index has no such chart; ERR_NONE: it has */
};
#define REGISTRY_INDEX_VERSIONS_MAX 200000 /* of all charts that are asked for at one time */
struct registry_index {
    const char *address; /* "https://charts.example.org" */
    struct registry_index_chart *charts;
    size_t count;
    struct registry_validators validators; /* of what is known already; then of what was read */
    bool is_same;                          /* it is what is known already: nothing was read */
};
/* The versions of many charts by one reading of their index.  ERR_BUSY: 429, for `out_retry_ms`, or
   for as long as seems good where that is 0. */
bool registry_read_index(struct registry *registry, struct registry_index *index,
                         int64_t *out_retry_ms, struct err *err) MUST_CHECK;

/* What a notification names; only a hint to look there sooner, never data. */
struct registry_hint {
    char repository[IMAGE_REPOSITORY_BYTES]; /* without host when the sender gives none */
    char tag[IMAGE_TAG_BYTES];
};
/* Read the body of a registry's notification (distribution's envelope of events; Gitea's package
   event).  At most `max` hints; returns their number, 0 for what is not understood. */
size_t registry_hints(struct slice body, struct registry_hint *out, size_t max);
