/* What the native renderer does not do is done by the `kustomize` program, in a child with limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "proc/proc.h"
#include "render/internal.h"

#define FILES_MAX 10000
#define BYTES_MAX (64U << 20)
#define DEPTH_MAX 32
#define WALL_MS 60000
#define CPU_S 60
#define OUTPUT_BYTES_MAX (16U << 20)

/* Copying what the program may read out of the tree. */
struct copier {
    const struct manifest_tree *tree;
    struct arena *arena;
    const char *root; /* the private folder */
    struct map done;  /* folders that were copied */
    size_t files;
    size_t bytes;
};

static bool write_file(struct copier *copier, const char *path, struct err *err)
{
    struct slice text;
    if (!copier->tree->read(copier->tree->context, path, copier->arena, &text, err)) {
        return err_wrap(err, "%s", path);
    }
    copier->files++;
    copier->bytes += text.length;
    if (copier->files > FILES_MAX || copier->bytes > BYTES_MAX) {
        return err_set(err, ERR_INVALID, "%s: the kustomization reads more than %d files or %u MiB", path,
                       FILES_MAX, BYTES_MAX >> 20);
    }
    const char *target = arena_printf(copier->arena, "%s/%s", copier->root, path);
    char *folder = arena_strdup(copier->arena, target);
    *strrchr(folder, '/') = '\0';
    return file_make_folder(folder, err) && file_replace(target, text, 0600, err);
}

static bool copy_folder(struct copier *copier, const char *folder, int depth, struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    if (depth > DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s is nested too deeply", folder);
    }
    if (map_has(&copier->done, folder)) {
        return true;
    }
    map_set(&copier->done, folder, NULL);
    if (!copier->tree->list(copier->tree->context, folder, copier->arena, &entries, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = manifest_path(copier->arena, folder, entries[i].name);
        if (!path || !(entries[i].is_folder ? copy_folder(copier, path, depth + 1, err)
                                            : write_file(copier, path, err))) {
            return path ? false : err_set(err, ERR_INVALID, "%s holds a name that is no file's", folder);
        }
    }
    return true;
}

static bool copy_all(struct copier *copier, const struct manifest_kustomization *kustomization,
                     int depth, struct err *err);

static bool copy_child(struct copier *copier, const char *path, int depth, struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0};
    if (!copier->tree->list(copier->tree->context, path, copier->arena, &entries, &count, &ignored)) {
        return write_file(copier, path, err);
    }
    struct manifest_kustomization *child = NULL;
    if (!manifest_kustomization(copier->tree, path, copier->arena, &child, err)) {
        return false;
    }
    return child ? copy_all(copier, child, depth + 1, err)
                 : err_set(err, ERR_INVALID, "%s has no kustomization.yaml", path);
}

static bool copy_all(struct copier *copier, const struct manifest_kustomization *kustomization,
                     int depth, struct err *err)
{
    if (depth > DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s is nested too deeply, or gathers itself",
                       kustomization->file);
    }
    if (!copy_folder(copier, kustomization->folder, 0, err)) {
        return false;
    }
    for (size_t i = 0; i < kustomization->resource_count; i++) {
        if (!copy_child(copier, kustomization->resources[i], depth, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < kustomization->component_count; i++) {
        if (!copy_child(copier, kustomization->components[i], depth, err)) {
            return false;
        }
    }
    return true;
}

/* ---- running it ---- */

static bool run_program(const char *root, const struct manifest_kustomization *top,
                        const struct manifest_kustomization *where, struct proc_result *result,
                        struct err *err)
{
    AUTO_STR(path, 8192);
    str_addf(&path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin");
    AUTO_STR(home, 4096);
    str_addf(&home, "HOME=%s", root);
    const char *const argv[] = {"kustomize", "build", "--", top->folder[0] ? top->folder : ".", NULL};
    const char *const env[] = {path.text, home.text, "LC_ALL=C", NULL};
    struct proc_call call = {
        .argv = argv,
        .env = env,
        .folder = root,
        .limits = {.wall_ms = WALL_MS, .cpu_s = CPU_S, .output_bytes_max = OUTPUT_BYTES_MAX},
    };
    if (!proc_run(&call, result, err)) {
        return err->kind == ERR_NOT_FOUND
                   ? err_set(err, ERR_NOT_FOUND,
                             "%s:%u: \"%s\" needs the kustomize program, which is not installed here; "
                             "install it, or write it with resources, components, namespace, labels, "
                             "images and replicas",
                             where->file, where->unsupported_line, where->unsupported)
                   : err_wrap(err, "run kustomize");
    }
    if (result->exit_code != 0) {
        size_t length = strcspn(result->errors.text, "\n");
        return err_set(err, ERR_INVALID, "kustomize: %.*s", (int)(length < 400 ? length : 400),
                       result->errors.text);
    }
    return true;
}

static bool read_output(const struct proc_result *result, const char *file, struct arena *arena,
                        struct draft_list *out, struct err *err)
{
    struct slice text = {arena_strndup(arena, result->output.text, result->output.length),
                         result->output.length};
    struct yaml_document *document = NULL;
    if (!yaml_parse(arena, text, &document, err)) {
        return err_wrap(err, "kustomize's output");
    }
    for (; document; document = document->next) {
        if (document->root && !draft_of_node(document->root, file, out, err)) {
            return err_wrap(err, "kustomize's output");
        }
    }
    return true;
}

bool build_by_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      const struct manifest_kustomization *where, struct arena *arena,
                      struct draft_list *out, struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    char *root = arena_printf(arena, "%s/heddle-render-XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(root)) {
        return err_set(err, ERR_UNAVAILABLE, "cannot make a temporary folder %s", root);
    }
    struct copier copier = {.tree = tree, .arena = arena, .root = root};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool done = copy_all(&copier, top, 0, err) && run_program(root, top, where, &result, err) &&
                read_output(&result, top->file, arena, out, err);
    map_done(&copier.done);
    /* A folder that cannot be removed is only litter. */
    struct err ignored = {0};
    bool removed = file_remove_tree(root, &ignored);
    (void)removed;
    return done;
}
