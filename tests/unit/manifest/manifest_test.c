#include "../testing.h"

#include <stdio.h>

#include "manifest/manifest.h"

/* ---- a tree of a few files ---- */

struct file {
    const char *path, *text; /* a NULL text is a link */
};

static const struct file *file_at(const struct file *files, const char *path)
{
    for (; files->path; files++) {
        if (strcmp(files->path, path) == 0) {
            return files;
        }
    }
    return NULL;
}

static bool read_file(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    const struct file *file = file_at(context, path);
    if (!file || !file->text) {
        return err_set(err, file ? ERR_REFUSED : ERR_NOT_FOUND, "%s is %s", path,
                       file ? "a link" : "missing");
    }
    *out = slice_of(arena_strdup(arena, file->text));
    return true;
}

/* Entries in the order of the table; a folder may come twice, as its first file does. */
static bool list_files(void *context, const char *folder, struct arena *arena,
                       struct manifest_entry **out, size_t *out_count, struct err *err)
{
    size_t length = strlen(folder);
    *out = arena_alloc(arena, 32, sizeof(**out));
    *out_count = 0;
    for (const struct file *file = context; file->path; file++) {
        const char *below = file->path + length + (length > 0);
        if (strncmp(file->path, folder, length) != 0 || (length && file->path[length] != '/')) {
            continue;
        }
        size_t name_length = strcspn(below, "/");
        const char *name = arena_strndup(arena, below, name_length);
        if (*out_count == 0 || strcmp((*out)[*out_count - 1].name, name) != 0) {
            (*out)[(*out_count)++] =
                (struct manifest_entry){.name = name, .is_folder = below[name_length] == '/'};
        }
    }
    return *out_count > 0 || err_set(err, ERR_NOT_FOUND, "%s is no folder", folder);
}

static const char *no_oid(void *context, const char *path, struct arena *arena)
{
    (void)context;
    (void)path;
    (void)arena;
    return "";
}

static struct manifest_tree tree_of(struct file *files)
{
    return (struct manifest_tree){read_file, list_files, no_oid, files};
}

/* ---- paths ---- */

static void paths_are_joined_and_never_leave_the_root(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *relative, *wanted;
    } cases[] = {
        {"clusters/dev", "../../base", "base"},
        {"clusters/dev", "web.yaml", "clusters/dev/web.yaml"},
        {"clusters/dev", "./a//b/", "clusters/dev/a/b"},
        {"", "base", "base"},
        {"a", "..", ""},
        {"a", "../..", NULL},
        {"", "..", NULL},
        {"a", "../b/../../c", NULL},
        {"a", "/etc/passwd", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        const char *got = manifest_path(arena, cases[i].folder, cases[i].relative);
        if (!cases[i].wanted) {
            assert_null(got);
        } else {
            assert_string_equal(got, cases[i].wanted);
        }
    }
}

/* ---- files ---- */

static void a_file_gives_its_objects_and_lists_are_taken_apart(void **state)
{
    (void)state;
    struct file files[] = {
        {"a.yaml", "# c\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\n---\n"
                   "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n"
                   "  metadata: {name: s}\n"},
        {NULL, NULL},
    };
    AUTO(arena_free) struct arena *arena = arena_new();
    struct manifest_tree tree = tree_of(files);
    struct manifest_object *object = NULL;
    struct manifest_problem *problems = NULL;
    manifest_file(&tree, "a.yaml", arena, &object, &problems);
    assert_null(problems);
    assert_string_equal(object->kind, "Pod");
    assert_string_equal(object->name, "p");
    assert_string_equal(object->namespace, "n");
    assert_string_equal(object->file, "a.yaml");
    assert_int_equal(object->line, 2);
    assert_int_equal(object->text.length, strlen(files[0].text));
    object = object->next;
    assert_string_equal(object->kind, "Secret");
    assert_string_equal(object->namespace, "");
    assert_int_equal(object->line, 9);
    assert_null(object->next);
}

