/* Gitea and Forgejo, which answer alike. */
#include <string.h>

#include "forge/internal.h"

static bool root(const struct forge_place *place, struct str *out)
{
    str_addf(out, "%s/api/v1/repos/", place->web);
    return forge_root_of_two(place, "", out);
}

static bool read_pull(const json_t *answer, struct pull_facts *facts)
{
    const char *state = json_text_at(answer, "state", "");
    bool is_merged = json_bool_at(answer, "merged", false);
    if (!forge_take_number(answer, "number", facts) ||
        (strcmp(state, "open") != 0 && strcmp(state, "closed") != 0)) {
        return false;
    }
    facts->state = is_merged ? PULL_MERGED : strcmp(state, "open") == 0 ? PULL_OPEN : PULL_CLOSED;
    forge_take_url(answer, "html_url", facts);
    forge_take_commit(answer, "head.sha", facts->head);
    if (is_merged) {
        forge_take_commit(answer, "merge_commit_sha", facts->merge_commit);
        forge_take_who(answer, "merged_by.login", facts);
    }
    /* Also false while the host has not looked yet: then the base has just moved. */
    facts->has_conflict = facts->state == PULL_OPEN && !json_bool_at(answer, "mergeable", true);
    return true;
}

static bool read_reviews(const json_t *answer, struct pull_facts *facts)
{
    struct forge_reviews reviews = {0};
    size_t i = 0;
    const json_t *review = NULL;
    json_array_foreach (answer, i, review) {
        const char *state = json_text_at(review, "state", "");
        const char *person = json_text_at(review, "user.login", "");
        bool counts = !json_bool_at(review, "dismissed", false);
        if (strcmp(state, "APPROVED") == 0) {
            forge_reviews_add(&reviews, person,
                              counts && !json_bool_at(review, "stale", false) ? FORGE_REVIEW_YES
                                                                              : FORGE_REVIEW_NONE);
        } else if (strcmp(state, "REQUEST_CHANGES") == 0) {
            forge_reviews_add(&reviews, person, counts ? FORGE_REVIEW_NO : FORGE_REVIEW_NONE);
        }
    }
    forge_reviews_count(&reviews, facts);
    return json_is_array(answer);
}

static bool read_checks(const json_t *answer, struct pull_facts *facts)
{
    static const struct {
        const char *word;
        enum pull_checks checks;
    } words[] = {{"success", PULL_CHECKS_PASSED}, {"warning", PULL_CHECKS_PASSED},
                 {"skipped", PULL_CHECKS_PASSED}, {"pending", PULL_CHECKS_PENDING},
                 {"failure", PULL_CHECKS_FAILED}, {"error", PULL_CHECKS_FAILED}};
    const char *state = json_text_at(answer, "state", "");
    for (size_t i = 0; json_int_at(answer, "total_count", 0) > 0 && i < COUNT_OF(words); i++) {
        if (strcmp(words[i].word, state) == 0) {
            forge_add_check(facts, words[i].checks);
        }
    }
    return true;
}

/* The last one who closed it, in what happened to it. */
static bool read_who(const json_t *answer, struct pull_facts *facts)
{
    size_t i = 0;
    const json_t *event = NULL;
    json_array_foreach (answer, i, event) {
        if (strcmp(json_text_at(event, "type", ""), "close") == 0) {
            forge_take_who(event, "user.login", facts);
        }
    }
    return true;
}

static json_t *merge_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s}", "Do", "merge", "head_commit_id", words->commit);
}

static json_t *status_body(const struct forge_words *words)
{
    static const char *const states[] = {
        [FORGE_PENDING] = "pending", [FORGE_SUCCESS] = "success", [FORGE_FAILURE] = "failure"};
    return json_pack("{s:s, s:s, s:s, s:s}", "state", states[words->state], "context",
                     words->context, "description", words->description, "target_url", words->link);
}

static const char *const known[] = {"codeberg.org", "gitea.com", NULL};

const struct forge_host forge_gitea = {
    .name = "gitea",
    .title = "Gitea",
    .known_hosts = known,
    .login = FORGE_BEARER,
    .token_needs = "the scopes write:repository and write:issue",
    .body_bytes_max = (size_t)60 << 10,
    .description_bytes_max = 255,
    .root = root,
    .questions =
        {
            [FORGE_FIND] = {"GET", "/pulls/{base}/{branch}", NULL, read_pull},
            [FORGE_OPEN] = {"POST", "/pulls", forge_open_body, read_pull},
            [FORGE_READ] = {"GET", "/pulls/{number}", NULL, read_pull},
            [FORGE_REVIEWS] = {"GET", "/pulls/{number}/reviews?limit=50", NULL, read_reviews},
            [FORGE_CHECKS] = {"GET", "/commits/{commit}/status", NULL, read_checks},
            [FORGE_WHO] = {"GET", "/issues/{number}/timeline?limit=50", NULL, read_who},
            [FORGE_REWRITE] = {"PATCH", "/pulls/{number}", forge_text_body, NULL},
            [FORGE_SAY] = {"POST", "/issues/{number}/comments", forge_say_body, NULL},
            [FORGE_CLOSE] = {"PATCH", "/pulls/{number}", forge_close_body, NULL},
            [FORGE_MERGE] = {"POST", "/pulls/{number}/merge", merge_body, NULL},
            [FORGE_STATUS] = {"POST", "/statuses/{commit}", status_body, NULL},
        },
};
