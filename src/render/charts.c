/* helmCharts: the kustomize program renders them with the helm program, from charts that lie in the
   repository.  Nothing is fetched: what is missing is named, with where to put it. */
#include <string.h>

#include "render/internal.h"

/* Where a field's entries have their charts. */
static const struct {
    const char *field, *name;
} chart_fields[] = {{"helmCharts", "name"}, {"helmChartInflationGenerator", "chartName"}};

static bool check_chart(const struct manifest_tree *tree,
                        const struct manifest_kustomization *kustomization,
                        const struct yaml_node *entry, const char *name, struct arena *arena,
                        const char **out, struct err *err)
{
    if (!name || !name[0] || strchr(name, '/')) {
        return err_set(err, ERR_INVALID, "line %u: a chart needs a name", entry->line);
    }
    *out = manifest_chart(kustomization, entry, name, arena);
    if (!*out) {
        return err_set(err, ERR_REFUSED, "line %u: the chart %.80s lies outside of the repository",
                       entry->line, name);
    }
    /* Asked for as a whole, so that whatever changes in it is seen: templates come and go. */
    (void)tree->oid(tree->context, *out, arena);
    const char *file = manifest_path(arena, *out, "Chart.yaml");
    return (file && tree->oid(tree->context, file, arena)[0]) ||
           err_set(err, ERR_REFUSED,
                   "line %u: the chart %.80s is not in the repository, and heddle fetches none; "
                   "put it into %.200s, with its dependencies in charts/ (helm pull --untar)",
                   entry->line, name, *out);
}

bool list_charts(const struct manifest_tree *tree,
                 const struct manifest_kustomization *kustomization, struct arena *arena,
                 struct chart_list *out, struct err *err)
{
    for (size_t f = 0; f < COUNT_OF(chart_fields); f++) {
        const struct yaml_node *list = yaml_get(kustomization->root, chart_fields[f].field);
        for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
            const struct yaml_node *entry = list->items[i];
            const char *path = NULL;
            if (!check_chart(tree, kustomization, entry, yaml_text(entry, chart_fields[f].name),
                             arena, &path, err)) {
                return false;
            }
            *VEC_ADD(out) = path;
        }
    }
    return true;
}

/* ---- charts alone ---- */

/* A tree in which one kustomization has nothing but its charts. */
struct charts_only {
    const struct manifest_tree *tree;
    const char *file;
    struct slice text;
};

static bool read_only_charts(void *context, const char *path, struct arena *arena,
                             struct slice *out, struct err *err)
{
    const struct charts_only *only = context;
    if (strcmp(path, only->file) == 0) {
        *out = only->text;
        return true;
    }
    return only->tree->read(only->tree->context, path, arena, out, err);
}

static bool list_all(void *context, const char *folder, struct arena *arena,
                     struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct charts_only *only = context;
    return only->tree->list(only->tree->context, folder, arena, out, out_count, err);
}

static const char *oid_of(void *context, const char *path, struct arena *arena)
{
    const struct charts_only *only = context;
    return only->tree->oid(only->tree->context, path, arena);
}

/* The namespace, because charts may write it into their objects. */
static bool only_charts(const struct yaml_node *root, struct arena *arena, struct slice *out,
                        struct err *err)
{
    static const char *const kept[] = {"apiVersion",  "kind",
                                       "helmCharts",  "helmChartInflationGenerator",
                                       "helmGlobals", "namespace"};
    AUTO_JSON *less = json_object();
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        const struct yaml_node *node = yaml_get(root, kept[i]);
        json_t *value = node ? yaml_to_json_kustomize(node, err) : NULL;
        if (node && !value) {
            return false;
        }
        if (value) {
            json_put(less, kept[i], value);
        }
    }
    AUTO(xfree) char *text = json_text(less);
    *out = slice_of(arena_strdup(arena, text));
    return true;
}

bool build_charts(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                  struct arena *arena, struct draft_list *out, struct err *err)
{
    struct charts_only only = {.tree = tree, .file = top->file};
    struct manifest_tree face = {read_only_charts, list_all, oid_of, &only};
    return only_charts(top->root, arena, &only.text, err) &&
           build_by_program(&face, top, top, arena, out, err);
}
