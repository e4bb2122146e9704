#include "sync/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "sync/sync.h"

/* ---- what is there ---- */

static const char *const bookkeeping[] = {"resourceVersion", "managedFields", "generation",
                                          "selfLink"};
static const char *const bookkeeping_annotations[] = {"deployment.kubernetes.io/revision"};

/* A copy of a member, so that keys may be taken out of it; NULL when there is none. */
static json_t *own_member(json_t *object, const char *key)
{
    json_t *member = json_object_get(object, key);
    if (!json_is_object(member)) {
        return NULL;
    }
    json_t *copy = json_copy(member);
    json_put(object, key, copy);
    return copy;
}

static void drop_keys(json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; object && i < count; i++) {
        json_object_del(object, keys[i]);
    }
}

static int hash_bytes(const char *bytes, size_t length, void *context)
{
    uint64_t *hash = context;
    *hash = hash64(*hash, bytes, length);
    return 0;
}

uint64_t object_fingerprint(const json_t *object)
{
    static const char *const outside[] = {"status", "apiVersion", "kind"};
    /* Copies of the outer levels; everything below is shared and only read. */
    AUTO_JSON *copy = json_copy((json_t *)(uintptr_t)object);
    drop_keys(copy, outside, COUNT_OF(outside));
    json_t *metadata = own_member(copy, "metadata");
    drop_keys(metadata, bookkeeping, COUNT_OF(bookkeeping));
    json_t *annotations = own_member(metadata, "annotations");
    drop_keys(annotations, bookkeeping_annotations, COUNT_OF(bookkeeping_annotations));
    if (annotations && json_object_size(annotations) == 0) {
        json_object_del(metadata, "annotations");
    }
    uint64_t hash = HASH64_START;
    json_dump_callback(copy, hash_bytes, &hash, JSON_COMPACT | JSON_SORT_KEYS);
    return hash;
}

static const char *annotation(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(json_at(object, "metadata.annotations"), name);
    return json_is_string(value) ? json_string_value(value) : "";
}

void object_view(const json_t *object, struct live *out)
{
    const char *prune = annotation(object, SYNC_PRUNE_ANNOTATION);
    *out = (struct live){
        .fingerprint = object_fingerprint(object),
        .generation = json_int_at(object, "metadata.generation", 0),
        .exists = true,
        .is_kept = strcmp(prune, "disabled") == 0,
        .may_go = strcmp(prune, "true") == 0,
    };
    TEXT_COPY_CUT(out->uid, json_text_at(object, "metadata.uid", ""));
    TEXT_COPY_CUT(out->version, json_text_at(object, "metadata.resourceVersion", ""));
}

static bool is_number(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

/* As numbers of any length: negative when `a` is smaller. */
static int compare_numbers(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    return a_length == b_length ? strcmp(a, b) : a_length < b_length ? -1 : 1;
}

bool object_is_older(const char *a, const char *b)
{
    return is_number(a) && is_number(b) && compare_numbers(a, b) < 0;
}

bool object_is_newer(const char *a, const char *b)
{
    return strcmp(a, b) != 0 && !object_is_older(a, b);
}

bool object_has_drifted(const struct live *applied, const struct live *live)
{
    bool is_same = live->exists && live->fingerprint == applied->fingerprint;
    return applied->exists && !is_same && object_is_newer(live->version, applied->version);
}

/* ---- whose it is ---- */

static bool is_applied_by_us(const json_t *entry)
{
    return strcmp(json_text_at(entry, "manager", ""), "heddle") == 0 &&
           strcmp(json_text_at(entry, "operation", ""), "Apply") == 0;
}

static bool has_controller(const json_t *object)
{
    const json_t *owners = json_array_at(object, "metadata.ownerReferences");
    for (size_t i = 0; i < json_array_size(owners); i++) {
        if (json_bool_at(json_array_get(owners, i), "controller", false)) {
            return true;
        }
    }
    return false;
}

bool object_is_ours(const json_t *object, const char *cluster)
{
    const json_t *label = json_object_get(json_at(object, "metadata.labels"), SYNC_LABEL);
    if (!json_is_string(label) || strcmp(json_string_value(label), cluster) != 0 ||
        has_controller(object)) {
        return false;
    }
    const json_t *entries = json_array_at(object, "metadata.managedFields");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (is_applied_by_us(json_array_get(entries, i))) {
            return true;
        }
    }
    return false;
}

