/* Azure DevOps.  Its repositories are /ORGANIZATION/PROJECT/_git/NAME, over ssh /v3/…. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "forge/internal.h"

#define API "?api-version=7.1"
#define PARTS_MAX 5

/* The parts of the path; the count, or 0 when there are too many. */
static size_t split(char *path, const char *out[static PARTS_MAX])
{
    size_t count = 0;
    char *at = path;
    while (count < PARTS_MAX) {
        out[count++] = at;
        at = strchr(at, '/');
        if (!at) {
            return count;
        }
        *at++ = '\0';
    }
    return 0;
}

static void add_root(const char *web, const char *project, const char *name, struct str *out)
{
    str_addf(out, "%s/", web);
    escape_url(out, project);
    str_add(out, "/_apis/git/repositories/");
    escape_url(out, name);
}

static bool root(const struct forge_place *place, struct str *out)
{
    char path[FORGE_PATH_BYTES];
    const char *part[PARTS_MAX] = {0};
    char web[FORGE_PATH_BYTES + sizeof(place->web)];
    TEXT_COPY_CUT(path, place->path);
    size_t count = split(path, part);
    if (count == 4 && strcmp(part[0], "v3") == 0) {
        snprintf(web, sizeof(web), "https://dev.azure.com/%s", part[1]);
        add_root(web, part[2], part[3], out);
        return true;
    }
    if (count < 3 || strcmp(part[count - 2], "_git") != 0) {
        return false;
    }
    /* An organisation's own host (acme.visualstudio.com) has no part for it in the path, and the
       repository that is named like its project may leave the project out. */
    bool has_own_host = strstr(place->host, ".visualstudio.com") != NULL;
    bool has_project = count == (has_own_host ? 3 : 4);
    if (has_own_host) {
        TEXT_COPY_CUT(web, place->web);
    } else {
        snprintf(web, sizeof(web), "%s/%s", place->web, part[0]);
    }
    add_root(web, has_project ? part[count - 3] : part[count - 1], part[count - 1], out);
    return true;
}

static void take_page(const json_t *answer, struct pull_facts *facts)
{
    AUTO_STR(page, PULL_URL_BYTES - 1);
    str_add(&page, json_text_at(answer, "repository.webUrl", ""));
    str_addf(&page, "/pullrequest/%lld", (long long)facts->number);
    AUTO_JSON *value = json_pack("{s:s}", "url", page.text);
    forge_take_url(value, "url", facts);
}

/* Votes: 10 and 5 approve, -5 waits for the author, -10 rejects. */
static void take_votes(const json_t *answer, struct pull_facts *facts)
{
    size_t i = 0;
    const json_t *reviewer = NULL;
    json_array_foreach (json_array_at(answer, "reviewers"), i, reviewer) {
        int64_t vote = json_int_at(reviewer, "vote", 0);
        facts->approvals += vote > 0;
        facts->objections += vote < 0;
    }
}

static bool read_pull(const json_t *answer, struct pull_facts *facts)
{
    static const struct forge_word_of_state states[] = {
        {"active", PULL_OPEN}, {"completed", PULL_MERGED}, {"abandoned", PULL_CLOSED}};
    if (!forge_take_number(answer, "pullRequestId", facts) ||
        !forge_take_state(json_text_at(answer, "status", ""), states, COUNT_OF(states), facts)) {
        return false;
    }
    take_page(answer, facts);
    take_votes(answer, facts);
    forge_take_commit(answer, "lastMergeSourceCommit.commitId", facts->head);
    if (facts->state == PULL_MERGED) {
        /* Of an open one it names a trial merge. */
        forge_take_commit(answer, "lastMergeCommit.commitId", facts->merge_commit);
    }
    if (facts->state != PULL_OPEN) {
        forge_take_who(answer, "closedBy.displayName", facts);
    }
    facts->has_conflict = facts->state == PULL_OPEN &&
                          strcmp(json_text_at(answer, "mergeStatus", ""), "conflicts") == 0;
    return true;
}

