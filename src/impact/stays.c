/* stays: settings of a workload that differ between two targets, and that no promotion carries. */
#include <string.h>

#include "impact/impact.h"

#define VALUE_BYTES 200
#define FIELD_BYTES 160
#define HIDDEN "(hidden)"

/* One comparison under way. */
struct comparison {
    const struct impact_pair *pair;
    const char *container; /* or NULL */
    json_t *list;
    bool is_full;
};

/* ---- values ---- */

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
}

static bool has_word(const char *text, const char *word)
{
    for (; *text; text++) {
        size_t i = 0;
        while (word[i] && lower(text[i]) == word[i]) {
            i++;
        }
        if (!word[i]) {
            return true;
        }
    }
    return false;
}

/* A value that stands in the manifest but should not: by its name, or an address with a password.
 */
static bool is_secret(const char *name, const char *value)
{
    static const char *const words[] = {"password", "passwd",     "secret", "token",
                                        "key",      "credential", "dsn",    "auth"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (has_word(name, words[i])) {
            return true;
        }
    }
    const char *scheme = strstr(value, "://");
    return scheme && strchr(scheme, '@');
}

static json_t *cut(const char *text)
{
    char value[VALUE_BYTES];
    text_copy_cut(value, sizeof(value), text);
    return json_text_safe(value, strlen(value));
}

static bool is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

/* A setting as text; NULL when it is not set. */
static json_t *text_of(const json_t *value)
{
    if (is_absent(value)) {
        return NULL;
    }
    AUTO(xfree) char *text = json_is_string(value) ? NULL : json_text(value);
    return cut(text ? text : json_string_value(value));
}

static void put(struct comparison *comparison, const char *field, json_t *take_source,
                json_t *take_here)
{
    if (json_array_size(comparison->list) >= IMPACT_STAYS_MAX) {
        comparison->is_full = true;
        json_decref(take_source);
        json_decref(take_here);
        return;
    }
    json_t *item = json_object();
    json_put_text(item, "workload", comparison->pair->workload);
    json_put_text(item, "target", comparison->pair->target);
    json_put_text(item, "container", comparison->container);
    json_put_text(item, "field", field);
    if (take_source) {
        json_put(item, "source", take_source);
    }
    if (take_here) {
        json_put(item, "here", take_here);
    }
    json_array_append_new(comparison->list, item);
}

/* "1" and 1000m are the same amount. */
static bool is_same_amount(const json_t *a, const json_t *b)
{
    AUTO_JSON *text_a = text_of(a);
    AUTO_JSON *text_b = text_of(b);
    int64_t milli_a = 0;
    int64_t milli_b = 0;
    return quantity_parse(json_string_value(text_a), &milli_a) &&
           quantity_parse(json_string_value(text_b), &milli_b) && milli_a == milli_b;
}

static bool is_same(const json_t *a, const json_t *b)
{
    if (is_absent(a) || is_absent(b)) {
        return is_absent(a) && is_absent(b);
    }
    return json_equal(a, b) || is_same_amount(a, b);
}

static void compare(struct comparison *comparison, const char *field, const json_t *source,
                    const json_t *here)
{
    if (!is_same(source, here)) {
        put(comparison, field, text_of(source), text_of(here));
    }
}

/* Two lists, or two maps, of which each entry is a setting of its own. */
typedef void compare_entry(struct comparison *comparison, const char *name, const json_t *source,
                           const json_t *here);

static void compare_maps(struct comparison *comparison, const json_t *source, const json_t *here,
                         compare_entry *each)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *loose = (json_t *)(uintptr_t)source;
    json_object_foreach (loose, key, value) {
        each(comparison, key, value, json_object_get(here, key));
    }
    loose = (json_t *)(uintptr_t)here;
    json_object_foreach (loose, key, value) {
        if (!json_object_get(source, key)) {
            each(comparison, key, NULL, value);
        }
    }
}

/* {"name": …} items as a map; a new reference. */
static json_t *by_name(const json_t *list)
{
    json_t *map = json_object();
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (list, i, item) {
        json_object_set(map, json_text_at(item, "name", ""), item);
    }
    return map;
}

/* ---- environment ---- */

/* Where a variable comes from: its value, or the name of what holds it. */
static json_t *origin_of(const json_t *variable)
{
    static const struct {
        const char *path, *what, *key;
    } references[] = {
        {"valueFrom.secretKeyRef", "secret", "key"},
        {"valueFrom.configMapKeyRef", "configMap", "key"},
        {"valueFrom.fieldRef", "field", "fieldPath"},
        {"valueFrom.resourceFieldRef", "resource", "resource"},
    };
    if (!variable) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(references); i++) {
        const json_t *reference = json_at(variable, references[i].path);
        if (reference) {
            AUTO_STR(text, 1024);
            const char *name = json_text_at(reference, "name", "");
            str_addf(&text, "%s %s%s%s", references[i].what, name, name[0] ? "/" : "",
                     json_text_at(reference, references[i].key, ""));
            return cut(text.text);
        }
    }
    return cut(json_text_at(variable, "value", ""));
}