void object_other_manager(const json_t *object, char *out, size_t size)
{
    const char *newest = "";
    const json_t *entries = json_array_at(object, "metadata.managedFields");
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *time = json_text_at(entry, "time", "");
        /* Writers of a subresource (status) change nothing that we put back. */
        if (!is_applied_by_us(entry) && !json_text_at(entry, "subresource", "")[0] &&
            strcmp(time, newest) >= 0) {
            newest = time;
            text_copy_cut(out, size, json_text_at(entry, "manager", ""));
        }
    }
}

/* ---- what is sent ---- */

void object_key(struct str *out, const char *api_version, const char *kind, const char *namespace,
                const char *name)
{
    const char *slash = strchr(api_version, '/');
    str_add_bytes(out, api_version, slash ? (size_t)(slash - api_version) : 0);
    str_addf(out, "/%s/%s/%s", kind, namespace, name);
}

char *object_body(const struct render_object *wanted, const char *cluster, struct err *err)
{
    static const char *const not_ours[] = {"resourceVersion", "managedFields", "generation",
                                           "selfLink",        "uid",           "creationTimestamp"};
    AUTO_JSON *object = json_parse((struct slice){wanted->json, wanted->json_length}, err);
    if (!object) {
        return NULL;
    }
    json_object_del(object, "status");
    json_t *metadata = json_object_get(object, "metadata");
    drop_keys(metadata, not_ours, COUNT_OF(not_ours));
    json_t *labels = json_object_get(metadata, "labels");
    if (!json_is_object(labels)) {
        labels = json_object();
        json_put(metadata, "labels", labels);
    }
    json_put_text(labels, SYNC_LABEL, cluster);
    return json_text(object);
}

/* ---- in which order ---- */

struct rank {
    const char *group; /* NULL: any */
    const char *kind;
    unsigned rank;
};

#define RANK_CLASS 2
#define RANK_RIGHTS 3
#define RANK_THING 4 /* what others refer to */
#define RANK_REST 5  /* workloads, routes, custom objects */
#define RANK_LAST 6  /* may refuse what was not there before them */

static const struct rank ranks[] = {
    {"", "Namespace", 0},
    {"apiextensions.k8s.io", "CustomResourceDefinition", OBJECT_RANK_DEFINITION},
    {NULL, "StorageClass", RANK_CLASS},
    {NULL, "IngressClass", RANK_CLASS},
    {NULL, "GatewayClass", RANK_CLASS},
    {NULL, "RuntimeClass", RANK_CLASS},
    {NULL, "PriorityClass", RANK_CLASS},
    {"", "PersistentVolume", RANK_CLASS},
    {"", "ResourceQuota", RANK_RIGHTS},
    {"", "LimitRange", RANK_RIGHTS},
    {"", "ServiceAccount", RANK_RIGHTS},
    {"rbac.authorization.k8s.io", "ClusterRole", RANK_RIGHTS},
    {"rbac.authorization.k8s.io", "Role", RANK_RIGHTS},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", RANK_RIGHTS},
    {"rbac.authorization.k8s.io", "RoleBinding", RANK_RIGHTS},
    {"", "ConfigMap", RANK_THING},
    {"", "Secret", RANK_THING},
    {"", "Service", RANK_THING},
    {"", "PersistentVolumeClaim", RANK_THING},
    {"networking.k8s.io", "NetworkPolicy", RANK_THING},
    {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", RANK_LAST},
    {"admissionregistration.k8s.io", "MutatingWebhookConfiguration", RANK_LAST},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", RANK_LAST},
    {"apiregistration.k8s.io", "APIService", RANK_LAST},
};

unsigned object_rank(const char *api_version, const char *kind)
{
    const char *slash = strchr(api_version, '/');
    size_t length = slash ? (size_t)(slash - api_version) : 0;
    for (size_t i = 0; i < COUNT_OF(ranks); i++) {
        bool is_group = !ranks[i].group || (strlen(ranks[i].group) == length &&
                                            memcmp(ranks[i].group, api_version, length) == 0);
        if (is_group && strcmp(ranks[i].kind, kind) == 0) {
            return ranks[i].rank;
        }
    }
    return RANK_REST;
}

bool object_is_precious(const char *key)
{
    static const char *const begins[] = {
        "/Namespace/", "apiextensions.k8s.io/CustomResourceDefinition/", "/PersistentVolumeClaim/"};
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        if (strncmp(key, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}