static bool read_found(const json_t *answer, struct pull_facts *facts)
{
    return read_pull(json_array_get(json_array_at(answer, "value"), 0), facts);
}

static bool read_checks(const json_t *answer, struct pull_facts *facts)
{
    size_t i = 0;
    const json_t *status = NULL;
    json_array_foreach (json_array_at(answer, "value"), i, status) {
        const char *state = json_text_at(status, "state", "");
        forge_add_check(facts, strcmp(state, "succeeded") == 0 ? PULL_CHECKS_PASSED
                               : strcmp(state, "pending") == 0 ? PULL_CHECKS_PENDING
                               : strcmp(state, "notApplicable") == 0 || strcmp(state, "notSet") == 0
                                   ? PULL_CHECKS_NONE
                                   : PULL_CHECKS_FAILED);
    }
    return true;
}

static json_t *open_body(const struct forge_words *words)
{
    json_t *body = json_pack("{s:s, s:s}", "title", words->title, "description", words->body);
    json_put(body, "sourceRefName", json_sprintf("refs/heads/%s", words->branch));
    json_put(body, "targetRefName", json_sprintf("refs/heads/%s", words->base));
    return body;
}

static json_t *text_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s}", "title", words->title, "description", words->body);
}

static json_t *say_body(const struct forge_words *words)
{
    return json_pack("{s:[{s:i, s:s, s:i}], s:i}", "comments", "parentCommentId", 0, "content",
                     words->word, "commentType", 1, "status", 4);
}

static json_t *close_body(const struct forge_words *words)
{
    (void)words;
    return json_pack("{s:s}", "status", "abandoned");
}

static json_t *merge_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:{s:s}}", "status", "completed", "lastMergeSourceCommit", "commitId",
                     words->commit);
}

static json_t *status_body(const struct forge_words *words)
{
    static const char *const states[] = {
        [FORGE_PENDING] = "pending", [FORGE_SUCCESS] = "succeeded", [FORGE_FAILURE] = "failed"};
    const char *name = strchr(words->context, '/');
    json_t *body = json_pack("{s:s, s:s, s:{s:s, s:s}}", "state", states[words->state],
                             "description", words->description, "context", "genre", "heddle",
                             "name", name ? name + 1 : words->context);
    json_put_text(body, "targetUrl", words->link[0] ? words->link : NULL);
    return body;
}

static const char *const known[] = {"dev.azure.com", "ssh.dev.azure.com", "*.visualstudio.com",
                                    NULL};

const struct forge_host forge_azure = {
    .name = "azure",
    .title = "Azure DevOps",
    .known_hosts = known,
    .login = FORGE_BASIC,
    .token_needs = "the scopes code (read and write) and code (status)",
    .body_bytes_max = 4000,
    .description_bytes_max = 255,
    .root = root,
    .questions =
        {
            [FORGE_FIND] = {"GET",
                            "/pullrequests" API
                            "&searchCriteria.sourceRefName=refs%2Fheads%2F{branch}&"
                            "searchCriteria.targetRefName=refs%2Fheads%2F{base}&"
                            "searchCriteria.status=all&%24top=1",
                            NULL, read_found},
            [FORGE_OPEN] = {"POST", "/pullrequests" API, open_body, read_pull},
            [FORGE_READ] = {"GET", "/pullrequests/{number}" API, NULL, read_pull},
            [FORGE_CHECKS] = {"GET", "/pullrequests/{number}/statuses" API, NULL, read_checks},
            [FORGE_REWRITE] = {"PATCH", "/pullrequests/{number}" API, text_body, NULL},
            [FORGE_SAY] = {"POST", "/pullrequests/{number}/threads" API, say_body, NULL},
            [FORGE_CLOSE] = {"PATCH", "/pullrequests/{number}" API, close_body, NULL},
            [FORGE_MERGE] = {"PATCH", "/pullrequests/{number}" API, merge_body, NULL},
            [FORGE_STATUS] = {"POST", "/commits/{commit}/statuses" API, status_body, NULL},
        },
};
