/* Git hosts: what their answers mean, what they are asked, and what is said when they refuse. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../registry/script.h"

#include "base/file.h"
#include "forge/internal.h"

#define ANSWERS "tests/golden/forge/"
#define ANSWER_BYTES_MAX 20000
#define HEAD "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f"
#define MERGE "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"

/* ---- answers, as each host gives them ---- */

static const struct {
    const char *file;
    const struct forge_host *host;
    enum forge_verb verb;
    const char *says; /* state, number, head, merge, who, reviews, checks, conflict */
} recorded[] = {
    {"gitea-open", &forge_gitea, FORGE_READ, "open 7 1f1f - - 0/0 none"},
    {"gitea-open", &forge_gitea, FORGE_FIND, "open 7 1f1f - - 0/0 none"},
    {"gitea-conflict", &forge_gitea, FORGE_READ, "open 7 1f1f - - 0/0 none conflict"},
    {"gitea-merged", &forge_gitea, FORGE_READ, "merged 7 1f1f 2e2e mia 0/0 none"},
    {"gitea-closed", &forge_gitea, FORGE_READ, "closed 7 1f1f - - 0/0 none"},
    {"gitea-reviews", &forge_gitea, FORGE_REVIEWS, "new 0 - - - 1/1 none"},
    {"gitea-checks", &forge_gitea, FORGE_CHECKS, "new 0 - - - 0/0 failed"},
    {"gitea-checks-none", &forge_gitea, FORGE_CHECKS, "new 0 - - - 0/0 none"},
    {"gitea-timeline", &forge_gitea, FORGE_WHO, "new 0 - - mia 0/0 none"},
    {"github-open", &forge_github, FORGE_READ, "open 7 1f1f - - 0/0 none"},
    {"github-behind", &forge_github, FORGE_READ, "open 7 1f1f - - 0/0 none conflict"},
    {"github-merged", &forge_github, FORGE_READ, "merged 7 1f1f 2e2e mia 0/0 none"},
    {"github-closed", &forge_github, FORGE_READ, "closed 7 1f1f - - 0/0 none"},
    {"github-found", &forge_github, FORGE_FIND, "open 7 1f1f - - 0/0 none"},
    {"github-reviews", &forge_github, FORGE_REVIEWS, "new 0 - - - 1/1 none"},
    {"github-status", &forge_github, FORGE_CHECKS, "new 0 - - - 0/0 none"},
    {"github-runs", &forge_github, FORGE_RUNS, "new 0 - - - 0/0 pending"},
    {"github-issue", &forge_github, FORGE_WHO, "new 0 - - mia 0/0 none"},
    {"gitlab-open", &forge_gitlab, FORGE_READ, "open 7 1f1f - - 0/0 pending"},
    {"gitlab-needs-rebase", &forge_gitlab, FORGE_READ, "open 7 1f1f - - 0/0 none conflict"},
    {"gitlab-merged", &forge_gitlab, FORGE_READ, "merged 7 1f1f 2e2e mia 0/0 passed"},
    {"gitlab-squashed", &forge_gitlab, FORGE_READ, "merged 7 1f1f 2e2e mia 0/0 none"},
    {"gitlab-fast-forward", &forge_gitlab, FORGE_READ, "merged 7 1f1f 1f1f mia 0/0 none"},
    {"gitlab-closed", &forge_gitlab, FORGE_READ, "closed 7 1f1f - mia 0/0 failed"},
    {"gitlab-approvals", &forge_gitlab, FORGE_REVIEWS, "new 0 - - - 2/0 none"},
    {"bitbucket-open", &forge_bitbucket, FORGE_READ, "open 7 - - - 1/1 none"},
    {"bitbucket-merged", &forge_bitbucket, FORGE_READ, "merged 7 - - mia 0/0 none"},
    {"bitbucket-declined", &forge_bitbucket, FORGE_READ, "closed 7 - - mia 0/0 none"},
    {"bitbucket-found", &forge_bitbucket, FORGE_FIND, "open 7 - - - 1/1 none"},
    {"bitbucket-found-none", &forge_bitbucket, FORGE_FIND, "nothing"},
    {"bitbucket-statuses", &forge_bitbucket, FORGE_CHECKS, "new 0 - - - 0/0 pending"},
    {"bitbucket-commits", &forge_bitbucket, FORGE_RUNS, "new 0 1f1f - - 0/0 none"},
    {"azure-open", &forge_azure, FORGE_READ, "open 7 1f1f - - 2/1 none"},
    {"azure-conflicts", &forge_azure, FORGE_READ, "open 7 1f1f - - 2/1 none conflict"},
    {"azure-completed", &forge_azure, FORGE_READ, "merged 7 1f1f 2e2e Mia Mint 2/1 none"},
    {"azure-abandoned", &forge_azure, FORGE_READ, "closed 7 1f1f - Mia Mint 0/0 none"},
    {"azure-found", &forge_azure, FORGE_FIND, "open 7 1f1f - - 2/1 none"},
    {"azure-found-none", &forge_azure, FORGE_FIND, "nothing"},
    {"azure-statuses", &forge_azure, FORGE_CHECKS, "new 0 - - - 0/0 passed"},
    {"github-open", &forge_gitlab, FORGE_READ, "nothing"},
};

