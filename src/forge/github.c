/* GitHub, and GitHub Enterprise Server. */
#include <string.h>
#include <strings.h>

#include "forge/internal.h"

static bool root(const struct forge_place *place, struct str *out)
{
    if (strcasecmp(place->host, "github.com") == 0 ||
        strcasecmp(place->host, "ssh.github.com") == 0) {
        return forge_root_of_two(place, "https://api.github.com/repos/", out);
    }
    str_addf(out, "%s/api/v3/repos/", place->web);
    return forge_root_of_two(place, "", out);
}

static bool read_pull(const json_t *answer, struct pull_facts *facts)
{
    const char *state = json_text_at(answer, "state", "");
    bool is_open = strcmp(state, "open") == 0;
    /* Lists have no "merged", and both have when it was. */
    bool is_merged = json_is_string(json_object_get(answer, "merged_at"));
    if (!forge_take_number(answer, "number", facts) || (!is_open && strcmp(state, "closed") != 0)) {
        return false;
    }
    facts->state = is_open ? PULL_OPEN : is_merged ? PULL_MERGED : PULL_CLOSED;
    forge_take_url(answer, "html_url", facts);
    forge_take_commit(answer, "head.sha", facts->head);
    if (is_merged) {
        /* Of an open one it names a trial merge. */
        forge_take_commit(answer, "merge_commit_sha", facts->merge_commit);
        forge_take_who(answer, "merged_by.login", facts);
    }
    const char *mergeable = json_text_at(answer, "mergeable_state", "");
    facts->has_conflict =
        is_open && (strcmp(mergeable, "dirty") == 0 || strcmp(mergeable, "behind") == 0);
    return true;
}

static bool read_found(const json_t *answer, struct pull_facts *facts)
{
    return read_pull(json_array_get(answer, 0), facts);
}

static bool read_reviews(const json_t *answer, struct pull_facts *facts)
{
    static const struct {
        const char *state;
        enum forge_review review;
    } words[] = {{"APPROVED", FORGE_REVIEW_YES},
                 {"CHANGES_REQUESTED", FORGE_REVIEW_NO},
                 {"DISMISSED", FORGE_REVIEW_NONE}};
    struct forge_reviews reviews = {0};
    size_t i = 0;
    const json_t *review = NULL;
    json_array_foreach (answer, i, review) {
        for (size_t n = 0; n < COUNT_OF(words); n++) {
            if (strcmp(words[n].state, json_text_at(review, "state", "")) == 0) {
                forge_reviews_add(&reviews, json_text_at(review, "user.login", ""),
                                  words[n].review);
            }
        }
    }
    forge_reviews_count(&reviews, facts);
    return json_is_array(answer);
}

static bool read_checks(const json_t *answer, struct pull_facts *facts)
{
    const char *state = json_text_at(answer, "state", "");
    if (json_int_at(answer, "total_count", 0) > 0) {
        forge_add_check(facts, strcmp(state, "success") == 0   ? PULL_CHECKS_PASSED
                               : strcmp(state, "pending") == 0 ? PULL_CHECKS_PENDING
                                                               : PULL_CHECKS_FAILED);
    }
    return true;
}

static enum pull_checks run_of(const json_t *run)
{
    static const char *const good[] = {"success", "neutral", "skipped"};
    if (strcmp(json_text_at(run, "status", ""), "completed") != 0) {
        return PULL_CHECKS_PENDING;
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (strcmp(json_text_at(run, "conclusion", ""), good[i]) == 0) {
            return PULL_CHECKS_PASSED;
        }
    }
    return PULL_CHECKS_FAILED;
}

static bool read_runs(const json_t *answer, struct pull_facts *facts)
{
    size_t i = 0;
    const json_t *run = NULL;
    json_array_foreach (json_array_at(answer, "check_runs"), i, run) {
        forge_add_check(facts, run_of(run));
    }
    return true;
}

static bool read_who(const json_t *answer, struct pull_facts *facts)
{
    forge_take_who(answer, "closed_by.login", facts);
    return true;
}

static json_t *merge_body(const struct forge_words *words)
{
    return json_pack("{s:s}", "sha", words->commit);
}

static json_t *status_body(const struct forge_words *words)
{
    static const char *const states[] = {
        [FORGE_PENDING] = "pending", [FORGE_SUCCESS] = "success", [FORGE_FAILURE] = "failure"};
    json_t *body = json_pack("{s:s, s:s, s:s}", "state", states[words->state], "context",
                             words->context, "description", words->description);
    json_put_text(body, "target_url", words->link[0] ? words->link : NULL);
    return body;
}

static const char *const known[] = {"github.com", "ssh.github.com", NULL};

const struct forge_host forge_github = {
    .name = "github",
    .title = "GitHub",
    .known_hosts = known,
    .login = FORGE_BEARER,
    .token_needs = "the permissions contents, pull requests and commit statuses, read and write",
    .body_bytes_max = (size_t)60 << 10, /* 65,536 characters */
    .description_bytes_max = 140,
    .root = root,
    .questions =
        {
            [FORGE_FIND] = {"GET",
                            "/pulls?state=all&head={owner}:{branch}&base={base}&sort=created&"
                            "direction=desc&per_page=1",
                            NULL, read_found},
            [FORGE_OPEN] = {"POST", "/pulls", forge_open_body, read_pull},
            [FORGE_READ] = {"GET", "/pulls/{number}", NULL, read_pull},
            [FORGE_REVIEWS] = {"GET", "/pulls/{number}/reviews?per_page=100", NULL, read_reviews},
            [FORGE_CHECKS] = {"GET", "/commits/{commit}/status?per_page=1", NULL, read_checks},
            [FORGE_RUNS] = {"GET", "/commits/{commit}/check-runs?per_page=100", NULL, read_runs},
            [FORGE_WHO] = {"GET", "/issues/{number}", NULL, read_who},
            [FORGE_REWRITE] = {"PATCH", "/pulls/{number}", forge_text_body, NULL},
            [FORGE_SAY] = {"POST", "/issues/{number}/comments", forge_say_body, NULL},
            [FORGE_CLOSE] = {"PATCH", "/pulls/{number}", forge_close_body, NULL},
            [FORGE_MERGE] = {"PUT", "/pulls/{number}/merge", merge_body, NULL},
            [FORGE_STATUS] = {"POST", "/statuses/{commit}", status_body, NULL},
        },
};
