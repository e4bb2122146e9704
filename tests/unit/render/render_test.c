#include "../testing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "render/render.h"
#include "trees.h"

#define DEPLOYMENT                                                                                 \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\n"                                \
    "spec: {template: {spec: {containers: [{name: c, image: \"shop/web:1\"}]}}}\n"

struct bench {
    struct memory_tree tree;
    struct render_cache *cache;
    struct render_result result;
    struct err err;
};

static int bench_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->cache = render_cache_new();
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    render_result_done(&bench->result);
    render_cache_free(&bench->cache);
    memory_done(&bench->tree);
    free(bench);
    return 0;
}

static void put(struct bench *bench, const char *path, const char *text)
{
    memory_put(&bench->tree, path, text);
}

static void put_deployment(struct bench *bench, const char *path, const char *name)
{
    char text[1024];
    snprintf(text, sizeof(text), DEPLOYMENT, name);
    put(bench, path, text);
}

static bool try_render(struct bench *bench, const char *path)
{
    struct manifest_tree tree = memory_face(&bench->tree);
    render_result_done(&bench->result);
    bench->err = (struct err){0};
    return render_target(bench->cache, &tree, path, &bench->result, &bench->err);
}

static void render(struct bench *bench, const char *path)
{
    ASSERT_OK(try_render(bench, path), bench->err);
}

static void render_well(struct bench *bench, const char *path)
{
    render(bench, path);
    const struct manifest_problem *problem = bench->result.problems;
    if (problem) {
        fail_msg("%s:%u: %s", problem->file, problem->line, problem->text);
    }
}

static const struct render_object *find(const struct bench *bench, const char *name)
{
    for (size_t i = 0; i < bench->result.count; i++) {
        if (strcmp(bench->result.objects[i].name, name) == 0) {
            return &bench->result.objects[i];
        }
    }
    return NULL;
}

/* Exactly one problem, at this place, with these words in it. */
static void expect_problem(const struct bench *bench, const char *file, unsigned line,
                           const char *part)
{
    const struct manifest_problem *problem = bench->result.problems;
    assert_non_null(problem);
    if (problem->next || strcmp(problem->file, file) != 0 || problem->line != line ||
        !strstr(problem->text, part)) {
        fail_msg("%s:%u: %s%s", problem->file, problem->line, problem->text,
                 problem->next ? " (and more)" : "");
    }
}

/* ---- what comes out ---- */

static void a_plain_folder_gives_the_objects_of_its_files_in_order(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/b.yaml",
        "kind: ConfigMap\nmetadata: {name: two, namespace: x}\napiVersion: v1\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: three\ndata: {on: \"1\"}\n");
    put_deployment(bench, "dev/a.yml", "one");
    put_deployment(bench, "dev/sub/c.json.yaml", "four");
    put(bench, "dev/README.md", "no manifest");
    put(bench, "dev/.hidden.yaml", "nothing: [");
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 4);
    static const char *const names[] = {"one", "two", "three", "four"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(bench->result.objects[i].name, names[i]);
    }
    const struct render_object *two = find(bench, "two");
    assert_string_equal(two->json, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
                                   "\"metadata\":{\"name\":\"two\",\"namespace\":\"x\"}}");
    assert_int_equal(two->json_length, strlen(two->json));
    assert_string_equal(two->namespace, "x");
    assert_string_equal(two->file, "dev/b.yaml");
    const struct render_object *three = find(bench, "three");
    assert_int_equal(three->line, 5);
    assert_string_equal(three->namespace, "");
    assert_non_null(strstr(three->json, "\"data\":{\"true\":\"1\"}")); /* as kubectl reads it */
    assert_true(two->hash != three->hash);
}

static void a_kustomization_below_a_plain_folder_is_built(void **state)
{
    struct bench *bench = *state;
    put_deployment(bench, "dev/plain.yaml", "plain");
    put(bench, "dev/shop/kustomization.yaml", "namespace: shop\nresources: [web.yaml]\n");
    put_deployment(bench, "dev/shop/web.yaml", "web");
    put_deployment(bench, "dev/shop/not-listed.yaml", "hidden");
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 2);
    assert_string_equal(find(bench, "web")->namespace, "shop");
    assert_string_equal(find(bench, "plain")->namespace, "");
}

