/* own: where a target can say a version that others read, too. */
#include <string.h>

#include "configrepo/survey.h"

static bool is_own(const struct walk *walk, const struct manifest_kustomization *kustomization)
{
    return !kustomization->is_component && !yaml_is_encrypted(kustomization->root) &&
           !survey_other_user(walk->survey, kustomization->file, walk->path);
}

/* The nearest one that the target alone reads, from where the last word stands upward: below it,
   nobody would hear. */
static const struct passage *find_own(const struct walk *walk, const struct item *item,
                                      const struct slot *slot)
{
    const struct passage *own = NULL;
    bool is_heard = true;
    for (const struct passage *at = item->passages; at && is_heard; at = at->next) {
        own = is_own(walk, at->through) ? at : own;
        is_heard = at->through != slot->said_in && at->through != slot->renamed_by;
    }
    return own;
}

bool own_case(const struct walk *walk, const struct item *item, const struct slot *slot,
              struct arena *arena, const struct override_case **out)
{
    const char *other = survey_other_user(walk->survey, slot->last.file, walk->path);
    if (!other) {
        return false;
    }
    const struct passage *own = find_own(walk, item, slot);
    struct override_case *found = ARENA_NEW(arena, struct override_case);
    *found = (struct override_case){
        .tree = &walk->tree,
        .in = own ? own->through : NULL,
        .at = slot->own.at,
        .takes_entry = slot->is_field,
        .file = slot->last.file,
        .other = other,
        .image = slot->name,
        .api_version = item->object->api_version,
        .kind = item->object->kind,
        .name = own ? own->name : item->name,
        .namespace = own ? own->namespace : item->namespace,
    };
    *out = found;
    return true;
}
