#include "impact/impact.h"

#include <stdio.h>
#include <string.h>

#include "base/vec.h"

const char *impact_fit_name(enum impact_fit fit)
{
    static const char *const names[] = {"unknown", "fits", "too_large"};
    return names[fit];
}

/* ---- sums ---- */

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct resources larger_of(struct resources a, struct resources b)
{
    return (struct resources){most_of(a.cpu_milli, b.cpu_milli),
                              most_of(a.memory_bytes, b.memory_bytes)};
}

/* Pods of jobs come and go; a number in the manifest that is another one than before counts. */
static int64_t pods_after(const struct impact_workload *workload)
{
    bool is_set =
        workload->after.replicas >= 0 && workload->after.replicas != workload->before.replicas;
    return is_set ? workload->after.replicas : workload->pods_now;
}

/* Kubernetes rounds a part of them up. */
static int64_t surge_of(const struct impact_workload *workload)
{
    int64_t pods = pods_after(workload);
    const struct impact_shape *shape = &workload->after;
    return shape->is_surge_percent ? (pods * shape->surge + 99) / 100
                                   : least_of(shape->surge, pods);
}

static void add_amount(struct impact_amount *sum, int64_t pods, struct resources each)
{
    sum->pods += pods;
    resources_add(&sum->resources, resources_times(each, pods));
}

/* While it rolls out each pod is an old or a new one, and the surge comes on top. */
static void add_peak(const struct impact_workload *workload, struct impact_amount *peak)
{
    struct resources each = larger_of(workload->before.per_pod, workload->after.per_pod);
    add_amount(peak, most_of(workload->pods_now, pods_after(workload)), each);
    add_amount(peak, surge_of(workload), workload->after.per_pod);
}

static void sum_up(const struct impact_facts *facts, struct impact *out)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct impact_workload *workload = &facts->workloads[i];
        add_amount(&out->now, workload->pods_now, workload->before.per_pod);
        add_amount(&out->after, pods_after(workload), workload->after.per_pod);
        add_peak(workload, &out->peak);
    }
}

/* ---- placing ---- */

/* Equal things that must find room beside what is there now. */
struct piece {
    const char *workload;
    struct resources size;
    int64_t count;
    bool is_pod; /* or what an old pod's successor asks for beyond it */
};

static struct resources growth(const struct impact_workload *workload)
{
    struct resources before = workload->before.per_pod;
    struct resources after = larger_of(before, workload->after.per_pod);
    return (struct resources){after.cpu_milli - before.cpu_milli,
                              after.memory_bytes - before.memory_bytes};
}

static bool is_nothing(struct resources resources)
{
    return resources.cpu_milli == 0 && resources.memory_bytes == 0;
}

static size_t pieces_of(const struct impact_workload *workload, struct piece out[2])
{
    size_t count = 0;
    int64_t more = most_of(pods_after(workload) - workload->pods_now, 0) + surge_of(workload);
    struct resources grows = growth(workload);
    if (more > 0) {
        out[count++] = (struct piece){workload->name, workload->after.per_pod, more, true};
    }
    if (!is_nothing(grows) && workload->pods_now > 0) {
        out[count++] = (struct piece){workload->name, grows, workload->pods_now, false};
    }
    return count;
}

/* The hard ones first: those that ask for more of either, measured by all that is there. */
static int by_size(const void *left, const void *right)
{
    const struct piece *a = left;
    const struct piece *b = right;
    if (a->size.memory_bytes != b->size.memory_bytes) {
        return a->size.memory_bytes > b->size.memory_bytes ? -1 : 1;
    }
    return (a->size.cpu_milli < b->size.cpu_milli) - (a->size.cpu_milli > b->size.cpu_milli);
}

static int64_t fit_into(const struct node_room *room, const struct piece *piece)
{
    int64_t fit = piece->is_pod ? least_of(piece->count, room->pods) : piece->count;
    if (piece->size.cpu_milli > 0) {
        fit = least_of(fit, room->free.cpu_milli / piece->size.cpu_milli);
    }
    if (piece->size.memory_bytes > 0) {
        fit = least_of(fit, room->free.memory_bytes / piece->size.memory_bytes);
    }
    return fit;
}

/* Take room for as many as possible; how many found none is left in the piece. */
static void place(struct capacity *left, struct piece *piece)
{
    for (size_t i = 0; i < left->room_count && piece->count > 0; i++) {
        struct node_room *room = &left->rooms[i];
        int64_t fit = fit_into(room, piece);
        struct resources taken = resources_times(piece->size, fit);
        room->free.cpu_milli -= taken.cpu_milli;
        room->free.memory_bytes -= taken.memory_bytes;
        room->pods -= piece->is_pod ? fit : 0;
        piece->count -= fit;
    }
}

/* The first piece that finds no room; false when all do. */
static bool find_homeless(const struct impact_facts *facts, struct piece *out)
{
    struct capacity left = *facts->capacity;
    VEC(struct piece) pieces = {0};
    for (size_t i = 0; i < facts->count; i++) {
        struct piece two[2];
        size_t count = pieces_of(&facts->workloads[i], two);
        for (size_t n = 0; n < count; n++) {
            *VEC_ADD(&pieces) = two[n];
        }
    }
    sort_items(pieces.items, pieces.count, sizeof(struct piece), by_size);
    bool is_found = false;
    for (size_t i = 0; i < pieces.count && !is_found; i++) {
        place(&left, &pieces.items[i]);
        is_found = pieces.items[i].count > 0;
        *out = pieces.items[i];
    }
    VEC_DONE(&pieces);
    return is_found;
}