/* ---- memory ---- */

static void only_what_changed_is_read_again(void **state)
{
    struct bench *bench = *state;
    char path[64];
    char list[4096] = "resources:\n";
    for (int i = 0; i < 50; i++) {
        snprintf(path, sizeof(path), "apps/a%d/web.yaml", i);
        put_deployment(bench, path, path);
        snprintf(path, sizeof(path), "apps/a%d/kustomization.yaml", i);
        put(bench, path,
            i % 2 ? "resources: [web.yaml]\n" : "resources: [web.yaml]\nnamespace: n\n");
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "- ../apps/a%d\n", i);
    }
    put(bench, "dev/kustomization.yaml", list);
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 50);
    assert_int_equal(bench->result.files_read, 101);
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 0);
    assert_int_equal(bench->result.count, 50);
    put_deployment(bench, "apps/a7/web.yaml", "changed"); /* a file of one that only gathers */
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 1);
    assert_non_null(find(bench, "changed"));
    put_deployment(bench, "apps/a8/web.yaml",
                   "moved"); /* of one with a namespace: both its files */
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 2);
    assert_string_equal(find(bench, "moved")->namespace, "n");
    assert_int_equal(bench->result.count, 50);
}

static void a_change_anywhere_below_an_overlay_is_seen(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml",
        "resources: [../base]\ncomponents: [../extra]\nnamespace: n\n");
    put(bench, "base/kustomization.yaml", "resources: [web.yaml]\n");
    put_deployment(bench, "base/web.yaml", "web");
    put(bench, "extra/kustomization.yaml",
        "kind: Component\nimages: [{name: shop/web, newTag: \"2\"}]\n");
    render_well(bench, "dev");
    assert_non_null(strstr(find(bench, "web")->json, "shop/web:2"));
    put(bench, "extra/kustomization.yaml",
        "kind: Component\nimages: [{name: shop/web, newTag: \"3\"}]\n");
    render_well(bench, "dev");
    assert_non_null(strstr(find(bench, "web")->json, "shop/web:3"));
    put_deployment(bench, "base/web.yaml", "site");
    render_well(bench, "dev");
    assert_non_null(find(bench, "site"));
    assert_null(find(bench, "web"));
}

static void what_was_missing_is_found_when_it_comes(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml", "resources: [../base, own.yaml]\nnamespace: n\n");
    put_deployment(bench, "base/web.yaml", "web");
    put_deployment(bench, "dev/own.yaml", "own");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "base has no kustomization.yaml");
    put(bench, "base/kustomization.yaml", "resources: [web.yaml, later.yaml]\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "base/later.yaml");
    put_deployment(bench, "base/later.yaml", "later");
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 3);
    put(bench, "dev/kustomization.yaml", NULL); /* now a plain folder */
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 1);
}

static void what_a_kustomization_names_is_read_again_when_it_changes(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml",
        "resources: [web.yaml]\npatches: [{path: patch.yaml}]\nreplacements: [{path: "
        "values.yaml}]\n"
        "configMapGenerator: [{name: config, files: [config.txt], envs: [config.env]}]\n");
    put_deployment(bench, "dev/web.yaml", "web");
    put(bench, "dev/patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n");
    put(bench, "dev/values.yaml",
        "source: {kind: ConfigMap, name: config, fieldPath: data.A}\n"
        "targets: [{select: {kind: Deployment}, fieldPaths: [metadata.labels.a], "
        "options: {create: true}}]\n");
    put(bench, "dev/config.txt", "one");
    put(bench, "dev/config.env", "A=first\n");
    render_well(bench, "dev");
    assert_non_null(strstr(find(bench, "web")->json, "\"replicas\":2"));
    assert_non_null(strstr(find(bench, "web")->json, "\"a\":\"first\""));
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 0);
    static const struct {
        const char *path, *text, *part;
    } changes[] = {
        {"dev/patch.yaml",
         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
         "\"replicas\":3"},
        {"dev/config.env", "A=second\n", "\"a\":\"second\""},
        {"dev/config.txt", "two", "\"config.txt\":\"two\""},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        bool is_found = false;
        put(bench, changes[i].path, changes[i].text);
        render_well(bench, "dev");
        assert_true(bench->result.files_read > 0);
        for (size_t n = 0; n < bench->result.count; n++) {
            is_found |= strstr(bench->result.objects[n].json, changes[i].part) != NULL;
        }
        assert_true(is_found);
    }
}