static void write_down(const struct pull_facts *facts, struct str *out)
{
    str_addf(out, "%s %lld %.4s %.4s %s %u/%u %s%s", pull_state_name(facts->state),
             (long long)facts->number, facts->head[0] ? facts->head : "-",
             facts->merge_commit[0] ? facts->merge_commit : "-", facts->who[0] ? facts->who : "-",
             facts->approvals, facts->objections, pull_checks_name(facts->checks),
             facts->has_conflict ? " conflict" : "");
}

static json_t *recorded_answer(const char *name)
{
    char path[128];
    struct err err = {0};
    AUTO_STR(text, ANSWER_BYTES_MAX);
    snprintf(path, sizeof(path), ANSWERS "%s.json", name);
    ASSERT_OK(file_read(path, &text, &err), err);
    json_t *answer = json_parse(str_slice(&text), &err);
    ASSERT_OK(answer, err);
    return answer;
}

static void each_hosts_answers_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recorded); i++) {
        struct pull_facts facts = {0};
        AUTO_STR(got, 1000);
        AUTO_JSON *answer = recorded_answer(recorded[i].file);
        if (recorded[i].host->questions[recorded[i].verb].read(answer, &facts)) {
            write_down(&facts, &got);
        } else {
            str_add(&got, "nothing");
        }
        if (strcmp(got.text, recorded[i].says) != 0) {
            fail_msg("%s: %s", recorded[i].file, got.text);
        }
    }
}

/* The files above, read once more for what the table leaves out. */
static void the_page_of_a_pull_request_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const struct forge_host *host;
        const char *url;
    } rows[] = {
        {"gitea-open", &forge_gitea, "https://git.example.org/shop/config/pulls/7"},
        {"github-open", &forge_github, "https://github.com/shop/config/pull/7"},
        {"gitlab-open", &forge_gitlab,
         "https://gitlab.example.org/shop/team/config/-/merge_requests/7"},
        {"bitbucket-open", &forge_bitbucket, "https://bitbucket.org/shop/config/pull-requests/7"},
        {"azure-open", &forge_azure, "https://dev.azure.com/acme/shop/_git/config/pullrequest/7"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pull_facts facts = {0};
        AUTO_JSON *answer = recorded_answer(rows[i].file);
        assert_true(rows[i].host->questions[FORGE_READ].read(answer, &facts));
        assert_string_equal(facts.url, rows[i].url);
    }
}

static void what_strangers_write_is_not_taken_for_a_link_or_a_commit(void **state)
{
    (void)state;
    struct pull_facts facts = {0};
    struct err err = {0};
    AUTO_JSON *answer =
        json_parse(slice_of("{\"number\": 7, \"state\": \"open\", \"html_url\":"
                            " \"javascript:alert(1)\", \"head\": {\"sha\": \"--upload-pack=x\"}}"),
                   &err);
    assert_true(forge_github.questions[FORGE_READ].read(answer, &facts));
    assert_string_equal(facts.url, "");
    assert_string_equal(facts.head, "");
}

