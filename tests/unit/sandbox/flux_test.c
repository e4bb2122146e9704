/* The simulated Flux: a release becomes pods, and tells of it as the real one does. */
#include "../testing.h"

#include <stdio.h>
#include <unistd.h>

#include "house.h"

#define FLUX "/apis/helm.toolkit.fluxcd.io/v2/namespaces/default/helmreleases"
#define SOURCES "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/ocirepositories"
#define DEPLOYMENT "/apis/apps/v1/namespaces/default/deployments/web"
#define DEFINITION(group, version, kind, plural)                                                   \
    "{\"apiVersion\": \"apiextensions.k8s.io/v1\", \"kind\": \"CustomResourceDefinition\", "       \
    "\"metadata\": {\"name\": \"" plural "." group "\"}, \"spec\": {\"group\": \"" group           \
    "\", \"scope\": \"Namespaced\", \"names\": {\"kind\": \"" kind "\", \"plural\": \"" plural     \
    "\", \"singular\": \"x\"}, \"versions\": [{\"name\": \"" version                               \
    "\", \"served\": true, \"storage\": true}]}}"
#define RELEASE(spec)                                                                              \
    "{\"apiVersion\": \"helm.toolkit.fluxcd.io/v2\", \"kind\": \"HelmRelease\", \"metadata\": "    \
    "{\"name\": \"web\", \"namespace\": \"default\"}, \"spec\": " spec "}"
#define CHART(version) RELEASE("{\"chart\": {\"spec\": {\"version\": \"" version "\"}}}")
#define ARTIFACT(tag)                                                                              \
    "{\"apiVersion\": \"source.toolkit.fluxcd.io/v1\", \"kind\": \"OCIRepository\", "              \
    "\"metadata\": "                                                                               \
    "{\"name\": \"web\", \"namespace\": \"default\"}, \"spec\": {\"ref\": {\"tag\": \"" tag        \
    "\"}}}"

static void open_with_flux(struct house *house)
{
    static const char *const definitions[] = {
        DEFINITION("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
        DEFINITION("source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories")};
    house_open(house, (struct sandbox_cluster_options){.speed = 20});
    for (size_t i = 0; i < COUNT_OF(definitions); i++) {
        json_decref(house_expect(house, 201, "POST",
                                 "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                                 definitions[i]));
    }
}

static void put(struct house *house, const char *path, const char *text)
{
    int status = 0;
    char url[300];
    snprintf(url, sizeof(url), "%s?fieldManager=test&force=true", path);
    json_decref(house_call(house, "PATCH", url, "application/apply-patch+yaml", text, &status));
    assert_true(status == 200 || status == 201);
}

/* GET until the value in one of the items of a list is as wanted. */
static void wait_in(struct house *house, const char *path, const char *list, size_t index,
                    const char *key, const char *wanted)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + 10000;
    for (;;) {
        AUTO_JSON *object = house_expect(house, 200, "GET", path, NULL);
        const json_t *item = json_array_get(json_array_at(object, list), index);
        if (strcmp(json_text_at(item, key, ""), wanted) == 0) {
            return;
        }
        if (env_now_mono_ms(env_system()) > end_ms) {
            AUTO(xfree) char *text = json_text(object);
            fail_msg("%s[%zu].%s is not %s: %s", list, index, key, wanted, text);
        }
        usleep(5000);
    }
}

static void a_chart_is_told_as_deployed_when_its_pods_run(void **state)
{
    (void)state;
    struct house house;
    open_with_flux(&house);
    put(&house, FLUX "/web", CHART("1.2.3"));
    wait_in(&house, FLUX "/web", "status.history", 0, "status", "deployed");
    wait_in(&house, FLUX "/web", "status.history", 0, "chartVersion", "1.2.3");
    wait_in(&house, FLUX "/web", "status.conditions", 0, "status", "True");
    house_wait(&house, DEPLOYMENT, "status.availableReplicas", "1");
    wait_in(&house, DEPLOYMENT, "spec.template.spec.containers", 0, "image",
            "charts.example.org/web:1.2.3");
    put(&house, FLUX "/web", CHART("1.3.0"));
    wait_in(&house, FLUX "/web", "status.history", 0, "chartVersion", "1.3.0");
    wait_in(&house, FLUX "/web", "status.history", 1, "status", "superseded");
    json_decref(house_expect(&house, 200, "DELETE", FLUX "/web", NULL));
    house_wait_gone(&house, DEPLOYMENT);
    house_close(&house);
}

static void a_chart_that_fails_leaves_the_old_one_running(void **state)
{
    (void)state;
    struct house house;
    open_with_flux(&house);
    put(&house, FLUX "/web", CHART("1.2.3"));
    wait_in(&house, FLUX "/web", "status.history", 0, "status", "deployed");
    put(&house, FLUX "/web", CHART("2.0.0-fail.1"));
    wait_in(&house, FLUX "/web", "status.history", 0, "status", "failed");
    wait_in(&house, FLUX "/web", "status.history", 1, "status", "deployed");
    wait_in(&house, FLUX "/web", "status.conditions", 0, "reason", "UpgradeFailed");
    wait_in(&house, FLUX "/web", "status.conditions", 1, "type", "Stalled");
    wait_in(&house, DEPLOYMENT, "spec.template.spec.containers", 0, "image",
            "charts.example.org/web:1.2.3");
    house_close(&house);
}

static void an_artifact_s_tag_is_the_version_of_who_refers_to_it(void **state)
{
    (void)state;
    struct house house;
    open_with_flux(&house);
    put(&house, SOURCES "/web", ARTIFACT("1.2.3"));
    put(&house, FLUX "/web",
        RELEASE("{\"chartRef\": {\"kind\": \"OCIRepository\", \"name\": \"web\"}, \"values\": "
                "{\"image\": {\"repository\": \"acme/web\", \"tag\": \"7\"}, \"replicas\": 2}}"));
    wait_in(&house, FLUX "/web", "status.history", 0, "chartVersion", "1.2.3");
    house_wait(&house, DEPLOYMENT, "status.availableReplicas", "2");
    wait_in(&house, DEPLOYMENT, "spec.template.spec.containers", 0, "image", "acme/web:7");
    put(&house, SOURCES "/web", ARTIFACT("1.3.0"));
    wait_in(&house, FLUX "/web", "status.history", 0, "chartVersion", "1.3.0");
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chart_is_told_as_deployed_when_its_pods_run),
        cmocka_unit_test(a_chart_that_fails_leaves_the_old_one_running),
        cmocka_unit_test(an_artifact_s_tag_is_the_version_of_who_refers_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