/* The name of a ConfigMap with its hash, as the Deployment has it. */
static const char *hashed_name(struct bench *bench)
{
    static char name[64];
    const char *at = strstr(find(bench, "web")->json, "\"config-");
    assert_non_null(at);
    snprintf(name, sizeof(name), "%.17s", at + 1);
    return name;
}

static void names_are_followed_across_folders_that_are_only_gathered(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml", "resources: [../config, ../app, ../other]\n");
    put(bench, "config/kustomization.yaml",
        "configMapGenerator: [{name: config, literals: [a=b]}]\n");
    put(bench, "app/kustomization.yaml", "resources: [web.yaml]\n");
    put(bench, "app/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: "
        "{volumes: [{name: v, configMap: {name: config}}]}}}\n");
    put(bench, "other/kustomization.yaml", "resources: [more.yaml]\n");
    put_deployment(bench, "other/more.yaml", "more");
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 3);
    assert_non_null(find(bench, hashed_name(bench)));
    AUTO(xfree) char *before = xstrdup(hashed_name(bench));
    put(bench, "config/kustomization.yaml",
        "configMapGenerator: [{name: config, literals: [a=c]}]\n");
    render_well(bench, "dev");
    assert_string_not_equal(hashed_name(bench), before);
    assert_non_null(find(bench, hashed_name(bench)));
    /* In another namespace it is another's, and all are apart again. */
    put(bench, "config/kustomization.yaml",
        "namespace: far\nconfigMapGenerator: [{name: config, literals: [a=c]}]\n");
    render_well(bench, "dev");
    assert_non_null(strstr(find(bench, "web")->json, "{\"name\":\"config\"}"));
    put_deployment(bench, "other/more.yaml", "most");
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 1);
}

static void a_store_that_is_away_fails_and_is_not_remembered(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml", "resources: [web.yaml]\nnamespace: n\n");
    put_deployment(bench, "dev/web.yaml", "web");
    bench->tree.broken = "dev/web.yaml";
    ASSERT_FAILS(try_render(bench, "dev"), bench->err, ERR_UNAVAILABLE, "the store is away");
    bench->tree.broken = "dev/kustomization.yaml";
    ASSERT_FAILS(try_render(bench, "dev"), bench->err, ERR_UNAVAILABLE, "render dev");
    bench->tree.broken = NULL;
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 1);
    ASSERT_FAILS(try_render(bench, "nowhere"), bench->err, ERR_NOT_FOUND, "nowhere");
}

/* ---- what is wrong ---- */

static void a_broken_file_is_named_and_the_others_count(void **state)
{
    struct bench *bench = *state;
    put_deployment(bench, "dev/a.yaml", "a");
    put(bench, "dev/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b\n");
    put_deployment(bench, "dev/c.yaml", "c");
    render(bench, "dev");
    expect_problem(bench, "dev/b.yaml", 4, "close the bracket");
    assert_int_equal(bench->result.count, 2);
    render(bench, "dev"); /* also from memory */
    expect_problem(bench, "dev/b.yaml", 4, "close the bracket");
    put(bench, "dev/b.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {{ .Values }}\n");
    render(bench, "dev");
    expect_problem(bench, "dev/b.yaml", 1, "line 4, column 8: a key must be a text");
    bench->tree.links = (struct map){0};
    put(bench, "dev/b.yaml", NULL);
    map_set(&bench->tree.links, "dev/b.yaml", bench);
    render(bench, "dev");
    expect_problem(bench, "dev/b.yaml", 0, "links are not followed");
    assert_int_equal(bench->result.count, 2);
}