/* ---- where a repository's host is ---- */

static const struct {
    const char *repository, *kind, *url, *root; /* or what the error says, after "!" */
} places[] = {
    {"https://github.com/shop/config.git", "", "", "https://api.github.com/repos/shop/config"},
    {"git@github.com:shop/config.git", "", "", "https://api.github.com/repos/shop/config"},
    {"ssh://git@ssh.github.com:443/shop/config.git", "", "",
     "https://api.github.com/repos/shop/config"},
    {"https://github.example.org/shop/config", "github", "",
     "https://github.example.org/api/v3/repos/shop/config"},
    {"https://ada@gitlab.com/shop/team/config.git/", "", "",
     "https://gitlab.com/api/v4/projects/shop%2Fteam%2Fconfig"},
    {"ssh://git@git.example.org:2222/shop/config.git", "gitea", "",
     "https://git.example.org/api/v1/repos/shop/config"},
    {"https://git.example.org/git/shop/config", "forgejo", "https://git.example.org/git/",
     "https://git.example.org/git/api/v1/repos/shop/config"},
    {"git@git.example.org:shop/config.git", "gitlab", "https://pages.example.org:8443",
     "https://pages.example.org:8443/api/v4/projects/shop%2Fconfig"},
    {"https://codeberg.org/shop/config", "", "", "https://codeberg.org/api/v1/repos/shop/config"},
    {"git@bitbucket.org:shop/config.git", "", "",
     "https://api.bitbucket.org/2.0/repositories/shop/config"},
    {"https://acme@dev.azure.com/acme/my%20shop/_git/config", "", "",
     "!no path that a Git host could know"},
    {"https://dev.azure.com/acme/shop/_git/config", "", "",
     "https://dev.azure.com/acme/shop/_apis/git/repositories/config"},
    {"https://dev.azure.com/acme/_git/config", "", "",
     "https://dev.azure.com/acme/config/_apis/git/repositories/config"},
    {"git@ssh.dev.azure.com:v3/acme/shop/config", "", "",
     "https://dev.azure.com/acme/shop/_apis/git/repositories/config"},
    {"https://acme.visualstudio.com/shop/_git/config", "", "",
     "https://acme.visualstudio.com/shop/_apis/git/repositories/config"},
    {"http://127.0.0.1:3000/shop/config.git", "gitea", "",
     "http://127.0.0.1:3000/api/v1/repos/shop/config"},
    {"http://git.example.org/shop/config.git", "gitea", "", "!would travel unencrypted"},
    {"https://git.example.org/shop/config.git", "", "", "!give --forge, one of gitea, github"},
    {"https://git.example.org/shop/config.git", "gogs", "", "!--forge \"gogs\" is not known"},
    {"https://github.com/config.git", "", "", "!has not the shape of a repository of GitHub"},
    {"https://github.com/a/b/c.git", "", "", "!has not the shape of a repository of GitHub"},
    {"/srv/git/config.git", "gitea", "", "!is a folder, which has no pull requests"},
    {"https://git.example.org/shop/config", "gitea", "git.example.org", "!is no address"},
    {"https://git.example.org/shop/con\nfig", "gitea", "", "!no path that"},
    {"https://git.example.org\"/shop/config", "gitea", "", "!is no address"},
};

static void the_host_is_told_from_the_repository(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct forge_options options = {places[i].kind, places[i].url, places[i].repository,
                                        "/nowhere"};
        AUTO(forge_close) struct forge *forge = NULL;
        struct err err = {0};
        bool opened = forge_open(&options, &forge, &err);
        const char *got = opened ? forge_root(forge) : err.text;
        bool fits = places[i].root[0] == '!' ? !opened && strstr(got, places[i].root + 1)
                                             : strcmp(got, places[i].root) == 0;
        if (!fits) {
            fail_msg("%s: %s", places[i].repository, got);
        }
    }
}

