/* rendered: how an object changes, line by line. */
#include <string.h>

#include "base/unified.h"
#include "impact/impact.h"
#include "yaml/yaml.h"

#define OBJECT_BYTES_MAX (4U << 20)
#define HIDDEN "(hidden)"
#define HIDDEN_OTHER "(hidden and changed)"

static void hide(json_t *values, const json_t *other)
{
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(values, next, key, value)
    {
        const json_t *before = json_object_get(other, key);
        json_object_set_new(
            values, key, json_string(before && !json_equal(before, value) ? HIDDEN_OTHER : HIDDEN));
    }
}

/* A copy without a Secret's values; that one changed can be seen. */
static json_t *shown(const json_t *object, const json_t *other)
{
    static const char *const fields[] = {"data", "stringData"};
    json_t *copy = json_deep_copy(object);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strcmp(json_text_at(object, "kind", ""), "Secret") == 0) {
            hide(json_object_get(copy, fields[i]), json_object_get(other, fields[i]));
        }
    }
    return copy;
}

static void print(const json_t *object, const json_t *other, struct str *out)
{
    AUTO_JSON *copy = object ? shown(object, other) : NULL;
    if (copy) {
        yaml_print(out, copy);
    }
}

void impact_rendered(const char *name, const json_t *before, const json_t *after, struct str *out)
{
    AUTO_STR(old_text, OBJECT_BYTES_MAX);
    AUTO_STR(new_text, OBJECT_BYTES_MAX);
    print(before, NULL, &old_text);
    print(after, before, &new_text);
    unified_diff(name, str_slice(&old_text), str_slice(&new_text), out);
}
