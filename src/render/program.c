/* What the native renderer does not do is done by the kustomize program: on a private copy of what
   it may read, in a child with limits, without network, and without other programs than helm. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/proc.h"
#include "render/internal.h"

/* A kustomization of 1,000 folders has 5,000 files and takes the program half a minute. */
#define FILES_MAX 10000
#define BYTES_MAX (64U << 20)
#define PATH_BYTES_MAX 4096
#define WALL_MS 60000
#define CPU_S 60
#define OUTPUT_BYTES_MAX (16U << 20)
#define ERROR_TEXT_MAX 400

/* ---- the private copy ---- */

struct copier {
    const struct manifest_tree *tree;
    struct arena *arena;
    const char *root;                            /* the private folder */
    struct map copied;                           /* files and folders */
    struct map walked;                           /* kustomizations */
    const struct manifest_kustomization *charts; /* the first one that has some, or NULL */
    size_t files;
    size_t bytes;
};

static void copier_done(struct copier *copier)
{
    map_done(&copier->copied);
    map_done(&copier->walked);
}

static bool write_new(const char *path, struct slice bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file) {
        return err_set(err, ERR_UNAVAILABLE, "create %s: %s", path, strerror(errno));
    }
    bool written = fwrite(bytes.bytes, 1, bytes.length, file) == bytes.length;
    bool closed = fclose(file) == 0;
    return (written && closed) ||
           err_set(err, ERR_UNAVAILABLE, "write %s: %s", path, strerror(errno));
}

static bool copy_file(struct copier *copier, const char *path, struct err *err)
{
    struct slice text = {0};
    if (map_has(&copier->copied, path)) {
        return true;
    }
    map_set(&copier->copied, path, copier);
    if (!copier->tree->read(copier->tree->context, path, copier->arena, &text, err)) {
        return err_wrap(err, "%s", path);
    }
    copier->files++;
    copier->bytes += text.length;
    if (copier->files > FILES_MAX || copier->bytes > BYTES_MAX) {
        return err_set(err, ERR_INVALID,
                       "its folders hold more than %d files or %u MiB, which is too much to copy "
                       "for the kustomize program; move it into a folder of its own",
                       FILES_MAX, BYTES_MAX >> 20);
    }
    const char *target = arena_printf(copier->arena, "%s/%s", copier->root, path);
    const char *slash = strrchr(target, '/');
    const char *folder = arena_strndup(copier->arena, target, (size_t)(slash - target));
    return file_make_folder(folder, err) && write_new(target, text, err);
}