/* ---- conversations ---- */

struct talk {
    struct script script;
    struct forge *forge;
    char token_file[64];
};

static void begin(struct talk *talk, const char *kind, const char *path, struct script_rule *rules,
                  size_t count)
{
    char repository[128];
    struct err err = {0};
    script_start(&talk->script, rules, count);
    snprintf(talk->token_file, sizeof(talk->token_file), "/tmp/forge-test-XXXXXX");
    int file = mkstemp(talk->token_file);
    assert_true(file >= 0);
    assert_int_equal(write(file, "the-token\n", 10), 10);
    close(file);
    snprintf(repository, sizeof(repository), "http://127.0.0.1:%d%s", talk->script.port, path);
    struct forge_options options = {kind, "", repository, talk->token_file};
    ASSERT_OK(forge_open(&options, &talk->forge, &err), err);
}

static void end(struct talk *talk)
{
    forge_close(&talk->forge);
    script_stop(&talk->script);
    str_done(&talk->script.log);
    unlink(talk->token_file);
}

static const char open_gitea[] =
    "{\"number\": 7, \"state\": \"open\", \"html_url\": \"http://h/7\", \"head\": {\"sha\": \"" HEAD
    "\"}, \"mergeable\": true}";
static const struct forge_proposal proposal = {"heddle/R-7-1-3f9a2c", "main",
                                               "promote cart to prod", "a \xFF b"};

static void one_that_is_there_is_not_opened_again(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"GET /api/v1/repos/shop/config/pulls/main/heddle%2FR-7-1-3f9a2c ",
         "authorization: bearer the-token", "200 OK", "", open_gitea, false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config.git", rules, COUNT_OF(rules));
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_OK(forge_pull_open(talk.forge, &proposal, &facts, &err), err);
    assert_int_equal(facts.number, 7);
    assert_int_equal(script_count(&talk.script, "POST "), 0);
    end(&talk);
}

static void one_that_is_not_there_is_opened_with_valid_text(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"POST /api/v1/repos/shop/config/pulls ", NULL, "201 Created", "", open_gitea, false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config.git", rules, COUNT_OF(rules));
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_OK(forge_pull_open(talk.forge, &proposal, &facts, &err), err);
    assert_int_equal(script_count(&talk.script, "\"base\":\"main\",\"body\":\"a \xEF\xBF\xBD b\","
                                                "\"head\":\"heddle/R-7-1-3f9a2c\""),
                     1);
    end(&talk);
}

static void a_picture_has_reviews_and_checks_as_far_as_the_token_sees(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"GET /api/v1/repos/shop/config/pulls/7 ", NULL, "200 OK", "", open_gitea, false, 0},
        {"GET /api/v1/repos/shop/config/pulls/7/reviews", NULL, "200 OK", "",
         "[{\"state\": \"APPROVED\", \"user\": {\"login\": \"mia\"}}]", false, 0},
        {"GET /api/v1/repos/shop/config/commits/" HEAD "/status ", NULL, "403 Forbidden", "", "{}",
         false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config.git", rules, COUNT_OF(rules));
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_OK(forge_pull_read(talk.forge, 7, &facts, &err), err);
    assert_int_equal(facts.approvals, 1);
    assert_int_equal(facts.checks, PULL_CHECKS_NONE);
    end(&talk);
}

/* Half a picture is none: a host that fails in between is asked again as a whole. */
static void a_host_that_fails_in_between_gives_no_picture(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"GET /api/v1/repos/shop/config/pulls/7 ", NULL, "200 OK", "", open_gitea, false, 0},
        {"GET /api/v1/repos/shop/config/pulls/7/reviews", NULL, "502 Bad Gateway", "", "<html>",
         false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config.git", rules, COUNT_OF(rules));
    struct pull_facts facts = {.number = 3};
    struct err err = {0};
    ASSERT_FAILS(forge_pull_read(talk.forge, 7, &facts, &err), err, ERR_UNAVAILABLE, "answers 502");
    assert_int_equal(facts.number, 3);
    end(&talk);
}

