/*
 * chart: which chart a HelmRelease has installed.
 *
 * Flux tells it by the newest entry of status.history, and before v2beta2 by lastAppliedRevision.
 * An upgrade that failed is an entry, too, and nothing that runs.
 */
#include <string.h>

#include "health/health_internal.h"
#include "model/chart.h"

static const json_t *newest_entry(const json_t *live)
{
    size_t i;
    const json_t *entry;
    const json_t *newest = NULL;
    json_array_foreach (json_array_at(live, "status.history"), i, entry) {
        if (!newest || json_int_at(entry, "version", 0) > json_int_at(newest, "version", 0)) {
            newest = entry;
        }
    }
    return newest;
}

static bool is_deployed(const json_t *entry)
{
    return strcmp(json_text_at(entry, "status", ""), "deployed") == 0;
}

/* Shown as it is wanted where it is that; the beginning of a digest is no part of a version. */
static void name_version(struct workload_facts *out)
{
    struct image *running = &out->running_chart;
    if (chart_runs(&out->chart, running) && out->chart.tag[0]) {
        TEXT_COPY_CUT(running->tag, out->chart.tag);
    } else if (running->digest[0]) {
        running->tag[strcspn(running->tag, "_")] = '\0';
    }
}

void read_chart(const json_t *live, struct workload_facts *out)
{
    const json_t *entry = newest_entry(live);
    const char *version = json_text_at(entry, "chartVersion", "");
    const char *digest = json_text_at(entry, "ociDigest", "");
    if (!out->has_chart) {
        return;
    }
    if (!json_at(live, "status.history")) {
        version = json_text_at(live, "status.lastAppliedRevision", "");
    } else if (!is_deployed(entry)) {
        version = digest = "";
    }
    (void)chart_image(out->chart.repository, version, digest, &out->running_chart);
    char wanted[IMAGE_TAG_BYTES];
    chart_version_of_tag(out->chart.tag, wanted);
    bool is_one = out->chart.digest[0] || chart_version_is_exact(wanted);
    out->is_chart_behind = is_one && !chart_runs(&out->chart, &out->running_chart);
    name_version(out);
}