static void what_is_no_manifest_is_a_problem_and_the_rest_counts(void **state)
{
    (void)state;
    struct file files[] = {
        {"a.yaml",
         "- 1\n---\nfoo: bar\n---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: x}\n---\n"
         "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\n{a: b}: c\n"},
        {"b.yaml", "a: [\n"},
        {"link.yaml", NULL},
        {NULL, NULL},
    };
    static const struct {
        const char *file;
        unsigned line;
        const char *part;
    } wanted[] = {
        {"a.yaml", 1, "must be a mapping"},
        {"a.yaml", 3, "no apiVersion and kind"},
        {"a.yaml", 5, "no metadata.name"},
        {"a.yaml", 13, "no apiVersion and kind"},
        {"b.yaml", 2, "a bracket above is not closed"},
        {"link.yaml", 0, "a link"},
        {"gone.yaml", 0, "missing"},
    };
    AUTO(arena_free) struct arena *arena = arena_new();
    struct manifest_tree tree = tree_of(files);
    struct manifest_object *object = NULL;
    struct manifest_problem *problem = NULL;
    static const char *const names[] = {"a.yaml", "b.yaml", "link.yaml", "gone.yaml"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        manifest_file(&tree, names[i], arena, &object, &problem);
    }
    assert_string_equal(object->name, "p");
    assert_null(object->next);
    for (size_t i = 0; i < COUNT_OF(wanted); i++, problem = problem->next) {
        assert_non_null(problem);
        assert_string_equal(problem->file, wanted[i].file);
        assert_int_equal(problem->line, wanted[i].line);
        if (!strstr(problem->text, wanted[i].part)) {
            fail_msg("%s", problem->text);
        }
    }
    assert_null(problem);
}

static void a_file_of_nonsense_has_only_so_many_problems(void **state)
{
    (void)state;
    AUTO_STR(text, 100000);
    for (int i = 0; i < 5000; i++) {
        str_add(&text, "a\n---\n");
    }
    struct file files[] = {{"a.yaml", text.text}, {NULL, NULL}};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct manifest_tree tree = tree_of(files);
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    size_t count = 0;
    manifest_file(&tree, "a.yaml", arena, &objects, &problems);
    for (; problems; problems = problems->next) {
        count++;
    }
    assert_int_equal(count, MANIFEST_PROBLEMS_MAX);
}

/* ---- folders ---- */

static void remember_folder(void *context, const char *folder)
{
    struct str *seen = context;
    str_addf(seen, "%s;", folder);
}

static void a_folder_gives_its_manifests_and_names_kustomizations_below(void **state)
{
    (void)state;
    struct file files[] = {
        {"dev/.git/a.yaml", "a: ["},
        {"dev/README.md", "a: ["},
        {"dev/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"},
        {"dev/k/kustomization.yml", "resources: [x.yaml]\n"},
        {"dev/k/x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"},
        {"dev/sub/b.json",
         "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"b\"}}"},
        {"dev/sub/c.yml", "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\n"},
        {NULL, NULL},
    };
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(seen, 1000);
    struct manifest_tree tree = tree_of(files);
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    manifest_folder(&tree, "dev", arena, &objects, &problems, remember_folder, &seen);
    assert_null(problems);
    assert_string_equal(seen.text, "dev/k;");
    AUTO_STR(names, 100);
    for (; objects; objects = objects->next) {
        str_add(&names, objects->name);
    }
    assert_string_equal(names.text, "abc");
}

static void a_repositorys_root_gives_its_manifests_and_nothing_of_what_else_lies_there(void **state)
{
    (void)state;
    static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n";
    char loose[128];
    char below[128];
    snprintf(loose, sizeof(loose), pod, "loose");
    snprintf(below, sizeof(below), pod, "below");
    struct file files[] = {
        {".github/workflows/ci.yaml", "on: push\n"},
        {".sops.yaml", "creation_rules: []\n"},
        {"README.md", "# shop\n"},
        {"charts/cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n"},
        {"charts/cart/templates/cart.yaml", "apiVersion: v1\nkind: Pod\nname: {{ .Name }}\n"},
        {"charts/cart/values.yaml", "tag: 1.0.0\n"},
        {"heddle.yaml", "apiVersion: heddle.dev/v1\nkind: ["},
        {"loose.yaml", loose},
        {"mkdocs.yml", "site_name: shop\nnav: [a.md]\n"},
        {"ops/below.yaml", below},
        {"ops/pipeline.yaml", "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: x}\n"},
        {"package.json", "{\"name\": \"shop\"}"},
        {"playbook.yaml", "- hosts: all\n"},
        {NULL, NULL},
    };
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(seen, 1000);
    struct manifest_tree tree = tree_of(files);
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    manifest_folder(&tree, "", arena, &objects, &problems, remember_folder, &seen);
    assert_null(problems);
    assert_string_equal(objects->name, "loose");
    assert_string_equal(objects->next->name, "below");
    assert_null(objects->next->next);
}