static void close_it(struct talk *talk)
{
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_OK(forge_pull_close(talk->forge, 7, "R-9 took its place", &facts, &err), err);
    assert_int_equal(facts.state, PULL_CLOSED);
}

static void closing_says_a_word_first_and_twice_is_once(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"GET /api/v1/repos/shop/config/pulls/7 ", NULL, "200 OK", "", open_gitea, false, 1},
        {"GET /api/v1/repos/shop/config/pulls/7 ", NULL, "200 OK", "",
         "{\"number\": 7, \"state\": \"closed\"}", false, 0},
        {"POST /api/v1/repos/shop/config/issues/7/comments ", "R-9 took its place", "201 Created",
         "", "{}", false, 0},
        {"PATCH /api/v1/repos/shop/config/pulls/7 ", "{\"state\":\"closed\"}", "201 Created", "",
         "{}", false, 0},
        {"GET ", NULL, "200 OK", "", "[]", false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config.git", rules, COUNT_OF(rules));
    close_it(&talk);
    close_it(&talk);
    assert_int_equal(script_count(&talk.script, "POST "), 1);
    assert_int_equal(script_count(&talk.script, "PATCH "), 1);
    end(&talk);
}

/* What each host is asked to merge, to close and to show of a commit. */
static const struct wording {
    const char *kind, *path;
    const char *merge, *merge_body, *status, *status_body, *login;
} wordings[] = {
    {"gitea", "/shop/config.git", "POST /api/v1/repos/shop/config/pulls/7/merge ",
     "\"head_commit_id\":\"" HEAD "\"", "POST /api/v1/repos/shop/config/statuses/" MERGE " ",
     "\"state\":\"failure\",\"target_url\":\"https://h/7\"", "Bearer the-token"},
    {"github", "/shop/config.git", "PUT /api/v3/repos/shop/config/pulls/7/merge ",
     "{\"sha\":\"" HEAD "\"}", "POST /api/v3/repos/shop/config/statuses/" MERGE " ",
     "\"context\":\"heddle/prod\",\"description\":\"R-7 did not reach prod.\"", "Bearer the-token"},
    {"gitlab", "/shop/team/config.git",
     "PUT /api/v4/projects/shop%2Fteam%2Fconfig/merge_requests/7/merge ", "{\"sha\":\"" HEAD "\"}",
     "POST /api/v4/projects/shop%2Fteam%2Fconfig/statuses/" MERGE " ",
     "\"name\":\"heddle/prod\",\"state\":\"failed\"", "Bearer the-token"},
    {"bitbucket", "/shop/config.git", "POST /2.0/repositories/shop/config/pullrequests/7/merge ",
     "{}", "POST /2.0/repositories/shop/config/commit/" MERGE "/statuses/build ",
     "\"state\":\"FAILED\",\"url\":\"https://h/7\"", "Bearer the-token"},
    {"azure", "/acme/shop/_git/config",
     "PATCH /acme/shop/_apis/git/repositories/config/pullrequests/7?api-version=7.1 ",
     "{\"lastMergeSourceCommit\":{\"commitId\":\"" HEAD "\"},\"status\":\"completed\"}",
     "POST /acme/shop/_apis/git/repositories/config/commits/" MERGE "/statuses?api-version=7.1 ",
     "{\"genre\":\"heddle\",\"name\":\"prod\"}", "Basic OnRoZS10b2tlbg=="},
};

static void ask_in_words(const struct wording *row)
{
    struct script_rule rules[] = {
        {row->merge, row->merge_body, "200 OK", "", "{}", false, 0},
        {row->status, row->status_body, "201 Created", "", "{}", false, 0}};
    struct talk talk = {0};
    begin(&talk, row->kind, row->path, rules, COUNT_OF(rules));
    struct err err = {0};
    struct forge_status status = {FORGE_FAILURE, "heddle/prod", "R-7 did not reach prod.",
                                  "https://h/7"};
    ASSERT_OK(forge_pull_merge(talk.forge, 7, HEAD, &err), err);
    ASSERT_OK(forge_status_put(talk.forge, MERGE, &status, &err), err);
    assert_int_equal(script_count(&talk.script, row->login), 2);
    end(&talk);
}