static void an_object_given_twice_names_both_places(void **state)
{
    struct bench *bench = *state;
    put_deployment(bench, "dev/a.yaml", "web");
    put_deployment(bench, "dev/b.yaml", "web");
    render(bench, "dev");
    expect_problem(bench, "dev/b.yaml", 1, "Deployment web is defined here and in dev/a.yaml:1");
    assert_int_equal(bench->result.count, 1);
    put(bench, "dev/kustomization.yaml", "resources: [x, y]\n");
    put(bench, "dev/x/kustomization.yaml", "resources: [../a.yaml]\n");
    put(bench, "dev/y/kustomization.yaml", "resources: [../b.yaml]\n");
    render(bench, "dev");
    expect_problem(bench, "dev/b.yaml", 1, "defined here and in dev/a.yaml:1");
    put(bench, "dev/kustomization.yaml", "resources: [a.yaml, b.yaml]\nnamespace: n\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0,
                   "Deployment web is defined in dev/a.yaml:1 and in dev/b.yaml:1");
    assert_int_equal(bench->result.count, 0);
}

static void a_namespace_that_makes_two_objects_one_is_a_problem(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: b}\n");
    put(bench, "dev/kustomization.yaml", "resources: [a.yaml]\n");
    render_well(bench, "dev");
    assert_int_equal(bench->result.count, 2);
    put(bench, "dev/kustomization.yaml", "resources: [a.yaml]\nnamespace: n\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0,
                   "Pod p is defined in dev/a.yaml:1 and in dev/a.yaml:5");
}

static void what_is_listed_as_a_component_must_be_one(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml", "components: [../extra]\n");
    put(bench, "extra/kustomization.yaml", "kind: Kustomization\nnamespace: n\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "its kind must be Component");
}

static void a_kustomization_that_gathers_itself_is_a_problem(void **state)
{
    struct bench *bench = *state;
    put(bench, "dev/kustomization.yaml", "resources: [../dev]\n");
    render(bench, "dev");
    expect_problem(bench, "dev", 0, "gathers itself");
    put(bench, "dev/kustomization.yaml", "resources: [../dev]\nnamespace: n\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "gathers itself");
}

static void folders_that_double_at_every_level_end_soon(void **state)
{
    struct bench *bench = *state;
    char path[64];
    char text[128];
    for (int i = 0; i < 30; i++) {
        snprintf(path, sizeof(path), "l%d/kustomization.yaml", i);
        snprintf(text, sizeof(text), "resources: [../l%d, ../l%d]\n", i + 1, i + 1);
        put(bench, path, text);
    }
    put(bench, "l30/kustomization.yaml", "namespace: n\n");
    render(bench, "l0");
    assert_non_null(bench->result.problems);
}

static void bad_fields_name_their_line(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"resources: [web.yaml]\nreplicas: [{name: nobody, count: 1}]\n",
         "line 2: replicas names \"nobody\""},
        {"resources: [web.yaml]\nreplicas: [{name: web, count: x}]\n",
         "line 2: an entry of replicas"},
        {"resources: [web.yaml]\nlabels: [{pairs: {a: 1}}]\n",
         "line 2: the label \"a\" is not a text"},
        {"resources: [web.yaml]\nlabels: [{includeTemplates: true}]\n", "needs pairs"},
        {"resources: [web.yaml]\nnamespace: [a]\n", "line 2: namespace must be a name"},
        {"resources: [web.yaml]\nimages: [{name: shop/web, newTag: 1.10}]\n",
         "line 2: 1.10 is not a text"},
        {"resources: [web.yaml]\nimages: [{newTag: x}]\n",
         "line 2: an entry of images needs a name"},
        {"namespace: n\nresources: web.yaml\n", "line 2: resources must be a list"},
        {"namespace: n\nresources: [../../x]\n", "no path inside of the repository"},
        {"namespace: n\nresources: [/etc/passwd]\n", "no path inside of the repository"},
        {"namespace: n\nresources:\n- https://example.com/x.yaml\n",
         "line 3: https://example.com/x.yaml lies outside"},
        {"namespace: n\nresources: [\"github.com/a/b?ref=v1\"]\n", "lies outside"},
        {"namespace: n\nresources: [\"git@example.com:a/b\"]\n", "lies outside"},
        {"- a\n", "a kustomization is one mapping"},
        {"kind: Kustomization\n", "it asks for nothing"},
        {"kind: Deployment\nresources: [web.yaml]\n", "its kind must be Kustomization"},
        {"apiVersion: v1\nresources: [web.yaml]\n", "its apiVersion must be kustomize.config"},
        {"resources: [web.yaml]\npatches:\n- path: missing.yaml\n", "line 3: dev/missing.yaml"},
        {"resources: [web.yaml]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: "
         "Deployment\n    metadata: {name: site}\n",
         "line 3: the patch is for Deployment site, which is not there"},
        {"resources: [web.yaml]\ncommonLabels: {a: 1}\n", "line 2: the label \"a\" is not a text"},
        {"resources: [web.yaml]\nreplacements:\n- source: {kind: Pod}\n  targets: [{select: {}}]\n",
         "line 3: the source of this replacement is not there"},
        {"a: [\n", "line 2"},
    };
    put_deployment(bench, "dev/web.yaml", "web");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put(bench, "dev/kustomization.yaml", cases[i].text);
        render(bench, "dev");
        assert_int_equal(bench->result.count, 0);
        assert_non_null(bench->result.problems);
        if (!strstr(bench->result.problems->text, cases[i].part)) {
            fail_msg("%s: %s", cases[i].text, bench->result.problems->text);
        }
    }
}

