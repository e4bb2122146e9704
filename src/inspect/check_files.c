/* check_files: files that are not YAML, and kustomizations that heddle alone cannot render. */
#include <string.h>

#include "inspect/checker.h"

static void check_unreadable(struct checker *checker)
{
    for (const struct manifest_problem *problem = checker->inspection->problems; problem;
         problem = problem->next) {
        bool is_pipeline = strcmp(problem->file, PIPELINE_FILE) == 0;
        bool is_twice = strstr(problem->text, "stands here twice") != NULL;
        if (!is_pipeline && checker_is_used_path(checker, problem->file)) {
            checker_add_text(checker, is_twice ? RULE_DUPLICATE_KEY : RULE_YAML_INVALID,
                             (struct spot){problem->file, problem->line, 0}, problem->text);
        }
    }
}

/* ---- kustomizations ---- */

/* The folder whose kustomization this file is, or NULL. */
static const char *kustomization_folder(struct checker *checker, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_strndup(checker->arena, path, (size_t)(slash - path)) : "";
    return kustomization_is_path(path) ? folder : NULL;
}

static unsigned column_of(const struct yaml_node *root, const char *field)
{
    size_t length = strcspn(field, ".");
    for (size_t i = 0; i + 1 < root->item_count; i += 2) {
        const char *key = text_of(root->items[i]);
        if (strncmp(key, field, length) == 0 && !key[length]) {
            return root->items[i]->column;
        }
    }
    return 1;
}

static void say_needed(struct checker *checker, const struct manifest_kustomization *kustomization)
{
    const char *field = kustomization->unsupported;
    struct spot spot = {kustomization->file, kustomization->unsupported_line,
                        column_of(kustomization->root, field)};
    if (strncmp(field, "helm", strlen("helm")) == 0) {
        checker_add(checker, RULE_KUSTOMIZE_NEEDED, spot,
                    "install both beside the server and each agent that applies this, or commit "
                    "the rendered manifests",
                    "\"%s\" needs the kustomize and helm programs", field);
    } else if (strcmp(field, "generators") == 0) {
        checker_add(checker, RULE_KUSTOMIZE_NEEDED, spot, "commit the rendered manifests",
                    "\"%s\" needs the kustomize program, and workloads that come by it are not "
                    "promoted",
                    field);
    } else {
        checker_add(checker, RULE_KUSTOMIZE_NEEDED, spot,
                    "install it beside each agent that applies this, or do without the field",
                    "\"%s\" needs the kustomize program; heddle itself does not render it", field);
    }
}

static void check_kustomization(struct checker *checker, const struct inspect_file *file)
{
    const char *folder = kustomization_folder(checker, file->path);
    struct manifest_kustomization *kustomization = NULL;
    struct err err = {0};
    if (!folder || !checker_is_used(checker, file)) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    if (!manifest_kustomization(checker->tree, folder, arena, &kustomization, &err)) {
        struct spot spot = {file->path, 1, 1};
        const char *text = err.text;
        size_t length = strlen(file->path);
        text += strncmp(text, file->path, length) == 0 ? length : 0;
        checker_add_text(checker, RULE_KUSTOMIZATION_INVALID, spot, text + strspn(text, ": "));
    } else if (kustomization && kustomization->unsupported) {
        kustomization->file = file->path;
        kustomization->unsupported = arena_strdup(checker->arena, kustomization->unsupported);
        say_needed(checker, kustomization);
    }
}

void check_files(struct checker *checker)
{
    AUTO(map_done) struct map unreadable = {0};
    check_unreadable(checker);
    for (const struct manifest_problem *problem = checker->inspection->problems; problem;
         problem = problem->next) {
        map_set(&unreadable, problem->file, NULL);
    }
    for (size_t i = 0; i < checker->inspection->file_count; i++) {
        const struct inspect_file *file = &checker->inspection->files[i];
        if (!map_has(&unreadable, file->path)) {
            check_kustomization(checker, file);
        }
    }
}
