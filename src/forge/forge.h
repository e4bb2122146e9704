/*
 * forge: what a Git host knows beyond Git: pull requests, and statuses of commits.
 *
 * One row of forge_hosts for each kind of host.  Blocking; one thread at a time per struct forge.
 * What a host answers is untrusted: it is bounded, and only what has the right shape is taken.
 * Everything may be asked twice: a pull request is known by its branch, which no other one has.
 * Errors: ERR_UNKNOWN_WHO, ERR_DENIED (the text says what the token needs), ERR_NOT_FOUND,
 * ERR_REFUSED (a rule of the host, in its words), ERR_BUSY (asked too often: forge_rest_ms() says
 * how long to wait), ERR_UNAVAILABLE, ERR_TIMEOUT.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "model/pull.h"

struct forge_options {
    const char *kind;       /* "gitea"; NULL or "": told from the repository's URL */
    const char *url;        /* of the host's pages; NULL or "": told from the repository's URL */
    const char *repository; /* as Git knows it: https, ssh, or host:path */
    const char *token_file; /* one line; read for each question, so that it may be renewed */
};

struct forge;
/* Asks nothing yet.  ERR_INVALID says which setting to give. */
bool forge_open(const struct forge_options *options, struct forge **out,
                struct err *err) MUST_CHECK;
void forge_close(struct forge **forge);
const char *forge_title(const struct forge *forge);     /* "Gitea" */
const char *forge_host_name(const struct forge *forge); /* "git.example.org:3000" */
/* How long the host wants to be left alone, as it said in the last answer; 0: not said. */
int64_t forge_rest_ms(const struct forge *forge);

/* The pull request of a branch, in whatever state; ERR_NOT_FOUND. */
bool forge_pull_find(struct forge *forge, const char *branch, const char *base,
                     struct pull_facts *out, struct err *err) MUST_CHECK;
size_t forge_body_bytes_max(const struct forge *forge); /* of a pull request's text */
struct forge_proposal {
    const char *branch, *base;
    const char *title, *body; /* Markdown; cut where the host takes less */
};
/* The pull request of this branch: the one that is there, in whatever state, or a new one. */
bool forge_pull_open(struct forge *forge, const struct forge_proposal *proposal,
                     struct pull_facts *out, struct err *err) MUST_CHECK;
/* With its reviews and checks, as far as the token may read them. */
bool forge_pull_read(struct forge *forge, int64_t number, struct pull_facts *out,
                     struct err *err) MUST_CHECK;
bool forge_pull_rewrite(struct forge *forge, int64_t number, const struct forge_proposal *proposal,
                        struct err *err) MUST_CHECK;
/* Say a word and close it; one that is over already stays as it is. */
bool forge_pull_close(struct forge *forge, int64_t number, const char *word, struct pull_facts *out,
                      struct err *err) MUST_CHECK;
/* Only while `commit` is its head. */
bool forge_pull_merge(struct forge *forge, int64_t number, const char *commit,
                      struct err *err) MUST_CHECK;

enum forge_status_state { FORGE_PENDING, FORGE_SUCCESS, FORGE_FAILURE };
struct forge_status {
    enum forge_status_state state;
    const char *context;     /* "heddle/prod" */
    const char *description; /* one sentence */
    const char *link;        /* or "" */
};
bool forge_status_put(struct forge *forge, const char *commit, const struct forge_status *status,
                      struct err *err) MUST_CHECK;

/* ---- GitHub Apps ---- */

struct forge_app {
    const char *id;         /* the App's id, or its client id */
    const char *key_file;   /* its private key, PEM */
    const char *repository; /* as Git knows it */
    const char *url;        /* of the host's pages; NULL or "": told from the repository's URL */
};
/* A token for this repository alone, as git's password (with any user name) and for forge_open():
   good for an hour.  ERR_INVALID: the key or the repository; ERR_NOT_FOUND: the App is not
   installed there; ERR_UNKNOWN_WHO: the key is not the App's. */
bool forge_app_token(const struct forge_app *app, int64_t now_ms, struct str *out,
                     struct err *err) MUST_CHECK;

/* ---- Markdown ---- */

/* A stranger's words as code: nothing in them is markup, a link or a mention. */
void forge_add_code(struct str *out, const char *text);
/* A block of them, `bytes_max` at most, then it is cut between two lines and says so. */
void forge_add_block(struct str *out, const char *language, const char *text, size_t bytes_max);