/* ---- the program ---- */

/* A folder of its own in PATH and TMPDIR, with a `kustomize` that is this shell script. */
struct fake {
    char folder[64];
    char *path_before;
};

static void fake_begin(struct fake *fake, const char *script)
{
    struct err err = {0};
    char path[128];
    strcpy(fake->folder, "/tmp/heddle-render-test-XXXXXX");
    assert_non_null(mkdtemp(fake->folder));
    if (script) {
        snprintf(path, sizeof(path), "%s/kustomize", fake->folder);
        ASSERT_OK(file_replace(path, slice_of(script), 0755, &err), err);
    }
    fake->path_before = xstrdup(getenv("PATH"));
    setenv("PATH", fake->folder, 1);
    setenv("TMPDIR", fake->folder, 1);
}

/* Nothing may be left behind but the script. */
static void fake_end(struct fake *fake)
{
    struct err err = {0};
    size_t count = 0;
    DIR *folder = opendir(fake->folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        count += strncmp(entry->d_name, "heddle-render-", 14) == 0;
    }
    closedir(folder);
    setenv("PATH", fake->path_before, 1);
    unsetenv("TMPDIR");
    xfree(&fake->path_before);
    ASSERT_OK(file_remove_tree(fake->folder, &err), err);
    assert_int_equal(count, 0);
}

static void put_patched(struct bench *bench)
{
    put(bench, "dev/kustomization.yaml",
        "resources: [../base]\n# why\nconfigurations:\n- p.yaml\nconfigMapGenerator:\n- files: "
        "[a.txt]\n");
    put(bench, "dev/p.yaml", "a configuration");
    put(bench, "dev/a.txt", "a text");
    put(bench, "base/kustomization.yaml", "resources: [web.yaml]\n");
    put_deployment(bench, "base/web.yaml", "web");
    put(bench, "secret/other.yaml", "not its business");
}

static void without_the_program_the_field_and_the_remedy_are_named(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    put_patched(bench);
    fake_begin(&fake, NULL);
    render(bench, "dev");
    expect_problem(
        bench, "dev/kustomization.yaml", 0,
        "line 3 of dev/kustomization.yaml: \"configurations\" needs the kustomize program");
    assert_non_null(strstr(bench->result.problems->text, "install it"));
    fake_end(&fake);
    /* Once it is installed, nothing in Git has to change. */
    fake_begin(&fake,
               "#!/bin/sh\necho 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}'\n");
    render_well(bench, "dev");
    assert_string_equal(find(bench, "made")->file, "dev/kustomization.yaml");
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 0);
    fake_end(&fake);
}

