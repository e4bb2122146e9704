#include "sandbox/managed.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/refusal.h"

#define CONFLICT_TEXT_MAX 65536

static bool is_status(const struct writer *writer)
{
    return strcmp(writer->subresource, "status") == 0;
}

static const char *text_of(const json_t *entry, const char *key)
{
    return json_text_at(entry, key, "");
}

static bool is_entry(const json_t *entry, const char *operation, const struct writer *writer)
{
    return strcmp(text_of(entry, "manager"), writer->manager) == 0 &&
           strcmp(text_of(entry, "operation"), operation) == 0 &&
           strcmp(text_of(entry, "subresource"), writer->subresource) == 0;
}

static json_t *entries_of(json_t *object)
{
    json_t *metadata = json_object_get(object, "metadata");
    json_t *entries = json_object_get(metadata, "managedFields");
    if (!json_is_array(entries)) {
        entries = json_array();
        json_put(metadata, "managedFields", entries);
    }
    return entries;
}

static json_t *find_entry(json_t *entries, const char *operation, const struct writer *writer)
{
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (is_entry(json_array_get(entries, i), operation, writer)) {
            return json_array_get(entries, i);
        }
    }
    return NULL;
}

static void drop_entry(json_t *entries, const json_t *entry)
{
    for (size_t i = json_array_size(entries); i-- > 0;) {
        if (json_array_get(entries, i) == entry) {
            json_array_remove(entries, i);
        }
    }
}

/* Takes `set`; who owns nothing has no entry. */
static void put_entry(json_t *object, const char *operation, const struct writer *writer,
                      json_t *set)
{
    json_t *entries = entries_of(object);
    json_t *entry = find_entry(entries, operation, writer);
    bool is_same = entry && json_equal(json_object_get(entry, "fieldsV1"), set);
    if (is_same || fields_is_empty(set)) {
        if (!is_same) {
            drop_entry(entries, entry);
        }
        json_decref(set);
        return;
    }
    if (!entry) {
        entry = json_object();
        json_array_append_new(entries, entry);
    }
    json_put_text(entry, "manager", writer->manager);
    json_put_text(entry, "operation", operation);
    json_put_text(entry, "apiVersion", json_text_at(object, "apiVersion", ""));
    json_put_text(entry, "fieldsType", "FieldsV1");
    json_put_time(entry, "time", writer->now_ms);
    json_put_text(entry, "subresource", writer->subresource[0] ? writer->subresource : NULL);
    json_put(entry, "fieldsV1", set);
}

/* Others than the writer (all when `operation` is NULL) lose these fields; who has none left goes.
 */
static void take_from_others(json_t *object, const char *operation, const struct writer *writer,
                             const json_t *fields)
{
    json_t *entries = entries_of(object);
    for (size_t i = json_array_size(entries); i-- > 0;) {
        json_t *entry = json_array_get(entries, i);
        json_t *set = json_object_get(entry, "fieldsV1");
        if (operation && is_entry(entry, operation, writer)) {
            continue;
        }
        fields_remove(set, fields);
        if (fields_is_empty(set)) {
            json_array_remove(entries, i);
        }
    }
}

/* The conflicts with one other manager. */
struct conflict {
    json_t *refusal;
    struct str with; /* conflict with "hand" using apps/v1 */
    struct str list; /* its fields, as the message shows them */
    size_t count;
};

static void add_conflict(void *context, const char *path)
{
    struct conflict *conflict = context;
    refusal_add_cause(conflict->refusal, "FieldManagerConflict", conflict->with.text, path);
    str_addf(&conflict->list, "\n- %s", path);
    conflict->count++;
}

/* Adds to the refusal's causes, and to the text of its message. */
static size_t find_conflicts(const json_t *entry, const json_t *changed, json_t *refusal,
                             struct str *message)
{
    AUTO_JSON *common = fields_common(json_object_get(entry, "fieldsV1"), changed);
    struct conflict conflict = {.refusal = refusal};
    str_init(&conflict.with, CONFLICT_TEXT_MAX);
    str_init(&conflict.list, CONFLICT_TEXT_MAX);
    str_addf(&conflict.with, "conflict with \"%s\"", text_of(entry, "manager"));
    if (strcmp(text_of(entry, "operation"), "Update") == 0) {
        str_addf(&conflict.with, " using %s", text_of(entry, "apiVersion"));
    }
    fields_each(common, add_conflict, &conflict);
    if (conflict.count > 0) {
        str_addf(message, "%sconflicts%s:%s", message->length ? "\n" : "",
                 conflict.with.text + strlen("conflict"), conflict.list.text);
    }
    str_done(&conflict.with);
    str_done(&conflict.list);
    return conflict.count;
}

static int by_manager(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left;
    const json_t *b = *(json_t *const *)right;
    return strcmp(text_of(a, "manager"), text_of(b, "manager"));
}

