/* Where the charts of a kustomization lie. */
#include <string.h>

#include "manifest/manifest.h"

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

const char *manifest_chart(const struct manifest_kustomization *kustomization,
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
