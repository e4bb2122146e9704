/*
 * discover: finds new versions of the images that workloads use.
 *
 * Polls each repository's tags on a worker, sooner when a hint names it, and gives whole listings
 * to its owner.  At most DISCOVER_POLLS_MAX polls run at once, and one at a time per registry host.
 * A poll that fails gives no listing at all; it is tried again later and later.  A registry that
 * asks to wait, or answers 429, is not asked before: not for any of its repositories, and not for
 * people.  It stores nothing: the caller does.
 * On the loop's thread.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "model/pipeline.h"
#include "registry/registry.h"
#include "store/store.h"

#define DISCOVER_POLLS_MAX 4
#define DISCOVER_RETRY_MS_MAX (INT64_C(10) * 60000)
#define DISCOVER_HINT_GAP_MS 1000 /* between two polls of a repository that hints ask for */
#define DISCOVER_QUIET_MS 20      /* after the last hint of many */
/* A poll at rest is one question: what tags there are, or, each so-manieth time, whether the newest
   has moved.  Where one moving tag is followed it is the other way round. */
#define DISCOVER_TURNS 10
#define DISCOVER_REQUESTS_PER_HOUR 36000
#define DISCOVER_REQUESTS_PER_HOUR_MAX 1000000000
/* Digests are resolved for this many of the newest tags that the policy admits; older and other
   tags are listed without one: see discover_resolve(). */
#define DISCOVER_DIGESTS_MAX 100
/* Where the time of building decides, all that the policy admits must be asked. */
#define DISCOVER_CREATED_MAX 1000
/* Signatures are checked from the newest version on until one is good, so many in one poll: each
   takes seconds.  A check that brought nothing good is made again later and later, and at once when
   a hint names the signature. */
#define DISCOVER_CHECKS_MAX 4
#define DISCOVER_CHECK_MS_FIRST 10000
#define DISCOVER_CHECK_MS_MAX (INT64_C(60) * 60000)

struct discover;

struct discover_options {
    struct loop *loop;
    const struct env *env;
    struct registry_options registry; /* what it points to must outlive the discover */
    int64_t poll_ms;                  /* between two polls of a repository, give or take a tenth */
    int64_t job_ms;                   /* what one poll may take; 0: 5 min */
    /* Of one registry, tokens included; 0: DISCOVER_REQUESTS_PER_HOUR.  Polls wait for it, longest
       waiting first; one that has begun is ended, and what people ask is asked at once and paid
       for by later polls.  A tenth of it may be spent at once, the rest over the hour. */
    int64_t requests_per_hour;
    /* All tags of a repository; called for the first listing and for each that differs from the one
       before.  The rows are the callee's until it returns or changes the set. */
    void (*on_versions)(void *context, const char *repository, const struct version_row *rows,
                        size_t count);
    /* Something was found about the signature of a digest; may come again with the same.  `rule` is
       named as by policy_signature_id().  NULL: nobody wants to know. */
    void (*on_signature)(void *context, const char *repository, const char *digest,
                         const char *rule, const struct signature_verdict *verdict);
    /* A poll failed; nothing is known to have changed.  `retry_at_ms` is wall time. */
    void (*on_error)(void *context, const char *repository, const struct err *err,
                     int64_t retry_at_ms);
    void *context;
};

/* A repository that some workload uses, and which of its tags count. */
struct discover_repository {
    const char *repository;
    const struct version_rule *rule;
};

/* Fails when the credentials cannot be read. */
bool discover_new(const struct discover_options *options, struct discover **out,
                  struct err *err) MUST_CHECK;
/* No callback comes after it; polls that run end by themselves.  Before loop_free(). */
void discover_free(struct discover **discover);

/* Replace the set; copies all.  New repositories, and those whose rule changed, are polled when the
   loop runs next. */
void discover_set_repositories(struct discover *discover,
                               const struct discover_repository *repositories, size_t count);
/* What the store knows of a repository from earlier: saves resolving it all again.  Right after the
   discover_set_repositories() that brought it; later it does nothing. */
void discover_remember(struct discover *discover, const char *repository,
                       const struct version_row *rows, size_t count);
/* The same for what was found about a signature. */
void discover_remember_signature(struct discover *discover, const struct signature_row *row);
/* Somebody needs to know about the signature of a digest of which the owner knows nothing good: it
   is checked soon, unless that was done not long ago. */
void discover_want_signature(struct discover *discover, const char *repository, const char *digest);
/* The owner could not keep the last listing of a repository: the next poll gives it again, changed
   or not. */
void discover_again(struct discover *discover, const char *repository);
/* Somebody says that there is something new.  Only the path counts, since a registry may have
   another name inside than outside; unknown repositories are ignored.  `tag` may be "" ; one that
   is not costs one question, whatever else the repository has. */
void discover_hint(struct discover *discover, const char *repository, const char *tag);
/* Wall time until which hints may bring more versions: a registry tells of many images one after
   the other, and each is then asked for.  In the past when nothing is expected. */
int64_t discover_expects_until(const struct discover *discover);
/* The digest of one tag, asked now, whatever the policy says.  `on_digest` is called later on the
   loop, with "" and an err when it failed (ERR_BUSY: the registry has asked to wait); not at all
   after discover_free().  ERR_BUSY: too many wait. */
bool discover_resolve(struct discover *discover, const char *repository, const char *tag,
                      void (*on_digest)(void *context, const char *digest, const struct err *err),
                      void *context, struct err *err) MUST_CHECK;

struct discover_status {
    const char *repository;
    int64_t ok_ms;   /* wall time of the last listing; 0: none yet */
    int64_t next_ms; /* wall time of the next poll */
    bool is_polling;
    unsigned failures; /* since the last listing */
    struct err error;  /* of the last failure; ERR_NONE after a listing */
    size_t tag_count;
};
/* One per repository, sorted by name, in the arena. */
size_t discover_state(const struct discover *discover, struct arena *arena,
                      struct discover_status **out);
struct discover_host_status {
    const char *host;
    uint64_t requests;         /* sent since the start, those for tokens included */
    uint64_t refusals;         /* polls and lookups that a 429 has ended */
    int64_t waits_until_ms;    /* wall time before which it asked not to be asked; 0: it did not */
    int64_t requests_per_hour; /* at most */
    bool is_spent;             /* polls wait for the next of them */
    int64_t refused_since_ms;  /* wall time of the first 429 since it last answered; 0: it did */
    /* None of its repositories could be asked since: it does not answer, or does not let us in.  0:
       some can be. */
    int64_t away_since_ms;
    struct err away_error; /* of the one that fails the longest */
};
/* One per registry that was ever needed, sorted by host, in the arena. */
size_t discover_hosts(const struct discover *discover, struct arena *arena,
                      struct discover_host_status **out);
/* Start what is due now.  A timer does this; a simulation with a clock of its own may call it. */
void discover_run_due(struct discover *discover);