/* One conflict stands in one line, several in a list. */
static void write_message(json_t *refusal, const char *list, size_t count)
{
    const json_t *first = json_array_get(json_array_at(refusal, "details.causes"), 0);
    AUTO_STR(message, CONFLICT_TEXT_MAX);
    if (count == 1) {
        str_addf(&message, "Apply failed with 1 conflict: %s: %s",
                 json_text_at(first, "message", ""), json_text_at(first, "field", ""));
    } else {
        str_addf(&message, "Apply failed with %zu conflicts: %s", count, list);
    }
    json_put_text(refusal, "message", message.text);
}

static json_t *refuse_conflicts(const json_t *live, const json_t *changed,
                                const struct writer *writer)
{
    const json_t *entries = json_array_at(live, "metadata.managedFields");
    json_t *refusal = refusal_new(409, "Conflict", NULL, NULL, "");
    VEC(json_t *) others = {0};
    AUTO_STR(list, CONFLICT_TEXT_MAX);
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (!is_entry(json_array_get(entries, i), "Apply", writer)) {
            *VEC_ADD(&others) = json_array_get(entries, i);
        }
    }
    if (others.count > 0) {
        qsort(others.items, others.count, sizeof(*others.items), by_manager);
    }
    VEC_EACH (json_t *, entry, &others) {
        count += find_conflicts(*entry, changed, refusal, &list);
    }
    VEC_DONE(&others);
    if (count == 0) {
        json_drop(&refusal);
    } else {
        write_message(refusal, list.text, count);
    }
    return refusal;
}

/* What all other managers own together. */
static json_t *owned_by_others(const json_t *live, const struct writer *writer)
{
    const json_t *entries = json_array_at(live, "metadata.managedFields");
    json_t *all = json_object();
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (!is_entry(entry, "Apply", writer)) {
            fields_add(all, json_object_get(entry, "fieldsV1"));
        }
    }
    return all;
}

/* What is gone belongs to nobody. */
static void forget_removed(const json_t *live, json_t *next, enum merge_style style)
{
    AUTO_JSON *changed = NULL;
    AUTO_JSON *removed = NULL;
    fields_compare(live, next, style, &changed, &removed);
    take_from_others(next, NULL, NULL, removed);
}

json_t *managed_apply(const json_t *live, const json_t *wanted, enum merge_style style,
                      const struct writer *writer, json_t **out_refusal)
{
    AUTO_JSON *mine = fields_of(wanted, style);
    fields_keep_status(mine, is_status(writer));
    AUTO_JSON *base = live ? NULL : json_pack("{s:{}}", "metadata");
    json_t *next = fields_merge(live ? live : base, wanted, style);
    AUTO_JSON *changed = NULL;
    AUTO_JSON *removed = NULL;
    fields_compare(live ? live : base, next, style, &changed, &removed);
    fields_keep_status(changed, is_status(writer));

    *out_refusal = live && !writer->force ? refuse_conflicts(live, changed, writer) : NULL;
    if (*out_refusal) {
        json_drop(&next);
        return NULL;
    }
    json_t *entry = find_entry(entries_of(next), "Apply", writer);
    if (entry) {
        AUTO_JSON *others = owned_by_others(live, writer);
        fields_prune(next, json_object_get(entry, "fieldsV1"), mine, others, style);
        forget_removed(live, next, style);
    }
    take_from_others(next, "Apply", writer, changed);
    put_entry(next, "Apply", writer, json_incref(mine));
    return next;
}

void managed_update(const json_t *live, json_t *next, enum merge_style style,
                    const struct writer *writer)
{
    json_t *metadata = json_object_get(next, "metadata");
    AUTO_JSON *base = live ? NULL : json_pack("{s:{}}", "metadata");
    AUTO_JSON *changed = NULL;
    AUTO_JSON *removed = NULL;
    /* Clients may send back what they read, or nothing: what is stored counts. */
    json_object_del(metadata, "managedFields");
    json_t *kept = json_object_get(json_object_get(live, "metadata"), "managedFields");
    if (kept) {
        json_put(metadata, "managedFields", json_deep_copy(kept));
    }
    fields_compare(live ? live : base, next, style, &changed, &removed);
    fields_keep_status(changed, is_status(writer));
    fields_keep_status(removed, is_status(writer));
    take_from_others(next, NULL, writer, removed);
    if (fields_is_empty(changed)) {
        return;
    }
    take_from_others(next, "Update", writer, changed);
    const json_t *entry = find_entry(entries_of(next), "Update", writer);
    json_t *set = entry ? json_deep_copy(json_object_get(entry, "fieldsV1")) : json_object();
    fields_add(set, changed);
    put_entry(next, "Update", writer, set);
}

static json_t *without_times(const json_t *object)
{
    json_t *copy = json_copy(json_loose(object));
    json_t *metadata = json_deep_copy(json_object_get(object, "metadata"));
    const json_t *entries = json_array_at(metadata, "managedFields");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_object_del(json_array_get(entries, i), "time");
    }
    json_object_del(metadata, "resourceVersion");
    json_put(copy, "metadata", metadata);
    return copy;
}

bool managed_same(const json_t *live, const json_t *next)
{
    AUTO_JSON *left = without_times(live);
    AUTO_JSON *right = without_times(next);
    return json_equal(left, right);
}
