/* spec.versions of heddle.yaml: which tags count. */
#include <string.h>

#include "configrepo/reader.h"
#include "policy/policy.h"

static const char *const policy_words[] = {
    [POLICY_SEMVER] = "semver",     [POLICY_ALPHABETICAL] = "alphabetical",
    [POLICY_NUMERIC] = "numeric",   [POLICY_NEWEST] = "newest",
    [POLICY_CALENDAR] = "calendar", [POLICY_CREATED] = "created",
};

static bool read_semver(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct version_rule *rule = out;
    rule->policy = POLICY_SEMVER;
    if (!want_scalar(reader, node, "\">=1.0.0\"")) {
        return false;
    }
    rule->range = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_alphabetical(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_ALPHABETICAL;
    return read_exactly(reader, node, "asc");
}

static bool read_numeric(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_NUMERIC;
    return read_exactly(reader, node, "asc");
}

static bool read_newest(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_NEWEST;
    return read_exactly(reader, node, "true");
}

static bool read_calendar(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_CALENDAR;
    return read_exactly(reader, node, "asc");
}

static bool read_created(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_CREATED;
    return read_exactly(reader, node, "true");
}

static bool read_digest(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct version_rule *rule = out;
    rule->policy = POLICY_DIGEST;
    if (!want_scalar(reader, node, "main")) {
        return false;
    }
    rule->range = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_policy(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"semver", read_semver, false, false},
        {"alphabetical", read_alphabetical, false, false},
        {"numeric", read_numeric, false, false},
        {"newest", read_newest, false, false},
        {"calendar", read_calendar, false, false},
        {"digest", read_digest, false, false},
        {"created", read_created, false, false},
    };
    if (node->kind == YAML_MAPPING) {
        return read_mapping(reader, node, fields, COUNT_OF(fields), out) &&
               (node->item_count == 2 ||
                refuse(reader, node,
                       "a policy has one field; write for example {semver: \"1.x\"}"));
    }
    size_t kind = 0;
    if (!read_choice(reader, node, "policy", policy_words, COUNT_OF(policy_words), &kind)) {
        return false;
    }
    ((struct version_rule *)out)->policy = (enum policy_kind)kind;
    return true;
}

static bool read_images(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "ghcr.io/acme/*")) {
        return false;
    }
    ((struct version_rule *)out)->images = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_tags(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "\"main-[0-9]+\"")) {
        return false;
    }
    ((struct version_rule *)out)->tags = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_ignore(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "\".*-debug\"")) {
        return false;
    }
    ((struct version_rule *)out)->ignore = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_platform(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "linux/arm64")) {
        return false;
    }
    ((struct version_rule *)out)->platform = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_text(struct reader *reader, const struct yaml_node *node, const char *example,
                      const char **out)
{
    if (!want_scalar(reader, node, example)) {
        return false;
    }
    *out = arena_strdup(reader->arena, node->text);
    return strlen(*out) == node->text_length || refuse(reader, node, "it has a zero byte in it");
}

static bool read_key(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_text(reader, node, "-----BEGIN PUBLIC KEY-----",
                     &((struct signature_rule *)out)->key);
}

static bool read_identity(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_text(reader, node, "release@example.org",
                     &((struct signature_rule *)out)->identity);
}

static bool read_identity_pattern(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_text(reader, node, "https://github.com/acme/shop/.*",
                     &((struct signature_rule *)out)->identity_pattern);
}

static bool read_issuer(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_text(reader, node, "https://token.actions.githubusercontent.com",
                     &((struct signature_rule *)out)->issuer);
}

static bool read_logged(struct reader *reader, const struct yaml_node *node, void *out)
{
    bool is_logged = true;
    bool is_read = read_flag(reader, node, &is_logged);
    ((struct signature_rule *)out)->is_unlogged = !is_logged;
    return is_read;
}

static bool read_signed(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"key", read_key, false, false},
        {"identity", read_identity, false, false},
        {"identityPattern", read_identity_pattern, false, false},
        {"issuer", read_issuer, false, false},
        {"logged", read_logged, false, false},
    };
    struct signature_rule *rule = ARENA_NEW(reader->arena, struct signature_rule);
    *rule =
        (struct signature_rule){.key = "", .identity = "", .identity_pattern = "", .issuer = ""};
    ((struct version_rule *)out)->signature = rule;
    return read_mapping(reader, node, fields, COUNT_OF(fields), rule);
}

/* The rule is tried here, so that a bad range shows up in this file and not at the first poll. */
static bool read_rule(struct reader *reader, const struct yaml_node *node,
                      struct version_rule *rule)
{
    static const struct field fields[] = {
        {"images", read_images, true, false},      {"policy", read_policy, false, false},
        {"tags", read_tags, false, false},         {"ignore", read_ignore, false, false},
        {"platform", read_platform, false, false}, {"signed", read_signed, false, false},
    };
    *rule = (struct version_rule){.policy = POLICY_SEMVER,
                                  .range = "",
                                  .tags = "",
                                  .ignore = "",
                                  .platform = "",
                                  .line = node->line,
                                  .column = node->column};
    struct err why = {0};
    return read_mapping(reader, node, fields, COUNT_OF(fields), rule) &&
           (policy_check_rule(rule, &why) || refuse(reader, node, "%s", why.text));
}

bool read_versions(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct pipeline *pipeline = out;
    if (!want_sequence(reader, node, "versions: [{images: \"ghcr.io/acme/*\", policy: semver}]")) {
        return false;
    }
    if (node->item_count > PIPELINE_RULES_MAX) {
        return refuse(reader, node, "there are %zu rules; at most %d are possible",
                      node->item_count, PIPELINE_RULES_MAX);
    }
    pipeline->rule_count = node->item_count;
    pipeline->rules = arena_alloc(reader->arena, node->item_count, sizeof(*pipeline->rules));
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        good = read_rule(reader, node->items[i], &pipeline->rules[i]) && good;
    }
    return good;
}
