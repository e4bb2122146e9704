/* GitLab, where a pull request is a merge request. */
#include <string.h>

#include "base/escape.h"
#include "forge/internal.h"

static bool root(const struct forge_place *place, struct str *out)
{
    str_addf(out, "%s/api/v4/projects/", place->web);
    escape_url(out, place->path);
    return strchr(place->path, '/') != NULL;
}

/* What brought it into the base: a merge, a squash, or, by fast forward, its own head. */
static void take_merge_commit(const json_t *answer, struct pull_facts *facts)
{
    static const char *const names[] = {"merge_commit_sha", "squash_commit_sha", "sha"};
    for (size_t i = 0; i < COUNT_OF(names) && !facts->merge_commit[0]; i++) {
        forge_take_commit(answer, names[i], facts->merge_commit);
    }
}

static void take_pipeline(const json_t *answer, struct pull_facts *facts)
{
    static const struct {
        const char *word;
        enum pull_checks checks;
    } words[] = {{"success", PULL_CHECKS_PASSED},
                 {"skipped", PULL_CHECKS_PASSED},
                 {"failed", PULL_CHECKS_FAILED},
                 {"canceled", PULL_CHECKS_FAILED}};
    const char *status = json_text_at(answer, "head_pipeline.status", "");
    enum pull_checks checks = status[0] ? PULL_CHECKS_PENDING : PULL_CHECKS_NONE;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        checks = strcmp(words[i].word, status) == 0 ? words[i].checks : checks;
    }
    facts->checks = checks;
}

static bool read_pull(const json_t *answer, struct pull_facts *facts)
{
    static const struct forge_word_of_state states[] = {{"opened", PULL_OPEN},
                                                        {"locked", PULL_OPEN},
                                                        {"merged", PULL_MERGED},
                                                        {"closed", PULL_CLOSED}};
    if (!forge_take_number(answer, "iid", facts) ||
        !forge_take_state(json_text_at(answer, "state", ""), states, COUNT_OF(states), facts)) {
        return false;
    }
    forge_take_url(answer, "web_url", facts);
    forge_take_commit(answer, "sha", facts->head);
    take_pipeline(answer, facts);
    if (facts->state == PULL_MERGED) {
        take_merge_commit(answer, facts);
        forge_take_who(answer, "merged_by.username", facts);
        forge_take_who(answer, "merge_user.username", facts);
    } else if (facts->state == PULL_CLOSED) {
        forge_take_who(answer, "closed_by.username", facts);
    }
    const char *status = json_text_at(answer, "detailed_merge_status", "");
    facts->has_conflict =
        facts->state == PULL_OPEN &&
        (json_bool_at(answer, "has_conflicts", false) || strcmp(status, "need_rebase") == 0);
    return true;
}

static bool read_found(const json_t *answer, struct pull_facts *facts)
{
    return read_pull(json_array_get(answer, 0), facts);
}

static bool read_approvals(const json_t *answer, struct pull_facts *facts)
{
    facts->approvals = (unsigned)json_array_size(json_array_at(answer, "approved_by"));
    return true;
}

static json_t *open_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "source_branch", words->branch, "target_branch",
                     words->base, "title", words->title, "description", words->body);
}

static json_t *text_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s}", "title", words->title, "description", words->body);
}

static json_t *close_body(const struct forge_words *words)
{
    (void)words;
    return json_pack("{s:s}", "state_event", "close");
}

static json_t *merge_body(const struct forge_words *words)
{
    return json_pack("{s:s}", "sha", words->commit);
}

static json_t *status_body(const struct forge_words *words)
{
    static const char *const states[] = {
        [FORGE_PENDING] = "pending", [FORGE_SUCCESS] = "success", [FORGE_FAILURE] = "failed"};
    json_t *body = json_pack("{s:s, s:s, s:s}", "state", states[words->state], "name",
                             words->context, "description", words->description);
    json_put_text(body, "target_url", words->link[0] ? words->link : NULL);
    return body;
}

static const char *const known[] = {"gitlab.com", NULL};

const struct forge_host forge_gitlab = {
    .name = "gitlab",
    .title = "GitLab",
    .known_hosts = known,
    .login = FORGE_BEARER,
    .token_needs = "the scope api, and the role Developer or more",
    .body_bytes_max = (size_t)60 << 10,
    .description_bytes_max = 255,
    .root = root,
    .questions =
        {
            [FORGE_FIND] = {"GET",
                            "/merge_requests?source_branch={branch}&target_branch={base}&"
                            "state=all&order_by=created_at&sort=desc&per_page=1",
                            NULL, read_found},
            [FORGE_OPEN] = {"POST", "/merge_requests", open_body, read_pull},
            [FORGE_READ] = {"GET", "/merge_requests/{number}", NULL, read_pull},
            [FORGE_REVIEWS] = {"GET", "/merge_requests/{number}/approvals", NULL, read_approvals},
            [FORGE_REWRITE] = {"PUT", "/merge_requests/{number}", text_body, NULL},
            [FORGE_SAY] = {"POST", "/merge_requests/{number}/notes", forge_say_body, NULL},
            [FORGE_CLOSE] = {"PUT", "/merge_requests/{number}", close_body, NULL},
            [FORGE_MERGE] = {"PUT", "/merge_requests/{number}/merge", merge_body, NULL},
            [FORGE_STATUS] = {"POST", "/statuses/{commit}", status_body, NULL},
        },
};
