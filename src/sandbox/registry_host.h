/*
 * registry_host: a simulated image registry, served over HTTP on the loop.
 *
 * The part of the OCI distribution API that reads: tags in pages, manifests and their
 * configurations by tag or digest.  Images are pushed in the process; what they consist of follows
 * from repository, tag and how often that tag was pushed, so that a story gives the same digests
 * each time.  Pushes are told to webhooks, in the form that the distribution registry uses.
 *
 * Everything runs on the loop's thread; webhooks are called from its workers.
 */
#pragma once

#include "base/clock.h"
#include "loop/loop.h"

#define SANDBOX_DIGEST_BYTES 72 /* "sha256:" and 64 hex digits */

struct sandbox_registry;

struct sandbox_registry_options {
    struct loop *loop;
    const struct env *env;     /* NULL: env_system() */
    int port;                  /* 0: the system chooses */
    const char *notify_secret; /* signs webhooks; NULL: unsigned */
};

/* Listens on 127.0.0.1. */
bool sandbox_registry_start(const struct sandbox_registry_options *options,
                            struct sandbox_registry **out, struct err *err) MUST_CHECK;
void sandbox_registry_stop(struct sandbox_registry **registry);
int sandbox_registry_port(const struct sandbox_registry *registry);

/* Push an image.  Pushing a tag again moves it to another digest.  Repository and tag must be what
   a registry takes.  `created_ms` is what its configuration says; push() says the first day of
   2026. */
void sandbox_registry_push(struct sandbox_registry *registry, const char *repository,
                           const char *tag);
void sandbox_registry_push_created(struct sandbox_registry *registry, const char *repository,
                                   const char *tag, int64_t created_ms);
/* What the tag names now; false when there is no such tag. */
bool sandbox_registry_digest(const struct sandbox_registry *registry, const char *repository,
                             const char *tag, char out[static SANDBOX_DIGEST_BYTES]);
/* Forget a tag; its manifest stays readable by digest. */
void sandbox_registry_untag(struct sandbox_registry *registry, const char *repository,
                            const char *tag);

/* Tell later pushes to this URL; at most 16. */
void sandbox_registry_notify(struct sandbox_registry *registry, const char *url);

/* How it answers: for stories in which a registry has trouble. */
enum sandbox_registry_mood {
    SANDBOX_REGISTRY_FINE,
    SANDBOX_REGISTRY_DOWN,     /* 503 */
    SANDBOX_REGISTRY_LIMITING, /* 429 with Retry-After */
};
void sandbox_registry_set_mood(struct sandbox_registry *registry, enum sandbox_registry_mood mood);
