/* A Git host's answers are anybody's: what is taken from them has the right shape, or is not taken.
   The same bytes as a repository's URL, and as words for Markdown. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "forge/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_commit(const char *commit)
{
    size_t length = strlen(commit);
    assert(length == 0 || length == 40 || length == 64);
    assert(strspn(commit, "0123456789abcdef") == length);
}

static void check_facts(const struct pull_facts *facts)
{
    assert(facts->number >= 0);
    assert(facts->state < PULL_STATE_COUNT && facts->checks < PULL_CHECKS_COUNT);
    assert(!facts->url[0] || strncmp(facts->url, "http", 4) == 0);
    assert(!strpbrk(facts->url, " \"<>\n\r"));
    assert(!strpbrk(facts->who, "\n\r\x1b"));
    assert(facts->approvals + facts->objections < 1000000);
    check_commit(facts->head);
    check_commit(facts->merge_commit);
}

static void read_everywhere(const json_t *answer)
{
    for (size_t i = 0; i < FORGE_HOST_COUNT; i++) {
        for (size_t verb = 0; verb < FORGE_VERB_COUNT; verb++) {
            struct pull_facts facts = {0};
            if (!forge_hosts[i]->questions[verb].read) {
                continue;
            }
            bool is_read = forge_hosts[i]->questions[verb].read(answer, &facts);
            bool names_one = verb == FORGE_FIND || verb == FORGE_OPEN || verb == FORGE_READ;
            assert(!is_read || !names_one || (facts.number > 0 && facts.state != PULL_NEW));
            if (is_read) {
                check_facts(&facts);
            }
        }
    }
}

static void read_as_refusal(struct slice body)
{
    AUTO_STR(words, 1U << 16);
    forge_add_words(body, &words);
    assert(!words.failed && words.length < 4096);
    for (const char *at = words.text; *at; at++) {
        assert((unsigned char)*at >= 0x20 && *at != 0x7F);
    }
}

static void read_as_place(const char *text)
{
    struct forge_place place;
    struct err err = {0};
    if (forge_place_read(text, "", &place, &err)) {
        assert(strncmp(place.web, "http", 4) == 0 && place.host[0] && place.path[0]);
        assert(!strpbrk(place.web, " \"\n\r@") && !strpbrk(place.path, " \"\n\r?#"));
    }
}

static void write_as_markdown(const char *text)
{
    AUTO_STR(code, 1U << 20);
    forge_add_code(&code, text);
    assert(!strpbrk(code.text, "\n\r|"));
    AUTO_STR(block, 1U << 20);
    forge_add_block(&block, "diff", text, 1000);
    assert(strncmp(block.text, "```", 3) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct err err = {0};
    AUTO_JSON *answer = json_parse((struct slice){(const char *)bytes, length}, &err);
    if (answer) {
        read_everywhere(answer);
    }
    read_as_refusal((struct slice){(const char *)bytes, length});
    char *text = strndup((const char *)bytes, length);
    read_as_place(text);
    write_as_markdown(text);
    free(text);
    return 0;
}
