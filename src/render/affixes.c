/* namePrefix and nameSuffix. */
#include <string.h>

#include "render/internal.h"

/* A name is at most 253 bytes long; what becomes longer is for the API server to refuse. */
#define NAME_BYTES_MAX 4096

/* Kinds of which the name says something else. */
static bool keeps_name(const struct draft *draft)
{
    struct identity first = {0};
    (void)identity_at(draft, 0, &first);
    return strcmp(first.kind, "CustomResourceDefinition") == 0 ||
           strcmp(first.kind, "Namespace") == 0 ||
           identity_is_a(&first, "apiregistration.k8s.io", NULL, "APIService");
}

static void note(struct arena *arena, struct affix **list, const char *text)
{
    struct affix *added = ARENA_NEW(arena, struct affix);
    added->text = text;
    added->next = *list;
    *list = added;
}

static bool rename_all(struct transformation *work, const char *prefix, const char *suffix,
                       struct err *err)
{
    VEC_EACH (struct draft, draft, &work->list->all) {
        AUTO_STR(name, NAME_BYTES_MAX);
        if (keeps_name(draft)) {
            continue;
        }
        str_addf(&name, "%s%s%s", prefix, json_text_at(draft->json, "metadata.name", ""), suffix);
        if (name.failed) {
            return err_set(err, ERR_INVALID, "a name with its prefix or suffix is too long");
        }
        note(work->arena, prefix[0] ? &draft->prefixes : &draft->suffixes,
             prefix[0] ? prefix : suffix);
        remember_identity(work->arena, draft);
        json_object_set_new(json_object_get(draft->json, "metadata"), "name",
                            json_string(name.text));
    }
    return true;
}

/* The text of a field; "" when it asks for nothing. */
static bool read_affix(struct transformation *work, const char *field, const char **out,
                       struct err *err)
{
    const struct yaml_node *node = yaml_get(work->kustomization->root, field);
    AUTO_JSON *value = node ? yaml_to_json(node, err) : NULL;
    if (node && !json_is_string(value) && !json_is_null(value)) {
        return leave_to_program(work, field, node, err);
    }
    *out = json_is_string(value) ? arena_strdup(work->arena, json_string_value(value)) : "";
    return !strchr(*out, ',') || leave_to_program(work, field, node, err);
}

bool apply_name_prefix(struct transformation *work, struct err *err)
{
    const char *prefix = "";
    return read_affix(work, "namePrefix", &prefix, err) &&
           (!prefix[0] || rename_all(work, prefix, "", err));
}

bool apply_name_suffix(struct transformation *work, struct err *err)
{
    const char *suffix = "";
    return read_affix(work, "nameSuffix", &suffix, err) &&
           (!suffix[0] || rename_all(work, "", suffix, err));
}
