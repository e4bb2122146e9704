/* helmCharts: the kustomize program renders them with the helm program, from charts that lie in the
   repository.  Nothing is fetched: what is missing is named, with where to put it. */
#include <string.h>

#include "render/internal.h"

/* Where a field's entries have their charts. */
static const struct {
    const char *field, *name;
} chart_fields[] = {{"helmCharts", "name"}, {"helmChartInflationGenerator", "chartName"}};

/* The folder of the charts: of the entry, of all, or kustomize's own default. */
static const char *home_of(const struct manifest_kustomization *kustomization,
                           const struct yaml_node *entry)
{
    const char *home = yaml_text(entry, "chartHome");
    if (!home) {
        home = yaml_text(yaml_get(kustomization->root, "helmGlobals"), "chartHome");
    }
    return home && home[0] ? home : "charts";
}

/* kustomize keeps what it would have fetched in a folder of its name and version. */
static const char *chart_path(const struct manifest_kustomization *kustomization,
                              const struct yaml_node *entry, const char *name, struct arena *arena)
{
    const char *version = yaml_text(entry, "version");
    const char *repo = yaml_text(entry, "repo");
    bool is_fetched = version && version[0] && repo && repo[0];
    const char *home = home_of(kustomization, entry);
    return manifest_path(arena, kustomization->folder,
                         is_fetched ? arena_printf(arena, "%s/%s-%s/%s", home, name, version, name)
                                    : arena_printf(arena, "%s/%s", home, name));
}

static bool check_chart(const struct manifest_tree *tree,
                        const struct manifest_kustomization *kustomization,
                        const struct yaml_node *entry, const char *name, struct arena *arena,
                        const char **out, struct err *err)
{
    if (!name || !name[0] || strchr(name, '/')) {
        return err_set(err, ERR_INVALID, "line %u: a chart needs a name", entry->line);
    }
    *out = chart_path(kustomization, entry, name, arena);
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
