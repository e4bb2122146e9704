/* Bitbucket Cloud.  Its own servers speak another language and are not meant. */
#include <string.h>
#include <strings.h>

#include "forge/internal.h"

static bool root(const struct forge_place *place, struct str *out)
{
    bool is_cloud = strcasecmp(place->host, "bitbucket.org") == 0 ||
                    strcasecmp(place->host, "altssh.bitbucket.org") == 0;
    str_addf(out, "%s/2.0/repositories/", is_cloud ? "https://api.bitbucket.org" : place->web);
    return forge_root_of_two(place, "", out);
}

static bool read_pull(const json_t *answer, struct pull_facts *facts)
{
    static const struct forge_word_of_state states[] = {{"OPEN", PULL_OPEN},
                                                        {"MERGED", PULL_MERGED},
                                                        {"DECLINED", PULL_CLOSED},
                                                        {"SUPERSEDED", PULL_CLOSED}};
    struct forge_reviews reviews = {0};
    if (!forge_take_number(answer, "id", facts) ||
        !forge_take_state(json_text_at(answer, "state", ""), states, COUNT_OF(states), facts)) {
        return false;
    }
    forge_take_url(answer, "links.html.href", facts);
    /* Commits are cut to 12 characters here, which is no name to rely on: the head is asked for by
       FORGE_RUNS, and what a merge brought is found by its content. */
    forge_take_who(answer, "closed_by.nickname", facts);
    size_t i = 0;
    const json_t *person = NULL;
    json_array_foreach (json_array_at(answer, "participants"), i, person) {
        const char *state = json_text_at(person, "state", "");
        forge_reviews_add(&reviews, json_text_at(person, "user.uuid", ""),
                          strcmp(state, "approved") == 0            ? FORGE_REVIEW_YES
                          : strcmp(state, "changes_requested") == 0 ? FORGE_REVIEW_NO
                                                                    : FORGE_REVIEW_NONE);
    }
    forge_reviews_count(&reviews, facts);
    return true;
}

static bool read_found(const json_t *answer, struct pull_facts *facts)
{
    return read_pull(json_array_get(json_array_at(answer, "values"), 0), facts);
}

static bool read_checks(const json_t *answer, struct pull_facts *facts)
{
    size_t i = 0;
    const json_t *status = NULL;
    json_array_foreach (json_array_at(answer, "values"), i, status) {
        const char *state = json_text_at(status, "state", "");
        forge_add_check(facts, strcmp(state, "SUCCESSFUL") == 0   ? PULL_CHECKS_PASSED
                               : strcmp(state, "INPROGRESS") == 0 ? PULL_CHECKS_PENDING
                                                                  : PULL_CHECKS_FAILED);
    }
    return true;
}

/* The commits of the pull request, the newest first. */
static bool read_commits(const json_t *answer, struct pull_facts *facts)
{
    forge_take_commit(json_array_get(json_array_at(answer, "values"), 0), "hash", facts->head);
    return true;
}

static json_t *open_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s, s:{s:{s:s}}, s:{s:{s:s}}}", "title", words->title, "description",
                     words->body, "source", "branch", "name", words->branch, "destination",
                     "branch", "name", words->base);
}

static json_t *text_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s}", "title", words->title, "description", words->body);
}

static json_t *say_body(const struct forge_words *words)
{
    return json_pack("{s:{s:s}}", "content", "raw", words->word);
}

static json_t *nothing(const struct forge_words *words)
{
    (void)words;
    return json_object();
}

static json_t *status_body(const struct forge_words *words)
{
    static const char *const states[] = {
        [FORGE_PENDING] = "INPROGRESS", [FORGE_SUCCESS] = "SUCCESSFUL", [FORGE_FAILURE] = "FAILED"};
    /* It insists on a link. */
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "key", words->context, "name", words->context,
                     "state", states[words->state], "description", words->description, "url",
                     words->link[0] ? words->link : "https://bitbucket.org");
}

static const char *const known[] = {"bitbucket.org", "altssh.bitbucket.org", NULL};

const struct forge_host forge_bitbucket = {
    .name = "bitbucket",
    .title = "Bitbucket",
    .known_hosts = known,
    .login = FORGE_BEARER,
    .token_needs = "the permissions repository and pull request, write",
    .body_bytes_max = (size_t)30 << 10,
    .description_bytes_max = 255,
    .root = root,
    .questions =
        {
            [FORGE_FIND] = {"GET",
                            "/pullrequests?q=source.branch.name%3D%22{branch}%22%20AND%20"
                            "destination.branch.name%3D%22{base}%22&state=OPEN&state=MERGED&"
                            "state=DECLINED&state=SUPERSEDED&sort=-created_on&pagelen=1",
                            NULL, read_found},
            [FORGE_OPEN] = {"POST", "/pullrequests", open_body, read_pull},
            [FORGE_READ] = {"GET", "/pullrequests/{number}", NULL, read_pull},
            [FORGE_CHECKS] = {"GET", "/pullrequests/{number}/statuses?pagelen=100", NULL,
                              read_checks},
            [FORGE_RUNS] = {"GET", "/pullrequests/{number}/commits?pagelen=1", NULL, read_commits},
            [FORGE_REWRITE] = {"PUT", "/pullrequests/{number}", text_body, NULL},
            [FORGE_SAY] = {"POST", "/pullrequests/{number}/comments", say_body, NULL},
            [FORGE_CLOSE] = {"POST", "/pullrequests/{number}/decline", nothing, NULL},
            [FORGE_MERGE] = {"POST", "/pullrequests/{number}/merge", nothing, NULL},
            [FORGE_STATUS] = {"POST", "/commit/{commit}/statuses/build", status_body, NULL},
        },
};