static void what_looks_like_a_manifest_is_never_passed_over(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "kind: Pod\nmetadata: {name: a}\n",
        "apiVersion: v1\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {}\n",
        "apiVersion: v1\nkind: [\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a: 1\n---\napiVersion: v1\nkind: Pod\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct file files[] = {{"a.yaml", texts[i]}, {NULL, NULL}};
        AUTO(arena_free) struct arena *arena = arena_new();
        struct manifest_tree tree = tree_of(files);
        struct manifest_object *objects = NULL;
        struct manifest_problem *problems = NULL;
        manifest_loose_file(&tree, "a.yaml", arena, &objects, &problems);
        if (!problems) {
            fail_msg("nobody hears of: %s", texts[i]);
        }
    }
}

/* ---- kustomizations ---- */

static struct manifest_kustomization *load(struct arena *arena, const char *text, struct err *err)
{
    struct file files[] = {{"clusters/dev/kustomization.yaml", text}, {NULL, NULL}};
    struct manifest_tree tree = tree_of(files);
    struct manifest_kustomization *kustomization = NULL;
    if (!manifest_kustomization(&tree, "clusters/dev", arena, &kustomization, err)) {
        return NULL;
    }
    assert_non_null(kustomization);
    return kustomization;
}

static void a_kustomization_is_read_as_structure(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    const struct manifest_kustomization *kustomization =
        load(arena,
             "kind: Component\nresources: [../../base, web.yaml]\ncomponents: [../c]\nimages:\n"
             "- {name: a, newTag: v1}\n- name: b\n  newName: c\n  digest: sha256:0\n",
             &err);
    assert_string_equal(kustomization->file, "clusters/dev/kustomization.yaml");
    assert_string_equal(kustomization->folder, "clusters/dev");
    assert_true(kustomization->is_component);
    assert_int_equal(kustomization->resource_count, 2);
    assert_string_equal(kustomization->resources[0], "base");
    assert_string_equal(kustomization->resources[1], "clusters/dev/web.yaml");
    assert_string_equal(kustomization->components[0], "clusters/c");
    const struct manifest_image *image = kustomization->images;
    assert_string_equal(image->new_tag->text, "v1");
    assert_null(image->new_name);
    assert_string_equal(image->next->digest->text, "sha256:0");
    assert_string_equal(image->next->new_name->text, "c");
    assert_null(image->next->next);
    assert_null(kustomization->unsupported);
}

static void the_first_field_that_needs_the_program_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
        unsigned line;
    } cases[] = {
        {"resources: []\ncrds: [a]\nvars: [{name: a}]\n", "crds", 2},
        {"configurations: [a]\n", "configurations", 1},
        {"labels:\n- pairs: {a: b}\n  fields: [{path: x}]\n", "labels.fields", 3},
        {"images:\n- name: \"(.*)/web\"\n", "images.(.*)/web", 2},
        {"images: [{name: a, tagSuffix: b}]\n", "images.tagSuffix", 1},
        {"<<: {crds: [a]}\n", "<<", 1},
        {"{a: b}: c\n", "?", 1},
        {"patches: []\nnamePrefix: \"\"\ncommonLabels: {}\ncrds:\n", NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct err err = {0};
        const struct manifest_kustomization *kustomization = load(arena, cases[i].text, &err);
        if (!kustomization) {
            fail_msg("%s: %s", cases[i].text, err.text);
        }
        assert_int_equal(kustomization->unsupported_line, cases[i].line);
        if (cases[i].field) {
            assert_string_equal(kustomization->unsupported, cases[i].field);
        } else {
            assert_null(kustomization->unsupported);
        }
    }
}