/* ---- in words ---- */

/* A size; what it has none of is not worth a word. */
static void add_size(struct resources size, struct str *out)
{
    if (size.cpu_milli > 0) {
        cpu_text(size.cpu_milli, out);
    }
    str_add(out, size.cpu_milli > 0 && size.memory_bytes > 0 ? " and " : "");
    if (size.memory_bytes > 0) {
        memory_text(size.memory_bytes, out);
    }
    str_add(out, is_nothing(size) ? "no requests" : "");
}

static void add_largest(const struct capacity *capacity, struct str *out)
{
    const struct node_room *largest = &capacity->rooms[0];
    str_addf(out, "%s has most free: ", largest->name);
    cpu_text(largest->free.cpu_milli, out);
    str_add(out, ", ");
    memory_text(largest->free.memory_bytes, out);
    str_addf(out, ", %lld pods.", (long long)largest->pods);
}

static void explain_homeless(const struct impact_facts *facts, const struct piece *piece,
                             struct str *out)
{
    const struct capacity *capacity = facts->capacity;
    if (capacity->room_count == 0) {
        str_addf(out, "%s has no node that is open to pods.", facts->cluster);
        return;
    }
    if (capacity->nodes > (int64_t)capacity->room_count) {
        str_addf(out, "Among the %zu roomiest of %lld nodes there is", capacity->room_count,
                 (long long)capacity->nodes);
    } else {
        str_add(out, "There is");
    }
    str_addf(out, " no room for %lld %s of %s at ", (long long)piece->count,
             !piece->is_pod      ? "larger pods"
             : piece->count == 1 ? "more pod"
                                 : "more pods",
             piece->workload);
    add_size(piece->size, out);
    str_addf(out, "%s; ", piece->is_pod ? "" : " more each");
    add_largest(capacity, out);
}

/* Why nothing can be said, or NULL. */
static const char *unknown_of(const struct impact_facts *facts)
{
    if (facts->unknown) {
        return facts->unknown;
    }
    if (!facts->capacity) {
        return "Its agent has not measured the nodes yet.";
    }
    return facts->capacity->unknown[0] ? facts->capacity->unknown : NULL;
}

static void judge_fit(const struct impact_facts *facts, struct impact *out, struct str *why)
{
    const char *unknown = unknown_of(facts);
    struct piece homeless;
    if (unknown) {
        str_add(why, unknown);
        return;
    }
    if (find_homeless(facts, &homeless)) {
        bool is_all_known = facts->capacity->nodes <= (int64_t)facts->capacity->room_count;
        out->fit = is_all_known ? IMPACT_TOO_LARGE : IMPACT_UNKNOWN;
        explain_homeless(facts, &homeless, why);
        return;
    }
    out->fit = IMPACT_FITS;
    if (facts->capacity->room_count > 0) {
        str_add(why, "It fits: ");
        add_largest(facts->capacity, why);
    } else {
        str_add(why, "It needs no more room than it has.");
    }
}

void impact_judge(const struct impact_facts *facts, struct impact *out)
{
    *out = (struct impact){.fit = IMPACT_UNKNOWN};
    AUTO_STR(why, (size_t)2 * REASON_BYTES);
    sum_up(facts, out);
    judge_fit(facts, out, &why);
    TEXT_COPY_CUT(out->why, why.text);
}

/* ---- JSON ---- */

static json_t *amount_to_json(const struct impact_amount *amount)
{
    json_t *value = resources_to_json(amount->resources);
    json_put_int(value, "pods", amount->pods);
    return value;
}

static json_t *workload_to_json(const struct impact_workload *workload)
{
    json_t *value = json_object();
    json_put_text(value, "workload", workload->name);
    json_put_int(value, "podsNow", workload->pods_now);
    json_put_int(value, "podsAfter", pods_after(workload));
    json_put_int(value, "surge", surge_of(workload));
    json_put(value, "perPodNow", resources_to_json(workload->before.per_pod));
    json_put(value, "perPodAfter", resources_to_json(workload->after.per_pod));
    return value;
}

static void put_cluster(json_t *value, const struct capacity *capacity)
{
    if (!capacity || capacity->unknown[0]) {
        return;
    }
    AUTO_JSON *whole = capacity_to_json(capacity);
    static const char *const keys[] = {"allocatable", "requested"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        json_object_set(value, keys[i], json_object_get(whole, keys[i]));
    }
}

json_t *impact_to_json(const struct impact_facts *facts, const struct impact *impact)
{
    json_t *value = json_object();
    json_put_text(value, "target", facts->cluster);
    if (!facts->unknown) {
        json_put(value, "now", amount_to_json(&impact->now));
        json_put(value, "after", amount_to_json(&impact->after));
        json_put(value, "peak", amount_to_json(&impact->peak));
    }
    put_cluster(value, facts->capacity);
    json_put_text(value, "fit", impact_fit_name(impact->fit));
    json_put_text(value, "why", impact->why);
    json_t *workloads = json_array();
    for (size_t i = 0; !facts->unknown && i < facts->count; i++) {
        json_array_append_new(workloads, workload_to_json(&facts->workloads[i]));
    }
    json_put(value, "workloads", workloads);
    return value;
}
