/* Our own rendering against the real kustomize program: HEDDLE_KUSTOMIZE, build/rig/kustomize, or
   the one in PATH.  With UPDATE=1 it also writes each case's want.json. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "golden.h"
#include "proc/proc.h"
#include "render/render.h"
#include "trees.h"

static const char *program(void)
{
    const char *named = getenv("HEDDLE_KUSTOMIZE");
    static char local[4096];
    if (named) {
        return named;
    }
    assert_non_null(getcwd(local, sizeof(local) - 32));
    strcat(local, "/build/rig/kustomize");
    return access(local, X_OK) == 0 ? local : "kustomize";
}

static json_t *render_by_program(const char *name)
{
    char folder[256];
    char path[4096];
    struct err err = {0};
    golden_path(name, "", folder, sizeof(folder));
    snprintf(path, sizeof(path), "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    const char *const argv[] = {program(), "build", "target", NULL};
    const char *const env[] = {path, "HOME=/nonexistent", NULL};
    const struct proc_call call = {.argv = argv, .env = env, .folder = folder};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!proc_run(&call, &result, &err)) {
        fail_msg("%s (install kustomize 5.8.1, or set HEDDLE_KUSTOMIZE)", err.text);
    }
    if (result.exit_code != 0) {
        fail_msg("%s: %s", name, result.errors.text);
    }
    return golden_objects(str_slice(&result.output));
}

static void write_wanted(const char *name, const json_t *objects)
{
    char path[256];
    struct err err = {0};
    AUTO(xfree) char *pretty = json_text_pretty(objects);
    AUTO_STR(text, 1U << 20);
    str_addf(&text, "%s\n", pretty);
    golden_path(name, "want.json", path, sizeof(path));
    ASSERT_OK(file_replace(path, str_slice(&text), 0644, &err), err);
}

static void each_case_gives_the_same_objects_both_ways(void **state)
{
    (void)state;
    AUTO(golden_cases_done) char **cases = golden_cases();
    size_t differences = 0;
    for (char **name = cases; *name; name++) {
        AUTO_JSON *want = render_by_program(*name);
        if (getenv("UPDATE")) {
            write_wanted(*name, want);
        }
        AUTO_JSON *got = golden_render(*name);
        differences += golden_differences(*name, got, want);
    }
    assert_int_equal(differences, 0);
}

/* Put the program's folder first in PATH. */
static void use_program(void)
{
    AUTO_STR(path, 16384);
    const char *named = program();
    const char *slash = strrchr(named, '/');
    if (slash) {
        str_addf(&path, "%.*s:%s", (int)(slash - named), named, getenv("PATH"));
        setenv("PATH", path.text, 1);
    }
}

static const char *json_of(const struct render_result *result, const char *kind)
{
    for (size_t i = 0; i < result->count; i++) {
        if (strcmp(result->objects[i].kind, kind) == 0) {
            return result->objects[i].json;
        }
    }
    fail_msg("no %s", kind);
    return NULL;
}

static void what_only_the_program_can_do_is_done_by_it(void **state)
{
    (void)state;
    AUTO(memory_done) struct memory_tree files = {0};
    AUTO(render_cache_free) struct render_cache *cache = render_cache_new();
    AUTO(render_result_done) struct render_result result = {0};
    struct err err = {0};
    memory_put(&files, "dev/kustomization.yaml",
               "resources: [../base]\nnamePrefix: my-\ncommonLabels: {a: b}\n"
               "sortOptions: {order: legacy}\n"
               "configMapGenerator: [{name: config, files: [config.txt]}]\n"
               "patches:\n- target: {kind: Service}\n"
               "  patch: |-\n    - op: add\n      path: /spec/type\n      value: NodePort\n");
    memory_put(&files, "dev/config.txt", "hello\n");
    memory_put(&files, "base/kustomization.yaml", "resources: [web.yaml]\n");
    memory_put(&files, "base/web.yaml",
               "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: None}\n");
    use_program();
    struct manifest_tree tree = memory_face(&files);
    ASSERT_OK(render_target(cache, &tree, "dev", &result, &err), err);
    if (result.problems) {
        fail_msg("%s", result.problems->text);
    }
    assert_string_equal(json_of(&result, "Service"),
                        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"labels\":"
                        "{\"a\":\"b\"},\"name\":\"my-web\"},\"spec\":{\"clusterIP\":\"None\","
                        "\"selector\":{\"a\":\"b\"},\"type\":\"NodePort\"}}");
    assert_non_null(strstr(json_of(&result, "ConfigMap"), "\"config.txt\":\"hello\\n\""));
    memory_put(&files, "dev/config.txt", "changed\n");
    render_result_done(&result);
    ASSERT_OK(render_target(cache, &tree, "dev", &result, &err), err);
    assert_non_null(strstr(json_of(&result, "ConfigMap"), "\"config.txt\":\"changed\\n\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_gives_the_same_objects_both_ways),
        cmocka_unit_test(what_only_the_program_can_do_is_done_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