static void each_host_is_asked_in_its_own_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wordings); i++) {
        ask_in_words(&wordings[i]);
    }
}

struct opening {
    const char *kind, *path, *post, *body, *answer;
};

static void open_in_words(const struct opening *row)
{
    struct err err = {0};
    AUTO_JSON *recorded_one = recorded_answer(row->answer);
    AUTO(xfree) char *text = json_text(recorded_one);
    struct script_rule rules[] = {{row->post, row->body, "201 Created", "", text, false, 0},
                                  {"GET ", "heddle%2FR-7-1-3f9a2c", "200 OK", "",
                                   "{\"value\": [], \"values\": []}", false, 0}};
    struct talk talk = {0};
    begin(&talk, row->kind, row->path, rules, COUNT_OF(rules));
    struct pull_facts facts;
    ASSERT_OK(forge_pull_open(talk.forge, &proposal, &facts, &err), err);
    assert_int_equal(facts.number, 7);
    end(&talk);
}

static void each_host_opens_in_its_own_words(void **state)
{
    (void)state;
    static const struct opening rows[] = {
        {"github", "/shop/config", "POST /api/v3/repos/shop/config/pulls ", "\"base\":\"main\"",
         "github-open"},
        {"gitlab", "/shop/config", "POST /api/v4/projects/shop%2Fconfig/merge_requests ",
         "\"source_branch\":\"heddle/R-7-1-3f9a2c\",\"target_branch\":\"main\"", "gitlab-open"},
        {"bitbucket", "/shop/config", "POST /2.0/repositories/shop/config/pullrequests ",
         "\"source\":{\"branch\":{\"name\":\"heddle/R-7-1-3f9a2c\"}}", "bitbucket-open"},
        {"azure", "/acme/shop/_git/config",
         "POST /acme/shop/_apis/git/repositories/config/pullrequests?api-version=7.1 ",
         "\"sourceRefName\":\"refs/heads/heddle/R-7-1-3f9a2c\",\"targetRefName\":\"refs/heads/"
         "main\"",
         "azure-open"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        open_in_words(&rows[i]);
    }
}

static const struct refusal {
    const char *status, *headers, *body;
    enum err_kind kind;
    const char *says;
} refusals[] = {
    {"401 Unauthorized", "", "{\"message\": \"bad token\"}", ERR_UNKNOWN_WHO,
     "Gitea answers 401: bad token; the token of --forge-token-file needs the scopes"},
    {"403 Forbidden", "", "{}", ERR_DENIED, "needs the scopes write:repository"},
    {"403 Forbidden", "Retry-After: 7\r\n", "{}", ERR_BUSY, "asked again later"},
    {"403 Forbidden", "X-RateLimit-Remaining: 0\r\n", "{}", ERR_BUSY, "asked again later"},
    {"429 Too Many", "", "{}", ERR_BUSY, "asked again later"},
    {"404 Not Found", "", "", ERR_NOT_FOUND, "may the token see shop/config?"},
    {"405 Method Not Allowed", "", "{\"message\": \"not enough approvals\"}", ERR_REFUSED,
     "not enough approvals"},
    {"422 Unprocessable", "",
     "{\"message\": \"Validation Failed\", \"errors\": [{\"message\": \"no commits\"}]}",
     ERR_REFUSED, "Validation Failed: no commits"},
    {"409 Conflict", "", "{\"message\": [\"another one exists\"]}", ERR_REFUSED,
     "another one exists"},
    {"301 Moved", "Location: http://elsewhere/\r\n", "", ERR_INVALID, "has the repository moved?"},
    {"429 Too Many", "Retry-After: 7\r\n", "{\"message\": \"slow \\u001b[31mdown\"}", ERR_BUSY,
     "slow \\x1b[31mdown"},
    {"500 Oops", "", "{\"message\": 7}", ERR_UNAVAILABLE, "Gitea answers 500"},
};

static void be_refused(const struct refusal *row)
{
    struct script_rule rules[] = {{"POST ", NULL, row->status, row->headers, row->body, false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config", rules, COUNT_OF(rules));
    struct err err = {0};
    ASSERT_FAILS(forge_pull_merge(talk.forge, 7, HEAD, &err), err, row->kind, row->says);
    assert_null(strstr(err.text, "the-token"));
    bool says_how_long = row->headers[0] == 'R';
    bool is_busy = row->kind == ERR_BUSY;
    assert_int_equal(forge_rest_ms(talk.forge), says_how_long ? 7000 : is_busy ? 60000 : 0);
    end(&talk);
}

static void a_refusal_is_told_in_the_hosts_words_with_the_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        be_refused(&refusals[i]);
    }
}

static void read_no_answer(const char *body)
{
    struct script_rule rules[] = {{"GET ", NULL, "200 OK", "", body, false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config", rules, COUNT_OF(rules));
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_FAILS(forge_pull_read(talk.forge, 7, &facts, &err), err, ERR_UNAVAILABLE,
                 "an answer that cannot be used");
    end(&talk);
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "[]", "{\"number\": -1, \"state\": \"open\"}",
                                         "{\"number\": 7, \"state\": \"ajar\"}",
                                         "{\"number\": \"7\", \"state\": \"open\"}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        read_no_answer(bodies[i]);
    }
}

static void a_page_in_the_way_of_an_answer_is_no_answer(void **state)
{
    (void)state;
    struct script_rule rules[] = {{"GET ", NULL, "200 OK", "", "<html>", false, 0}};
    struct talk talk = {0};
    begin(&talk, "gitea", "/shop/config", rules, COUNT_OF(rules));
    struct pull_facts facts;
    struct err err = {0};
    ASSERT_FAILS(forge_pull_open(talk.forge, &proposal, &facts, &err), err, ERR_UNAVAILABLE,
                 "the answer of Gitea");
    assert_int_equal(script_count(&talk.script, "POST "), 0);
    end(&talk);
}

/* ---- Markdown ---- */

static void strangers_words_stay_code(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"@everyone **now**", "`@everyone **now**`"},
        {"a`b", "`` a`b ``"},
        {"``", "``` `` ```"},
        {"a|b\nc", "`a/b c`"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        AUTO_STR(out, 100);
        forge_add_code(&out, words[i][0]);
        assert_string_equal(out.text, words[i][1]);
    }
    AUTO_STR(block, 1000);
    forge_add_block(&block, "diff", "+a\n+```\n+b\n", 8);
    assert_string_equal(block.text,
                        "````diff\n+a\n+```\n````\n\nThe rest is too long for this place.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hosts_answers_are_understood),
        cmocka_unit_test(the_page_of_a_pull_request_is_told),
        cmocka_unit_test(what_strangers_write_is_not_taken_for_a_link_or_a_commit),
        cmocka_unit_test(the_host_is_told_from_the_repository),
        cmocka_unit_test(one_that_is_there_is_not_opened_again),
        cmocka_unit_test(one_that_is_not_there_is_opened_with_valid_text),
        cmocka_unit_test(a_picture_has_reviews_and_checks_as_far_as_the_token_sees),
        cmocka_unit_test(a_host_that_fails_in_between_gives_no_picture),
        cmocka_unit_test(closing_says_a_word_first_and_twice_is_once),
        cmocka_unit_test(each_host_is_asked_in_its_own_words),
        cmocka_unit_test(each_host_opens_in_its_own_words),
        cmocka_unit_test(a_refusal_is_told_in_the_hosts_words_with_the_remedy),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_page_in_the_way_of_an_answer_is_no_answer),
        cmocka_unit_test(strangers_words_stay_code),
    };
    return cmocka_run_group_tests_name("forge", tests, NULL, NULL);
}
