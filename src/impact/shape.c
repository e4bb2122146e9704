/* shape: what a manifest says of a workload's pods. */
#include <string.h>

#include "impact/impact.h"

#define SURGE_PERCENT_DEFAULT 25

/* "25%" or a number of pods. */
static void read_surge(const json_t *value, struct impact_shape *shape)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        shape->surge = json_integer_value(value);
        shape->is_surge_percent = false;
        return;
    }
    int64_t percent = 0;
    for (; text && *text >= '0' && *text <= '9' && percent < 1000; text++) {
        percent = percent * 10 + (*text - '0');
    }
    if (text && strcmp(text, "%") == 0) {
        shape->surge = percent;
        shape->is_surge_percent = true;
    }
}

static void read_deployment(const json_t *spec, struct impact_shape *shape)
{
    shape->is_recreated = strcmp(json_text_at(spec, "strategy.type", ""), "Recreate") == 0;
    if (!shape->is_recreated) {
        shape->surge = SURGE_PERCENT_DEFAULT;
        shape->is_surge_percent = true;
        read_surge(json_at(spec, "strategy.rollingUpdate.maxSurge"), shape);
    }
}

struct impact_shape impact_shape_of(const json_t *object)
{
    const json_t *spec = json_object_get(object, "spec");
    struct impact_shape shape = {
        .kind = workload_kind_of(json_text_at(object, "apiVersion", ""),
                                 json_text_at(object, "kind", "")),
        .replicas = json_int_at(spec, "replicas", -1),
    };
    const json_t *pod = shape.kind == WORKLOAD_CRON_JOB
                            ? json_at(spec, "jobTemplate.spec.template.spec")
                            : json_at(spec, "template.spec");
    shape.per_pod = resources_of_pod(pod);
    if (shape.kind == WORKLOAD_DEPLOYMENT) {
        read_deployment(spec, &shape);
    } else if (shape.kind == WORKLOAD_DAEMON_SET) {
        read_surge(json_at(spec, "updateStrategy.rollingUpdate.maxSurge"), &shape);
    }
    return shape;
}
