/* internal: what the files of discover/ share: what is known of registries and repositories. */
#pragma once

#include "base/vec.h"
#include "discover/poll.h"

/* A registry: one client, used by one job at a time. */
struct host {
    char name[IMAGE_REPOSITORY_BYTES];
    struct registry *registry; /* made when first needed */
    bool is_busy;
    int64_t not_before_mono_ms; /* it asked to wait */
    unsigned refusals_in_a_row; /* 429s since it last answered */
    int64_t refused_ms;         /* wall: the first of them */
    uint64_t requests, refusals;
    int64_t paid_mono_us; /* when all that was sent will have been paid for; may lie ahead */
};

struct repository {
    char name[IMAGE_REPOSITORY_BYTES];
    struct host *host;
    struct version_rule *rule;
    struct map known;      /* while a poll runs it has this */
    struct map signatures; /* and this */
    struct index_state index;
    char wanted[POLL_WANTED_MAX][IMAGE_DIGEST_BYTES];
    size_t wanted_count;
    size_t tag_count;
    bool is_polling;
    bool is_wanted;   /* in the set; one that is not dies when its poll ends */
    bool is_reported; /* the owner has the listing that `known` is */
    bool is_hinted;   /* since the last poll began */
    bool is_looking;  /* the poll that runs follows a hint */
    bool wants_list;  /* a hint said too little, or there were too many */
    unsigned turn;    /* good polls since both questions were asked */
    unsigned failures;
    struct err error;
    int64_t failing_ms;      /* wall: of the first of those failures */
    int64_t ok_ms;           /* wall */
    int64_t started_mono_ms; /* of the last poll */
    int64_t next_mono_ms;
    int64_t list_mono_ms; /* of the next poll that no hint brings */
    char hints[POLL_HINTS_MAX][IMAGE_TAG_BYTES];
    size_t hint_count;
};

/* A chart that is read from the same index as the job's own. */
struct companion {
    struct repository *repository;
    struct poll *poll;
};

/* Somebody waits for one digest. */
struct lookup {
    char repository[IMAGE_REPOSITORY_BYTES];
    char tag[IMAGE_TAG_BYTES];
    void (*on_digest)(void *context, const char *digest, const struct err *err);
    void *context;
};

struct discover {
    struct discover_options options;
    struct map hosts;        /* name → struct host */
    struct map repositories; /* name → struct repository */
    VEC(struct lookup) lookups;
    struct loop_timer *timer;
    size_t running;
    int64_t hinted_mono_ms; /* when a hint last named a repository of ours; 0: never */
    bool is_closed;         /* freed by its owner; lives until the last job has ended */
};

/* What goes to a worker: a poll, several of one index, or a lookup when `repository` is NULL. */
struct job {
    struct discover *discover;
    struct host *host; /* busy with this job, whose `poll.registry` is its client */
    struct repository *repository;
    struct poll poll;
    VEC(struct companion) companions;
    struct lookup lookup;
    char digest[IMAGE_DIGEST_BYTES];
};

/* ---- job.c ---- */

/* The repository is polled from now on; what is known of it goes along. */
void job_prepare(struct discover *discover, struct repository *repository, struct poll *poll);
/* One reading of an index serves all of its charts, due or not. */
void job_gather(struct discover *discover, struct job *job);
/* On a worker. */
void job_read_index(struct job *job);

/* ---- discover.c ---- */

int64_t discover_now_mono_ms(const struct discover *discover);
int64_t discover_wall_ms(const struct discover *discover, int64_t mono_ms);
/* Requests an hour that a registry gets at most. */
int64_t discover_budget(const struct discover *discover);
/* From when on the budget of a registry has one more; in the past when it has. */
int64_t discover_affordable_mono_ms(const struct discover *discover, const struct host *host);
/* The earliest time of a repository's next poll. */
int64_t discover_due_mono_ms(const struct discover *discover, const struct repository *repository);
const char *discover_shown_host(const struct host *host);
