#include "sync/difference.h"

#include <string.h>

#include "model/resources.h"

/* A path is built up while going down, and stays where a difference is found. */
struct walk {
    struct str *path;
    int depth;
};

static bool differs(struct walk *walk, const json_t *wanted, const json_t *live);

/* "1" and 1000m are the same amount; the API server writes some of them anew. */
static bool is_same_amount(const json_t *a, const json_t *b)
{
    AUTO(xfree) char *number_a = json_is_number(a) ? json_text(a) : NULL;
    AUTO(xfree) char *number_b = json_is_number(b) ? json_text(b) : NULL;
    const char *text_a = number_a ? number_a : json_string_value(a);
    const char *text_b = number_b ? number_b : json_string_value(b);
    int64_t milli_a = 0;
    int64_t milli_b = 0;
    return text_a && text_b && quantity_parse(text_a, &milli_a) &&
           quantity_parse(text_b, &milli_b) && milli_a == milli_b;
}

/* Go one step down; the path is shortened again unless the difference is there. */
static bool differs_at(struct walk *walk, const char *format, const char *key, const json_t *wanted,
                       const json_t *live)
{
    size_t length = walk->path->length;
    str_addf(walk->path, "%s", format[0] == '.' && length ? "." : "");
    if (format[0] == '[') {
        str_addf(walk->path, "[%s]", key);
    } else {
        str_add(walk->path, key);
    }
    if (differs(walk, wanted, live)) {
        return true;
    }
    walk->path->length = length;
    walk->path->text[length] = '\0';
    return false;
}

static bool objects_differ(struct walk *walk, const json_t *wanted, const json_t *live)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *loose = (json_t *)(uintptr_t)wanted;
    json_object_foreach (loose, key, value) {
        if (!json_is_null(value) && differs_at(walk, ".", key, value, json_object_get(live, key))) {
            return true;
        }
    }
    return false;
}

static const json_t *item_named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (strcmp(json_text_at(item, "name", ""), name) == 0) {
            return item;
        }
    }
    return NULL;
}

/* Items with names are the same in any order; others by their place. */
static bool arrays_differ(struct walk *walk, const json_t *wanted, const json_t *live)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (wanted, i, item) {
        const char *name = json_text_at(item, "name", NULL);
        char index[24];
        snprintf(index, sizeof(index), "%zu", i);
        if (differs_at(walk, "[", name ? name : index, item,
                       name ? item_named(live, name) : json_array_get(live, i))) {
            return true;
        }
    }
    return json_array_size(live) > json_array_size(wanted);
}

/* The API server leaves an empty map or list out. */
static bool is_empty(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool differs(struct walk *walk, const json_t *wanted, const json_t *live)
{
    if (walk->depth >= JSON_DEPTH_MAX || (!live && is_empty(wanted))) {
        return false;
    }
    walk->depth++;
    bool is_other = false;
    if (json_is_object(wanted) && json_is_object(live)) {
        is_other = objects_differ(walk, wanted, live);
    } else if (json_is_array(wanted) && json_is_array(live)) {
        is_other = arrays_differ(walk, wanted, live);
    } else {
        is_other = !json_equal(wanted, live) && !is_same_amount(wanted, live);
    }
    walk->depth--;
    return is_other;
}

void difference_find(const json_t *wanted, const json_t *live, struct str *out)
{
    /* What an object is called is how it was found, and what a Secret's stringData becomes is not
       seen there. */
    static const char *const passed_over[] = {"apiVersion", "kind", "status", "stringData",
                                              "metadata"};
    static const char *const metadata[] = {"labels", "annotations"};
    struct walk walk = {.path = out};
    for (size_t i = 0; i < COUNT_OF(metadata); i++) {
        const json_t *value = json_object_get(json_object_get(wanted, "metadata"), metadata[i]);
        const json_t *there = json_object_get(json_object_get(live, "metadata"), metadata[i]);
        char path[32];
        snprintf(path, sizeof(path), "metadata.%s", metadata[i]);
        if (json_object_size(value) > 0 && differs_at(&walk, "", path, value, there)) {
            return;
        }
    }
    AUTO_JSON *rest = json_copy((json_t *)(uintptr_t)wanted);
    for (size_t i = 0; i < COUNT_OF(passed_over); i++) {
        json_object_del(rest, passed_over[i]);
    }
    (void)objects_differ(&walk, rest, live);
}