static bool copy_folder(struct copier *copier, const char *folder, int depth, struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    if (map_has(&copier->copied, folder)) {
        return true;
    }
    map_set(&copier->copied, folder, copier);
    if (depth > RENDER_DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s is nested too deeply", folder);
    }
    if (!copier->tree->list(copier->tree->context, folder, copier->arena, &entries, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = manifest_path(copier->arena, folder, entries[i].name);
        if (!path) {
            return err_set(err, ERR_REFUSED, "%s holds a name that is no file's", folder);
        }
        if (!(entries[i].is_folder ? copy_folder(copier, path, depth + 1, err)
                                   : copy_file(copier, path, err))) {
            return false;
        }
    }
    return true;
}

/* Fields whose texts may be paths; anything else cannot make the program read a file. */
static const char *const path_fields[] = {
    "bases",     "components",      "configMapGenerator",    "configurations",
    "crds",      "generators",      "helmGlobals",           "openapi",
    "patches",   "patchesJson6902", "patchesStrategicMerge", "replacements",
    "resources", "secretGenerator", "transformers",          "validators",
};

static bool copy_kustomization(struct copier *copier, const char *folder, int depth,
                               struct err *err);

/* A text that names something in the tree outside of the folder is copied, too. */
static bool copy_named(struct copier *copier, const char *folder, const struct yaml_node *node,
                       int depth, struct err *err)
{
    if (manifest_is_remote(node->text) && !strchr(node->text, '\n')) {
        return err_set(
            err, ERR_REFUSED,
            "line %u: %.120s lies outside of the repository; copy it into the repository",
            node->line, node->text);
    }
    const char *path = node->text_length < PATH_BYTES_MAX
                           ? manifest_path(copier->arena, folder, node->text)
                           : NULL;
    if (!path || !copier->tree->oid(copier->tree->context, path, copier->arena)[0]) {
        return true;
    }
    return is_folder(copier->tree, path, copier->arena)
               ? copy_kustomization(copier, path, depth + 1, err)
               : copy_file(copier, path, err);
}

static bool copy_mentioned(struct copier *copier, const char *folder, const struct yaml_node *node,
                           int depth, struct err *err)
{
    if (node->kind == YAML_SCALAR) {
        return node->text_length == 0 || copy_named(copier, folder, node, depth, err);
    }
    for (size_t i = 0; i < node->item_count; i++) {
        bool is_key = node->kind == YAML_MAPPING && i % 2 == 0;
        if (!is_key && !copy_mentioned(copier, folder, node->items[i], depth, err)) {
            return false;
        }
    }
    return true;
}

/* Charts may stand outside of the folder. */
static bool copy_charts(struct copier *copier, const struct manifest_kustomization *kustomization,
                        struct err *err)
{
    struct chart_list charts = {0};
    bool done = list_charts(copier->tree, kustomization, copier->arena, &charts, err);
    for (size_t i = 0; done && i < charts.count; i++) {
        copier->charts = copier->charts ? copier->charts : kustomization;
        done = copy_folder(copier, charts.items[i], 0, err);
    }
    VEC_DONE(&charts);
    return done;
}

static bool copy_kustomization(struct copier *copier, const char *folder, int depth,
                               struct err *err)
{
    struct manifest_kustomization *kustomization = NULL;
    if (map_has(&copier->walked, folder)) {
        return true;
    }
    map_set(&copier->walked, folder, copier);
    if (depth > RENDER_DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s: it is nested too deeply", folder);
    }
    if (!copy_folder(copier, folder, 0, err) ||
        !manifest_kustomization(copier->tree, folder, copier->arena, &kustomization, err)) {
        return false;
    }
    for (size_t i = 0; kustomization && i < COUNT_OF(path_fields); i++) {
        const struct yaml_node *value = yaml_get(kustomization->root, path_fields[i]);
        if (value && !copy_mentioned(copier, folder, value, depth, err)) {
            return err_wrap(err, "%s", kustomization->file);
        }
    }
    return !kustomization || copy_charts(copier, kustomization, err) ||
           err_wrap(err, "%s", kustomization->file);
}

/* ---- running it ---- */

/* The absolute path, because the child gets a PATH without programs. */
static bool find_program(const char *name, struct str *out)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : ""; *at;) {
        size_t length = strcspn(at, ":");
        str_clear(out);
        str_add_bytes(out, at, length);
        str_addf(out, "/%s", name);
        if (at[0] == '/' && !out->failed && access(out->text, X_OK) == 0) {
            return true;
        }
        at += length;
        at += *at == ':';
    }
    return false;
}

static bool check_exit(const struct proc_result *result, const char *root, struct err *err)
{
    if (result->exit_code == 0) {
        return true;
    }
    /* Its texts name the private copy; people know the files by their own names. */
    AUTO_STR(text, ERROR_TEXT_MAX);
    AUTO_STR(prefix, PATH_BYTES_MAX);
    str_addf(&prefix, "%s/", root);
    const char *at = result->errors.text;
    while (*at && *at != '\n' && !text.failed) {
        if (strncmp(at, prefix.text, prefix.length) == 0) {
            at += prefix.length;
        } else {
            str_add_char(&text, *at++);
        }
    }
    return err_set(err, ERR_INVALID, "kustomize: %s", text.text);
}

/* The kernel may not let us make a network of its own for the child. */
static bool was_not_isolated(const struct proc_result *result)
{
    static const char says[] = "unshare: ";
    return result->exit_code != 0 && result->errors.text &&
           strncmp(result->errors.text, says, strlen(says)) == 0;
}

/* In a network namespace without any network; where that cannot be had, with nothing but an
   environment that leads nowhere. */