static void a_folder_without_one_has_none(void **state)
{
    (void)state;
    struct file files[] = {{"dev/a.yaml", "a: b\n"}, {NULL, NULL}};
    struct manifest_tree tree = tree_of(files);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct manifest_kustomization *kustomization = NULL;
    struct err err = {0};
    ASSERT_OK(manifest_kustomization(&tree, "dev", arena, &kustomization, &err), err);
    assert_null(kustomization);
    ASSERT_FAILS(manifest_kustomization(&tree, "gone", arena, &kustomization, &err), err,
                 ERR_NOT_FOUND, "gone");
}

static void remote_resources_are_known_by_their_form(void **state)
{
    (void)state;
    static const char *const remote[] = {"https://example.com/a.yaml", "ssh://git@example.com/a",
                                         "git@example.com:a/b.git",    "git::https://example.com/a",
                                         "github.com/a/b?ref=v1",      "example.com/a/b?ref=v1",
                                         "github.com/a/b//c"};
    static const char *const local[] = {"../base", "web.yaml", "github.com.yaml", "a/git/b", "a?b"};
    for (size_t i = 0; i < COUNT_OF(remote); i++) {
        assert_true(manifest_is_remote(remote[i]));
    }
    for (size_t i = 0; i < COUNT_OF(local); i++) {
        assert_false(manifest_is_remote(local[i]));
    }
}

/* ---- pods ---- */

static void pod_templates_are_found_by_kind_and_group(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_there;
    } cases[] = {
        {"{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {x: y}}}}", true},
        {"{apiVersion: apps/v1, kind: StatefulSet, spec: {template: {spec: {x: y}}}}", true},
        {"{apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: {x: y}}}}", true},
        {"{apiVersion: apps/v1, kind: ReplicaSet, spec: {template: {spec: {x: y}}}}", true},
        {"{apiVersion: batch/v1, kind: Job, spec: {template: {spec: {x: y}}}}", true},
        {"{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {x: "
         "y}}}}}}",
         true},
        {"{apiVersion: v1, kind: Pod, spec: {x: y}}", true},
        {"{apiVersion: v1, kind: Service, spec: {x: y}}", false},
        {"{apiVersion: example.dev/v1, kind: Deployment, spec: {template: {spec: {x: y}}}}", false},
        {"{apiVersion: apps/v1, kind: Deployment, spec: 1}", false},
        {"{apiVersion: v1alpha1, kind: Pod, spec: {x: y}}", false},
        {"[a]", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct yaml_document *document = NULL;
        struct err err = {0};
        ASSERT_OK(yaml_parse(arena, slice_of(cases[i].text), &document, &err), err);
        const struct yaml_node *spec = manifest_pod_spec(document->root);
        if (cases[i].is_there != (spec && yaml_get(spec, "x"))) {
            fail_msg("%s", cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_joined_and_never_leave_the_root),
        cmocka_unit_test(a_file_gives_its_objects_and_lists_are_taken_apart),
        cmocka_unit_test(what_is_no_manifest_is_a_problem_and_the_rest_counts),
        cmocka_unit_test(a_file_of_nonsense_has_only_so_many_problems),
        cmocka_unit_test(a_folder_gives_its_manifests_and_names_kustomizations_below),
        cmocka_unit_test(
            a_repositorys_root_gives_its_manifests_and_nothing_of_what_else_lies_there),
        cmocka_unit_test(what_looks_like_a_manifest_is_never_passed_over),
        cmocka_unit_test(a_kustomization_is_read_as_structure),
        cmocka_unit_test(the_first_field_that_needs_the_program_is_named),
        cmocka_unit_test(a_folder_without_one_has_none),
        cmocka_unit_test(remote_resources_are_known_by_their_form),
        cmocka_unit_test(pod_templates_are_found_by_kind_and_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
