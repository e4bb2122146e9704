/* internal: what the files of forge/ share: places, words, and the rows of hosts. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "forge/forge.h"

#define FORGE_PATH_BYTES 512

/* Where a repository is: its host's pages, and its path below them. */
struct forge_place {
    char web[256];  /* "https://git.example.org", or with a path; no slash at the end */
    char host[192]; /* "git.example.org:3000" */
    char path[FORGE_PATH_BYTES]; /* "shop/config", "group/sub/config" */
};
/* Read the repository's URL; `url` (or "") says where the pages are, when it is elsewhere. */
bool forge_place_read(const char *repository, const char *url, struct forge_place *out,
                      struct err *err) MUST_CHECK;

/* What a question may be about; a path names them in braces: "/pulls/{number}". */
struct forge_words {
    const char *branch, *base, *title, *body, *word, *commit;
    const char *context, *description, *link;
    enum forge_status_state state;
    int64_t number;
};

enum forge_verb {
    FORGE_FIND,    /* the pull request of a branch */
    FORGE_OPEN,    /* make one */
    FORGE_READ,    /* one by its number */
    FORGE_REVIEWS, /* these four add to what FORGE_READ said; rows that lack one have no such thing
                    */
    FORGE_CHECKS,
    FORGE_RUNS,
    FORGE_WHO, /* closed it */
    FORGE_REWRITE,
    FORGE_SAY,
    FORGE_CLOSE,
    FORGE_MERGE,
    FORGE_STATUS,
    FORGE_VERB_COUNT,
};

struct forge_question {
    const char *method, *path;                        /* below the root of the repository */
    json_t *(*body)(const struct forge_words *words); /* new reference; NULL: none */
    /* Add what the answer says; false: it says nothing of use. */
    bool (*read)(const json_t *answer, struct pull_facts *facts);
};

enum forge_login { FORGE_BEARER, FORGE_BASIC };

/* One kind of host. */
struct forge_host {
    const char *name, *title;
    const char *const *known_hosts; /* whose repositories need no --forge; NULL-terminated */
    enum forge_login login;
    const char *token_needs; /* "the scopes write:repository and write:issue" */
    size_t body_bytes_max;   /* of a pull request's text */
    size_t description_bytes_max;
    /* The root of a repository's API; false: the path has not the shape of this host's. */
    bool (*root)(const struct forge_place *place, struct str *out);
    struct forge_question questions[FORGE_VERB_COUNT];
};
/* ": its own words" of an answer that refuses, safe to show; nothing when it has none. */
void forge_add_words(struct slice body, struct str *out);
const char *forge_root(const struct forge *forge); /* where its repository's API begins */

extern const struct forge_host forge_gitea, forge_github, forge_gitlab, forge_bitbucket,
    forge_azure;
#define FORGE_HOST_COUNT 5
extern const struct forge_host *const forge_hosts[FORGE_HOST_COUNT];

/* ---- shapes that several hosts share ---- */

/* "owner/name" in two parts: what stands before the last slash, escaped, and the name. */
bool forge_root_of_two(const struct forge_place *place, const char *api, struct str *out);
void forge_take_url(const json_t *answer, const char *path, struct pull_facts *facts);
void forge_take_commit(const json_t *answer, const char *path, char out[static OID_BYTES]);
void forge_take_who(const json_t *answer, const char *path, struct pull_facts *facts);
/* True when it is a number that a pull request can have. */
bool forge_take_number(const json_t *answer, const char *path, struct pull_facts *facts);
/* The state by a table of the host's words; false: an unknown word. */
struct forge_word_of_state {
    const char *word;
    enum pull_state state;
};
bool forge_take_state(const char *word, const struct forge_word_of_state *words, size_t count,
                      struct pull_facts *facts);

/* People's last words on a pull request; of more than these the first count. */
#define FORGE_REVIEWERS_MAX 100
enum forge_review { FORGE_REVIEW_NONE, FORGE_REVIEW_YES, FORGE_REVIEW_NO };
struct forge_reviews {
    struct {
        const char *person; /* borrowed from the answer */
        enum forge_review review;
    } last[FORGE_REVIEWERS_MAX];
    size_t count;
};
void forge_reviews_add(struct forge_reviews *reviews, const char *person, enum forge_review review);
void forge_reviews_count(const struct forge_reviews *reviews, struct pull_facts *facts);
/* A further check: one failed fails all, one pending lets all wait. */
void forge_add_check(struct pull_facts *facts, enum pull_checks check);

/* Bodies as GitHub takes them, and hosts whose API follows it; new references. */
json_t *forge_open_body(const struct forge_words *words);
json_t *forge_text_body(const struct forge_words *words);
json_t *forge_say_body(const struct forge_words *words);
json_t *forge_close_body(const struct forge_words *words);