static void the_program_sees_only_what_the_kustomization_names(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    put_patched(bench);
    setenv("HEDDLE_TEST_SECRET", "hush", 1);
    fake_begin(&fake, "#!/bin/sh\nPATH=/usr/bin:/bin\n"
                      "echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata:'\n"
                      "echo \"  arguments: '$*'\"\n"
                      "echo \"  files: '$(find . -type f | sort | tr '\\n' ' ')'\"\n"
                      "echo \"  mode: '$(stat -c %a .)'\"\n"
                      "echo \"  secret: '$HEDDLE_TEST_SECRET'\"\n");
    render_well(bench, "dev");
    const char *json = find(bench, "made")->json;
    assert_non_null(strstr(json, "\"arguments\":\"build -- dev\""));
    assert_non_null(strstr(json,
                           "\"files\":\"./base/kustomization.yaml ./base/web.yaml ./dev/a.txt "
                           "./dev/kustomization.yaml ./dev/p.yaml \""));
    assert_non_null(strstr(json, "\"mode\":\"700\""));
    assert_non_null(strstr(json, "\"secret\":\"\""));
    fake_end(&fake);
    unsetenv("HEDDLE_TEST_SECRET");
}

/* Forms of native fields of which only kustomize says what they do. */
static void what_heddle_does_not_know_of_a_field_is_left_to_the_program(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    static const char *const fields[] = {
        "patches:\n- target: {name: \"(web|api)+\"}\n  patch: \"[{op: add, path: /a, value: "
        "1}]\"\n",
        "patches:\n- target: {kind: Deployment}\n  patch: \"[{op: remove, path: "
        "/spec/nothing}]\"\n",
        "patches:\n- options: {allowNameChange: true}\n  patch: \"{apiVersion: apps/v1, kind: "
        "Deployment, metadata: {name: web}}\"\n",
        "patches:\n- target: {kind: Deployment}\n  patch: \"[{op: add, path: /a, value: 1}]\"\n",
        "configMapGenerator:\n- {name: c, literals: [no sign]}\n",
        "replacements:\n- source: {kind: Deployment}\n  targets: [{select: {}, fieldPaths: "
        "[\"spec.*.deeper\"]}]\n",
    };
    put_deployment(bench, "dev/web.yaml", "web");
    fake_begin(&fake,
               "#!/bin/sh\necho 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}'\n");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char text[512];
        snprintf(text, sizeof(text), "resources: [web.yaml]\n%s", fields[i]);
        put(bench, "dev/kustomization.yaml", text);
        render_well(bench, "dev");
        assert_int_equal(bench->result.count, 1);
        assert_non_null(find(bench, "made"));
    }
    fake_end(&fake);
}

