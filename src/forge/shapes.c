/* Shapes of answers that several hosts share.  Only what has the right form is taken. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "forge/internal.h"

bool forge_root_of_two(const struct forge_place *place, const char *api, struct str *out)
{
    const char *name = strrchr(place->path, '/');
    if (!name || name == place->path || strchr(place->path, '/') != name) {
        return false;
    }
    char owner[FORGE_PATH_BYTES];
    snprintf(owner, sizeof(owner), "%.*s", (int)(name - place->path), place->path);
    str_add(out, api);
    escape_url(out, owner);
    str_add_char(out, '/');
    escape_url(out, name + 1);
    return true;
}

static bool is_shown(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

void forge_take_url(const json_t *answer, const char *path, struct pull_facts *facts)
{
    const char *url = json_text_at(answer, path, "");
    bool is_web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    if (!is_web || strpbrk(url, " \"<>\\`") || !is_shown(url) || !TEXT_COPY(facts->url, url)) {
        facts->url[0] = '\0';
    }
}

void forge_take_commit(const json_t *answer, const char *path, char out[static OID_BYTES])
{
    const char *commit = json_text_at(answer, path, "");
    size_t length = strspn(commit, "0123456789abcdef");
    bool is_commit = commit[length] == '\0' && (length == 40 || length == 64);
    bool is_none = strspn(commit, "0") == length;
    text_copy_cut(out, OID_BYTES, is_commit && !is_none ? commit : "");
}

void forge_take_who(const json_t *answer, const char *path, struct pull_facts *facts)
{
    const char *who = json_text_at(answer, path, "");
    if (who[0] && is_shown(who)) {
        TEXT_COPY_CUT(facts->who, who);
    }
}

bool forge_take_number(const json_t *answer, const char *path, struct pull_facts *facts)
{
    facts->number = json_int_at(answer, path, 0);
    return facts->number > 0;
}

bool forge_take_state(const char *word, const struct forge_word_of_state *words, size_t count,
                      struct pull_facts *facts)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, word) == 0) {
            facts->state = words[i].state;
            return true;
        }
    }
    return false;
}

void forge_reviews_add(struct forge_reviews *reviews, const char *person, enum forge_review review)
{
    size_t i = 0;
    while (i < reviews->count && strcmp(reviews->last[i].person, person) != 0) {
        i++;
    }
    if (i == FORGE_REVIEWERS_MAX) {
        return;
    }
    reviews->count += i == reviews->count;
    reviews->last[i].person = person;
    reviews->last[i].review = review;
}

void forge_reviews_count(const struct forge_reviews *reviews, struct pull_facts *facts)
{
    facts->approvals = facts->objections = 0;
    for (size_t i = 0; i < reviews->count; i++) {
        facts->approvals += reviews->last[i].review == FORGE_REVIEW_YES;
        facts->objections += reviews->last[i].review == FORGE_REVIEW_NO;
    }
}

void forge_add_check(struct pull_facts *facts, enum pull_checks check)
{
    static const int weight[PULL_CHECKS_COUNT] = {
        [PULL_CHECKS_NONE] = 0,
        [PULL_CHECKS_PASSED] = 1,
        [PULL_CHECKS_PENDING] = 2,
        [PULL_CHECKS_FAILED] = 3,
    };
    facts->checks = weight[check] > weight[facts->checks] ? check : facts->checks;
}

/* ---- bodies as GitHub takes them, and hosts whose API follows it ---- */

json_t *forge_open_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "head", words->branch, "base", words->base, "title",
                     words->title, "body", words->body);
}

json_t *forge_text_body(const struct forge_words *words)
{
    return json_pack("{s:s, s:s}", "title", words->title, "body", words->body);
}

json_t *forge_say_body(const struct forge_words *words)
{
    return json_pack("{s:s}", "body", words->word);
}

json_t *forge_close_body(const struct forge_words *words)
{
    (void)words;
    return json_pack("{s:s}", "state", "closed");
}
