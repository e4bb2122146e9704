/*
 * pull: a pull request for one wave of a release: what heddle did for it, and what the Git host
 * says of it.
 */
#pragma once

#include "model/names.h"

#define PULL_BRANCH_BYTES 64
#define PULL_URL_BYTES 512

enum pull_state {
    PULL_NEW, /* the host has not been asked for it yet */
    PULL_OPEN,
    PULL_MERGED,
    PULL_CLOSED, /* without a merge */
    PULL_STATE_COUNT,
};
const char *pull_state_name(enum pull_state state);
enum pull_state pull_state_of(const char *name); /* the COUNT for a name that is not one */

enum pull_checks {
    PULL_CHECKS_NONE, /* the host tells of none */
    PULL_CHECKS_PENDING,
    PULL_CHECKS_PASSED,
    PULL_CHECKS_FAILED,
    PULL_CHECKS_COUNT,
};
const char *pull_checks_name(enum pull_checks checks);
enum pull_checks pull_checks_of(const char *name);

/* What the host says; its words are a stranger's. */
struct pull_facts {
    int64_t number; /* 0: there is none */
    char url[PULL_URL_BYTES];
    enum pull_state state;
    char head[OID_BYTES];         /* of its branch; "" : not said */
    char merge_commit[OID_BYTES]; /* what brought it into the base; "" : not merged, or not said */
    char who[ACTOR_BYTES];        /* merged or closed it; "" : not said */
    unsigned approvals;           /* reviews in force */
    unsigned objections;
    enum pull_checks checks; /* of its head */
    bool has_conflict;       /* with the base as it is now */
};

struct pull_request {
    int64_t release;
    int wave;
    char repository[NAME_BYTES];    /* "": the server's own */
    char into[BRANCH_BYTES];        /* where it is to come in; "": the server's own branch */
    char branch[PULL_BRANCH_BYTES]; /* of heddle's own; no other pull request ever has it */
    char tip[OID_BYTES];            /* the commit of heddle's that it was last given; "" : none */
    char base[OID_BYTES];           /* that commit's parent */
    int64_t pushed_ms;              /* when it was given */
    int items;       /* of the wave that were not over then: what its commit is about */
    bool is_left;    /* someone else has moved the branch: heddle pushes to it no more */
    bool is_settled; /* it is over, and its branch was cleaned up: nothing is left to do */
    struct pull_facts facts;
    char problem[REASON_BYTES]; /* what was in the way of the last question to the host, or "" */
};
