#include "../testing.h"

#include "agent/agent.h"
#include "yaml/yaml.h"

static void print(struct str *out)
{
    struct agent_options options = {.server = "https://heddle.example.org",
                                    .cluster = "dev",
                                    .repository = "git@example.org:config: it.git",
                                    .path = "clusters/dev"};
    agent_manifest(&options, "registry.example.org/heddle:1", out);
    assert_false(out->failed);
}

/* Calls `check` with each object of the manifest, as JSON. */
static void each_object(void (*check)(const json_t *object))
{
    AUTO_STR(text, 64U << 10);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct err err = {0};
    print(&text);
    ASSERT_OK(yaml_parse(arena, str_slice(&text), &document, &err), err);
    int count = 0;
    for (; document; document = document->next) {
        AUTO_JSON *object = yaml_to_json(document->root, &err);
        check(object);
        count++;
    }
    assert_int_equal(count, 5);
}

static void check_rights(const json_t *object)
{
    const json_t *rules = json_array_at(object, "rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        AUTO(xfree) char *rule = json_text(json_array_get(rules, i));
        static const char *const never[] = {"\"*\"", "escalate", "bind\"", "impersonate"};
        for (size_t n = 0; n < COUNT_OF(never); n++) {
            if (strstr(rule, never[n])) {
                fail_msg("%s has %s", rule, never[n]);
            }
        }
    }
}

static void it_asks_for_no_right_over_everything(void **state)
{
    (void)state;
    each_object(check_rights);
}

/* The verbs that the rules allow for one resource of a group, joined. */
static void verbs_of(const json_t *object, const char *group, const char *resource, struct str *out)
{
    size_t i = 0;
    const json_t *rule = NULL;
    json_array_foreach (json_array_at(object, "rules"), i, rule) {
        AUTO(xfree) char *groups = json_text(json_array_at(rule, "apiGroups"));
        AUTO(xfree) char *resources = json_text(json_array_at(rule, "resources"));
        AUTO(xfree) char *verbs = json_text(json_array_at(rule, "verbs"));
        AUTO_STR(wanted, 100);
        str_addf(&wanted, "\"%s\"", resource);
        bool is_group = strlen(groups) == strlen(group) + 4 && strstr(groups, group);
        str_add(out, is_group && strstr(resources, wanted.text) ? verbs : "");
    }
}

static void check_looks(const json_t *object)
{
    static const struct {
        const char *group, *resource;
    } seen[] = {{"", "nodes"}, {"metrics.k8s.io", "nodes"}, {"metrics.k8s.io", "pods"}};
    if (strcmp(json_text_at(object, "kind", ""), "ClusterRole") != 0) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        AUTO_STR(verbs, 1000);
        verbs_of(object, seen[i].group, seen[i].resource, &verbs);
        assert_string_equal(verbs.text, "[\"list\"]");
    }
}

static void it_may_only_list_nodes_and_usage(void **state)
{
    (void)state;
    each_object(check_looks);
}

static void check_pod(const json_t *object)
{
    if (strcmp(json_text_at(object, "kind", ""), "Deployment") != 0) {
        return;
    }
    const json_t *spec = json_at(object, "spec.template.spec");
    const json_t *container = json_array_get(json_array_at(spec, "containers"), 0);
    assert_true(json_bool_at(spec, "securityContext.runAsNonRoot", false));
    assert_false(json_bool_at(container, "securityContext.allowPrivilegeEscalation", true));
    assert_true(json_bool_at(container, "securityContext.readOnlyRootFilesystem", false));
    assert_string_equal(json_text_at(container, "image", ""), "registry.example.org/heddle:1");
    AUTO(xfree) char *arguments = json_text(json_array_at(container, "args"));
    assert_non_null(strstr(arguments, "\"--repository=git@example.org:config: it.git\""));
    assert_non_null(strstr(arguments, "\"--cluster=dev\""));
}

static void its_pod_is_restricted_and_gets_its_settings(void **state)
{
    (void)state;
    each_object(check_pod);
}

static void the_token_never_stands_in_it(void **state)
{
    (void)state;
    AUTO_STR(text, 64U << 10);
    print(&text);
    assert_non_null(strstr(text.text, "secretName: heddle-agent"));
    assert_null(strstr(text.text, "kind: Secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_asks_for_no_right_over_everything),
        cmocka_unit_test(it_may_only_list_nodes_and_usage),
        cmocka_unit_test(its_pod_is_restricted_and_gets_its_settings),
        cmocka_unit_test(the_token_never_stands_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
