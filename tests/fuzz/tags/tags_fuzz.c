/* A rule of the pipeline file and tags of a registry: "KIND\nRANGE\nTAGS\nIGNORE\nTAG\nTAG…".
   Whatever the rule, comparing is an order, and what counts says nothing against itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

#define TAGS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The next line of the input; "" when there is none. */
static const char *next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    return line ? line : "";
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static int compare(enum policy_kind policy, const char *a, const char *b)
{
    return sign(policy_compare_keys(policy, a, 1, b, 1));
}

static void check_three(enum policy_kind policy, const char *a, const char *b, const char *c)
{
    assert(compare(policy, a, b) == -compare(policy, b, a));
    bool rises = compare(policy, a, b) < 0 && compare(policy, b, c) < 0;
    assert(!rises || compare(policy, a, c) < 0);
}

static void check_order(enum policy_kind policy, char keys[][IMAGE_TAG_BYTES], size_t count)
{
    for (size_t i = 0; i < count * count * count; i++) {
        check_three(policy, keys[i % count], keys[i / count % count], keys[i / count / count]);
    }
}

static void judge(const struct version_rule *rule, char **rest)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err err = {0};
    char keys[TAGS_MAX][IMAGE_TAG_BYTES];
    size_t count = 0;
    if (!policy_open(rule, &reader, &err)) {
        assert(err.text[0]);
        return;
    }
    for (size_t i = 0; i < TAGS_MAX; i++) {
        const char *tag = next_line(rest);
        const struct policy_facts facts = {.created_ms = 1};
        AUTO_STR(why, 4096);
        bool counts = policy_admit(reader, tag, keys[count]);
        policy_explain(reader, tag, &facts, &why);
        assert(counts == (why.length == 0));
        assert(!counts || (keys[count][0] && strlen(keys[count]) <= strlen(tag)));
        count += counts;
    }
    check_order(rule->policy, keys, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = xcalloc(length + 1, 1);
    char *rest = text;
    memcpy(text, bytes, length);
    const char *kind = next_line(&rest);
    struct version_rule rule = {
        .images = "**", .policy = (enum policy_kind)((unsigned char)kind[0] % (POLICY_DIGEST + 1))};
    rule.range = next_line(&rest);
    rule.tags = next_line(&rest);
    rule.ignore = next_line(&rest);
    judge(&rule, &rest);
    free(text);
    return 0;
}
