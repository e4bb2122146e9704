#include "../testing.h"

#include <stdio.h>

#include "base/file.h"
#include "registry/registry.h"

#define HOOKS "tests/golden/hooks/"
#define BODY_BYTES_MAX 10000

/* Bodies as these senders post them; only what names the image matters. */
static const struct {
    const char *file;
    const char *hints; /* "repository:tag" of each */
} recorded[] = {
    {"distribution.json", "127.0.0.1:5000/shop/cart:1.1.0"}, /* GitLab's registry, too */
    {"docker-hub.json", "acme/cart:1.1.0"},
    {"github-package.json", "acme/cart:1.1.0"},
    {"github-registry-package.json", "acme/cart:1.1.0"},
    {"gitea.json", "acme/cart:1.1.0"},
    {"quay.json", "quay.io/acme/cart:latest quay.io/acme/cart:1.1.0"},
    {"harbor.json", "acme/cart:1.1.0"},
    {"harbor-cloudevents.json", "acme/cart:1.1.0"},
    {"pub-sub.json", "europe-docker.pkg.dev/acme/images/cart:1.1.0"},
    {"azure.json", "acme.azurecr.io/acme/cart:1.1.0"},
    {"azure-event-grid.json", "acme.azurecr.io/acme/cart:1.1.0"},
    {"ecr.json", "acme/cart:1.1.0"},
    {"ecr-cloudevents.json", "acme/cart:1.1.0"},
    {"nexus.json", "acme/cart:1.1.0"},
    {"artifactory.json", "docker-local/acme/cart:1.1.0 acme/cart:1.1.0"},
};

static void each_sender_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recorded); i++) {
        char path[128];
        struct registry_hint hints[8];
        struct err err = {0};
        AUTO_STR(body, BODY_BYTES_MAX);
        AUTO_STR(got, 1000);
        snprintf(path, sizeof(path), HOOKS "%s", recorded[i].file);
        ASSERT_OK(file_read(path, &body, &err), err);
        size_t count = registry_hints(str_slice(&body), hints, COUNT_OF(hints));
        for (size_t n = 0; n < count; n++) {
            str_addf(&got, "%s%s:%s", n ? " " : "", hints[n].repository, hints[n].tag);
        }
        if (strcmp(got.text, recorded[i].hints) != 0) {
            fail_msg("%s: %s", recorded[i].file, got.text);
        }
        assert_int_equal(registry_hints(str_slice(&body), hints, 0), 0);
    }
}

static void what_is_no_container_image_is_no_hint(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"package\": {\"type\": \"npm\", \"name\": \"cart\", \"version\": \"1\"}}",
        "{\"package\": {\"package_type\": \"npm\", \"name\": \"cart\"}}",
        "{\"component\": {\"format\": \"maven2\", \"name\": \"cart\", \"version\": \"1\"}}",
        "{\"domain\": \"artifact\", \"data\": {\"image_name\": \"cart\", \"tag\": \"1\"}}",
        "{\"action\": \"ping\", \"target\": {\"repository\": \"cart\", \"tag\": \"1\"}}",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct registry_hint hint;
        if (registry_hints(slice_of(bodies[i]), &hint, 1) != 0) {
            fail_msg("%s gave %s", bodies[i], hint.repository);
        }
    }
}

static void what_is_not_understood_is_no_hint(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{\"events\": 3}",
        "{\"events\": [null, 7, {\"action\": 5}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"../etc\","
        " \"tag\": \"1\"}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"a:b\","
        " \"tag\": \"1\"}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"cart\","
        " \"tag\": \"1\"}, \"request\": {\"host\": \"evil/..\"}}]}",
        "{\"package\": []}",
        "{\"push_data\": 1}",
        "{\"docker_url\": \"quay.io/acme/cart\", \"updated_tags\": {}}",
        "{\"docker_url\": [], \"updated_tags\": [1]}",
        "{\"message\": {\"data\": \"%%%\"}}",
        "{\"message\": {\"data\": \"eyJ0YWciOiAiLi4vLi4veCJ9\"}}",
        "{\"message\": {\"data\": 5}}",
        "{\"event_data\": {\"resources\": [{}]}}",
        "[[], null, {\"data\": []}, {\"data\": {\"action\": \"push\"}}]",
        "payload=%7B%7D",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct registry_hint hint;
        if (registry_hints(slice_of(bodies[i]), &hint, 1) != 0) {
            fail_msg("%s gave %s", bodies[i], hint.repository);
        }
    }
}

static void a_tag_that_cannot_be_one_is_left_out(void **state)
{
    (void)state;
    static const char body[] = "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\":"
                               " \"cart\", \"tag\": \"../../x\"}}]}";
    struct registry_hint hint;
    assert_int_equal(registry_hints(slice_of(body), &hint, 1), 1);
    assert_string_equal(hint.tag, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sender_is_understood),
        cmocka_unit_test(what_is_no_container_image_is_no_hint),
        cmocka_unit_test(what_is_not_understood_is_no_hint),
        cmocka_unit_test(a_tag_that_cannot_be_one_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