static bool run_isolated(const struct proc_call *plain, struct proc_result *result, struct err *err)
{
    const char *argv[16] = {NULL, "--map-root-user", "--net", "--"};
    AUTO_STR(unshare, PATH_BYTES_MAX);
    size_t count = 4;
    for (size_t i = 0; plain->argv[i] && count + 1 < COUNT_OF(argv); i++) {
        argv[count++] = plain->argv[i];
    }
    if (find_program("unshare", &unshare)) {
        struct proc_call isolated = *plain;
        argv[0] = unshare.text;
        isolated.argv = argv;
        if (!proc_run(&isolated, result, err)) {
            return false;
        }
        if (!was_not_isolated(result)) {
            return true;
        }
        proc_result_done(result);
        *result = (struct proc_result){0};
    }
    return proc_run(plain, result, err);
}

static bool find_programs(const struct copier *copier, const struct manifest_kustomization *where,
                          struct str *kustomize, struct str *helm, struct err *err)
{
    if (!find_program("kustomize", kustomize)) {
        return err_set(err, ERR_UNAVAILABLE,
                       "line %u of %s: \"%s\" needs the kustomize program, which is not "
                       "installed here; install it, or write this in a way that heddle renders "
                       "itself (the guide lists them)",
                       where->unsupported_line, where->file, where->unsupported);
    }
    return !copier->charts || find_program("helm", helm) ||
           err_set(err, ERR_UNAVAILABLE,
                   "%s: \"helmCharts\" needs the helm program, which is not installed here; "
                   "install it beside kustomize, or commit the rendered manifests",
                   copier->charts->file);
}

static bool run_program(const struct copier *copier, const struct manifest_kustomization *top,
                        const struct manifest_kustomization *where, struct proc_result *result,
                        struct err *err)
{
    AUTO_STR(kustomize, PATH_BYTES_MAX);
    AUTO_STR(helm, PATH_BYTES_MAX);
    AUTO_STR(home, PATH_BYTES_MAX);
    AUTO_STR(temporary, PATH_BYTES_MAX);
    const char *root = copier->root;
    if (!find_programs(copier, where, &kustomize, &helm, err)) {
        return false;
    }
    str_addf(&home, "HOME=%s", root);
    str_addf(&temporary, "TMPDIR=%s", root); /* what helm leaves behind goes with the copy */
    const char *folder = top->folder[0] ? top->folder : ".";
    const char *const with_charts[] = {kustomize.text, "build", "--enable-helm", "--helm-command",
                                       helm.text,      "--",    folder,          NULL};
    const char *const without[] = {kustomize.text, "build", "--", folder, NULL};
    /* Remote resources were refused by name; what slipped through finds no git and no way out. */
    const char *const env[] = {"PATH=/nonexistent",
                               home.text,
                               temporary.text,
                               "LC_ALL=C",
                               "HTTP_PROXY=http://127.0.0.1:1",
                               "HTTPS_PROXY=http://127.0.0.1:1",
                               NULL};
    const struct proc_call call = {
        .argv = copier->charts ? with_charts : without,
        .env = env,
        .folder = root,
        .limits = {.wall_ms = WALL_MS, .cpu_s = CPU_S, .output_bytes_max = OUTPUT_BYTES_MAX},
    };
    return run_isolated(&call, result, err) && check_exit(result, root, err);
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
        json_t *json = document->root ? yaml_to_json(document->root, err) : NULL;
        if (json) {
            draft_add(out, json, file, 0);
        } else if (document->root) {
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
        return err_set(err, ERR_UNAVAILABLE, "make a temporary folder %s: %s", root,
                       strerror(errno));
    }
    AUTO(copier_done) struct copier copier = {.tree = tree, .arena = arena, .root = root};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool done = copy_kustomization(&copier, top->folder, 0, err) &&
                run_program(&copier, top, where, &result, err) &&
                read_output(&result, top->file, arena, out, err);
    /* A folder that cannot be removed is only litter, and no reason to fail. */
    struct err ignored = {0};
    bool removed = file_remove_tree(root, &ignored);
    (void)removed;
    return done;
}