static json_t *hidden_unless(const char *name, const json_t *variable)
{
    const char *value = json_text_at(variable, "value", "");
    return variable && value[0] && is_secret(name, value) ? json_string(HIDDEN)
                                                          : origin_of(variable);
}

static void compare_variable(struct comparison *comparison, const char *name, const json_t *source,
                             const json_t *here)
{
    /* Compared in full: a cut value may look the same. */
    if (json_equal(source, here)) {
        return;
    }
    AUTO_STR(field, FIELD_BYTES);
    str_addf(&field, "env %s", name);
    put(comparison, field.text, hidden_unless(name, source), hidden_unless(name, here));
}

/* "configMap a, secret b" */
static json_t *imports_of(const json_t *container)
{
    static const char *const kinds[][2] = {{"configMapRef", "configMap"}, {"secretRef", "secret"}};
    AUTO_STR(text, 4096);
    size_t i = 0;
    const json_t *import = NULL;
    json_array_foreach (json_array_at(container, "envFrom"), i, import) {
        for (size_t n = 0; n < COUNT_OF(kinds); n++) {
            const json_t *reference = json_object_get(import, kinds[n][0]);
            if (reference) {
                str_addf(&text, "%s%s%s %s", text.length ? ", " : "",
                         json_text_at(import, "prefix", ""), kinds[n][1],
                         json_text_at(reference, "name", ""));
            }
        }
    }
    return text.length ? cut(text.text) : NULL;
}

static void compare_imports(struct comparison *comparison, const json_t *source, const json_t *here)
{
    json_t *there = imports_of(source);
    json_t *own = imports_of(here);
    if (json_equal(there, own) || (!there && !own)) {
        json_decref(there);
        json_decref(own);
    } else {
        put(comparison, "envFrom", there, own);
    }
}

/* ---- containers and workloads ---- */

static void compare_request(struct comparison *comparison, const char *name, const json_t *source,
                            const json_t *here)
{
    AUTO_STR(field, FIELD_BYTES);
    str_addf(&field, "resources.requests.%s", name);
    compare(comparison, field.text, source, here);
}

static void compare_limit(struct comparison *comparison, const char *name, const json_t *source,
                          const json_t *here)
{
    AUTO_STR(field, FIELD_BYTES);
    str_addf(&field, "resources.limits.%s", name);
    compare(comparison, field.text, source, here);
}

static void compare_container(struct comparison *comparison, const char *name, const json_t *source,
                              const json_t *here)
{
    static const char *const fields[] = {"command",       "args",           "imagePullPolicy",
                                         "livenessProbe", "readinessProbe", "startupProbe"};
    comparison->container = name;
    if (!source || !here) {
        put(comparison, "container", source ? json_string("there") : NULL,
            here ? json_string("there") : NULL);
        return;
    }
    AUTO_JSON *source_env = by_name(json_object_get(source, "env"));
    AUTO_JSON *here_env = by_name(json_object_get(here, "env"));
    compare_maps(comparison, source_env, here_env, compare_variable);
    compare_imports(comparison, source, here);
    compare_maps(comparison, json_at(source, "resources.requests"),
                 json_at(here, "resources.requests"), compare_request);
    compare_maps(comparison, json_at(source, "resources.limits"), json_at(here, "resources.limits"),
                 compare_limit);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        compare(comparison, fields[i], json_object_get(source, fields[i]),
                json_object_get(here, fields[i]));
    }
}

static const json_t *pod_of(const json_t *workload)
{
    const json_t *pod = json_at(workload, "spec.template.spec");
    return pod ? pod : json_at(workload, "spec.jobTemplate.spec.template.spec");
}

bool impact_stays(const struct impact_pair *pair, json_t *list)
{
    static const char *const containers[] = {"initContainers", "containers"};
    struct comparison comparison = {.pair = pair, .list = list};
    compare(&comparison, "replicas", json_at(pair->source, "spec.replicas"),
            json_at(pair->here, "spec.replicas"));
    compare(&comparison, "schedule", json_at(pair->source, "spec.schedule"),
            json_at(pair->here, "spec.schedule"));
    for (size_t i = 0; i < COUNT_OF(containers); i++) {
        AUTO_JSON *source = by_name(json_object_get(pod_of(pair->source), containers[i]));
        AUTO_JSON *here = by_name(json_object_get(pod_of(pair->here), containers[i]));
        compare_maps(&comparison, source, here, compare_container);
    }
    return !comparison.is_full;
}
