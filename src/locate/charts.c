/* charts: which version of a chart, or of an artifact, is to be installed. */
#include <string.h>

#include "locate/internal.h"

#define OCI "oci://"

static void add_chart(struct finder *finder, const char *chart, const struct yaml_node *parent,
                      const char *version_key)
{
    struct yaml_node *version = scalar_at(parent, version_key);
    if (!chart[0] || !version) {
        return; /* without a version, the newest one is meant */
    }
    struct locate_place *place = finder_add(finder, LOCATE_CHART, LOCATE_CERTAIN);
    place->tag_node = version;
    place->tag_key = version_key;
    place_read_split(place, chart, parent, finder->arena);
}

static void find_helm_release(struct finder *finder, struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_at(root, "spec.chart.spec");
    add_chart(finder, node_text(yaml_get(spec, "chart")), spec, "version");
    find_values(finder, yaml_at(root, "spec.values"), LOCATE_VALUES);
}

static void find_helm_chart(struct finder *finder, struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_get(root, "spec");
    add_chart(finder, node_text(yaml_get(spec, "chart")), spec, "version");
}

static void find_oci_repository(struct finder *finder, struct yaml_node *root)
{
    const char *url = node_text(yaml_at(root, "spec.url"));
    const struct yaml_node *ref = yaml_at(root, "spec.ref");
    const char *name = strncmp(url, OCI, strlen(OCI)) == 0 ? url + strlen(OCI) : url;
    if (scalar_at(ref, "semver")) {
        add_chart(finder, name, ref, "semver");
        return;
    }
    struct yaml_node *tag = scalar_at(ref, "tag");
    struct yaml_node *digest = scalar_at(ref, "digest");
    if (!name[0] || (!tag && !digest)) {
        return;
    }
    struct locate_place *place = finder_add(finder, LOCATE_CHART, LOCATE_CERTAIN);
    place->tag_node = tag;
    place->digest_node = digest;
    place->tag_key = "tag";
    place->digest_key = "digest";
    place_read_split(place, name, ref, finder->arena);
}

static void find_list(struct finder *finder, const struct yaml_node *list)
{
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const struct yaml_node *item = list->items[i];
        add_chart(finder, node_text(yaml_get(item, "name")), item, "version");
    }
}

void find_charts(struct finder *finder, struct yaml_node *root)
{
    if (strcmp(finder->kind, "HelmRelease") == 0) {
        find_helm_release(finder, root);
    } else if (strcmp(finder->kind, "HelmChart") == 0) {
        find_helm_chart(finder, root);
    } else if (strcmp(finder->kind, "OCIRepository") == 0) {
        find_oci_repository(finder, root);
    } else if (strcmp(finder->kind, "") == 0) {
        find_list(finder, yaml_get(root, "dependencies")); /* of Chart.yaml */
    } else {
        find_list(finder, yaml_get(root, "helmCharts")); /* of a kustomization */
    }
}