static void put_chart(struct bench *bench)
{
    put(bench, "dev/kustomization.yaml",
        "namespace: n\nhelmCharts:\n- name: shop\n  releaseName: shop\n");
    put(bench, "dev/charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    put(bench, "dev/charts/shop/templates/a.yaml", "{{ .Values.a }}");
}

static void charts_of_the_repository_are_rendered_by_helm(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    char path[128];
    put_chart(bench);
    fake_begin(&fake, "#!/bin/sh\nPATH=/usr/bin:/bin\n"
                      "echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata:'\n"
                      "echo \"  arguments: '$1 $2 $3 ${4##*/} $5 $6'\"\n"
                      "echo \"  templates: '$(ls dev/charts/shop/templates | tr '\\n' ' ')'\"\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0,
                   "\"helmCharts\" needs the helm program, which is not installed here");
    snprintf(path, sizeof(path), "%s/helm", fake.folder);
    ASSERT_OK(file_replace(path, slice_of("#!/bin/sh\n"), 0755, &bench->err), bench->err);
    render_well(bench, "dev");
    assert_non_null(
        strstr(find(bench, "made")->json, "\"build --enable-helm --helm-command helm -- dev\""));
    assert_non_null(strstr(find(bench, "made")->json, "\"templates\":\"a.yaml \""));
    render_well(bench, "dev");
    assert_int_equal(bench->result.files_read, 0);
    put(bench, "dev/charts/shop/templates/b.yaml", "more"); /* nothing names it, and it counts */
    render_well(bench, "dev");
    assert_non_null(strstr(find(bench, "made")->json, "\"templates\":\"a.yaml b.yaml \""));
    fake_end(&fake);
}

static void charts_from_elsewhere_are_refused_with_where_to_put_them(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    put_chart(bench);
    fake_begin(&fake, "#!/bin/sh\nexit 1\n");
    put(bench, "dev/kustomization.yaml",
        "helmCharts:\n- name: shop\n  repo: https://charts.example.com\n  version: 2.0.0\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0,
                   "line 2: the chart shop is not in the repository, and heddle fetches none; put "
                   "it into dev/charts/shop-2.0.0/shop");
    put(bench, "dev/kustomization.yaml",
        "helmGlobals: {chartHome: ../../..}\nhelmCharts: [{name: shop}]\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "lies outside of the repository");
    fake_end(&fake);
}

static void a_program_that_fails_is_quoted_without_our_folders(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    put_patched(bench);
    fake_begin(&fake, "#!/bin/sh\necho \"Error: $PWD/dev/p.yaml: no such target\" >&2\nexit 1\n");
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0,
                   "kustomize: Error: dev/p.yaml: no such target");
    fake_end(&fake);
}

static void nothing_remote_and_no_link_reaches_the_program(void **state)
{
    struct bench *bench = *state;
    struct fake fake;
    static const char *const remote[] = {
        "configurations: [\"https://example.com/x\"]\n",
        "patches:\n- path: https://example.com/p.yaml\n",
        "crds: [\"git::https://example.com/p\"]\n",
        "generators: [\"github.com/a/b//c?ref=v1\"]\n",
    };
    fake_begin(&fake,
               "#!/bin/sh\necho 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}'\n");
    for (size_t i = 0; i < COUNT_OF(remote); i++) {
        put(bench, "dev/kustomization.yaml", remote[i]);
        render(bench, "dev");
        expect_problem(bench, "dev/kustomization.yaml", 0, "lies outside of the repository");
    }
    put_patched(bench);
    map_set(&bench->tree.links, "dev/link", bench);
    render(bench, "dev");
    expect_problem(bench, "dev/kustomization.yaml", 0, "links are not followed");
    fake_end(&fake);
}

int main(void)
{
#define RENDER_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        RENDER_TEST(a_plain_folder_gives_the_objects_of_its_files_in_order),
        RENDER_TEST(a_kustomization_below_a_plain_folder_is_built),
        RENDER_TEST(only_what_changed_is_read_again),
        RENDER_TEST(a_change_anywhere_below_an_overlay_is_seen),
        RENDER_TEST(what_was_missing_is_found_when_it_comes),
        RENDER_TEST(what_a_kustomization_names_is_read_again_when_it_changes),
        RENDER_TEST(names_are_followed_across_folders_that_are_only_gathered),
        RENDER_TEST(a_store_that_is_away_fails_and_is_not_remembered),
        RENDER_TEST(a_broken_file_is_named_and_the_others_count),
        RENDER_TEST(an_object_given_twice_names_both_places),
        RENDER_TEST(a_namespace_that_makes_two_objects_one_is_a_problem),
        RENDER_TEST(what_is_listed_as_a_component_must_be_one),
        RENDER_TEST(a_kustomization_that_gathers_itself_is_a_problem),
        RENDER_TEST(folders_that_double_at_every_level_end_soon),
        RENDER_TEST(bad_fields_name_their_line),
        RENDER_TEST(without_the_program_the_field_and_the_remedy_are_named),
        RENDER_TEST(the_program_sees_only_what_the_kustomization_names),
        RENDER_TEST(what_heddle_does_not_know_of_a_field_is_left_to_the_program),
        RENDER_TEST(charts_of_the_repository_are_rendered_by_helm),
        RENDER_TEST(charts_from_elsewhere_are_refused_with_where_to_put_them),
        RENDER_TEST(a_program_that_fails_is_quoted_without_our_folders),
        RENDER_TEST(nothing_remote_and_no_link_reaches_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
