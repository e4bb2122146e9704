/* What the files of this module share. */
#pragma once

#include "base/map.h"
#include "health/health.h"

/* Which pods are of the newest revision: first their owner decides, then, where one object owns
   the pods of all revisions, a label. */
struct revision {
    struct map owners;       /* uid → OWNER_NEW, OWNER_OLD or OWNER_BY_LABEL */
    const char *label;       /* of OWNER_BY_LABEL: the label that names the revision */
    const char *label_value; /* what it says on new pods; NULL: nothing is new yet */
};
extern char owner_new, owner_old, owner_by_label; /* only their addresses matter */
#define OWNER_NEW ((void *)&owner_new)
#define OWNER_OLD ((void *)&owner_old)
#define OWNER_BY_LABEL ((void *)&owner_by_label)

/* What is gathered from; `owned` is what the live object may own. */
struct gathering {
    const json_t *live;
    const json_t *wanted_template;
    const json_t *const *owned;
    size_t owned_count;
};

/* family.c: kinds that make their pods through other objects. */
void read_family(const struct gathering *from, struct revision *revision,
                 struct workload_facts *out);
/* Which chart is installed, by the HelmRelease's own word, and is it the wanted one? */
void read_chart(const json_t *live, struct workload_facts *out);
/* application.c: all that is known of an Application; its wanted images are there already. */
void read_application(const json_t *live, struct arena *arena, struct workload_facts *out);
/* Sort the gathered pods by the images that they run, and count them anew. */
void settle_family(struct workload_facts *out);
bool container_has_image(const struct container_facts *container,
                         const struct workload_image *wanted);
/* health.c: does the pod run the wanted version of every wanted image that it has? */
bool pod_runs_wanted(const struct workload_facts *facts, const struct pod_facts *pod);

/* The uid of the object that controls this one, or "". */
const char *controller_uid(const json_t *object);
/* The pod template of a workload or manifest of that kind, or NULL. */
const json_t *pod_template(const json_t *object, enum workload_kind kind);
/* conditions[type]; NULL when there is none. */
const json_t *condition_of(const json_t *object, const char *type);
bool condition_is(const json_t *object, const char *type, const char *status);

/* Count the workload's pods into the facts, and keep up to FACTS_PODS_MAX: new ones first, of these
   the ones that are not ready. */
void gather_pods(const json_t *const *pods, size_t pod_count, const struct revision *revision,
                 struct arena *arena, struct workload_facts *out);
