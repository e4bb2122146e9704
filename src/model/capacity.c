#include "model/capacity.h"

#include <string.h>

/* Usage within a tenth of what was told, or within these, is told as before. */
#define USAGE_SHARE 10
#define USAGE_CPU_MILLI 20
#define USAGE_MEMORY_BYTES (INT64_C(16) << 20)
/* One CPU goes with so much memory where rooms are compared. */
#define MEMORY_PER_CPU (INT64_C(4) << 30)

/* ---- rooms ---- */

/* What is scarcer of the two, in thousandths of a CPU. */
static int64_t size_of_room(const struct node_room *room)
{
    int64_t memory_milli = room->free.memory_bytes / (MEMORY_PER_CPU / 1000);
    int64_t least = memory_milli < room->free.cpu_milli ? memory_milli : room->free.cpu_milli;
    return room->pods > 0 ? least : 0;
}

bool room_is_larger(const struct node_room *a, const struct node_room *b)
{
    int64_t size_a = size_of_room(a);
    int64_t size_b = size_of_room(b);
    return size_a != size_b ? size_a > size_b : strcmp(a->name, b->name) < 0;
}

void capacity_add_room(struct capacity *capacity, const struct node_room *room)
{
    size_t at = capacity->room_count;
    if (at == CAPACITY_ROOMS_MAX && !room_is_larger(room, &capacity->rooms[at - 1])) {
        return;
    }
    at -= at == CAPACITY_ROOMS_MAX;
    for (; at > 0 && room_is_larger(room, &capacity->rooms[at - 1]); at--) {
        capacity->rooms[at] = capacity->rooms[at - 1];
    }
    capacity->rooms[at] = *room;
    capacity->room_count += capacity->room_count < CAPACITY_ROOMS_MAX;
}

/* ---- usage ---- */

static int64_t settle(int64_t shown, int64_t now, int64_t step)
{
    int64_t slack = shown / USAGE_SHARE > step ? shown / USAGE_SHARE : step;
    return now >= shown - slack && now <= shown + slack ? shown : now;
}

void usage_settle(struct resources shown, struct resources *now)
{
    now->cpu_milli = settle(shown.cpu_milli, now->cpu_milli, USAGE_CPU_MILLI);
    now->memory_bytes = settle(shown.memory_bytes, now->memory_bytes, USAGE_MEMORY_BYTES);
}

/* ---- JSON ---- */

static json_t *with_pods(struct resources resources, int64_t pods)
{
    json_t *value = resources_to_json(resources);
    json_put_int(value, "pods", pods);
    return value;
}

json_t *capacity_to_json(const struct capacity *capacity)
{
    json_t *value = json_object();
    if (capacity->unknown[0]) {
        json_put_text(value, "unknown", capacity->unknown);
        return value;
    }
    json_put_int(value, "nodes", capacity->nodes);
    json_put_int(value, "closedNodes", capacity->closed_nodes);
    json_put(value, "allocatable", with_pods(capacity->allocatable, capacity->pods_max));
    json_put(value, "requested", with_pods(capacity->requested, capacity->pods));
    if (capacity->no_usage[0]) {
        json_put_text(value, "noUsage", capacity->no_usage);
    } else {
        json_put(value, "used", resources_to_json(capacity->used));
    }
    json_t *rooms = json_array();
    for (size_t i = 0; i < capacity->room_count; i++) {
        json_t *room = with_pods(capacity->rooms[i].free, capacity->rooms[i].pods);
        json_put_text(room, "name", capacity->rooms[i].name);
        json_array_append_new(rooms, room);
    }
    json_put(value, "rooms", rooms);
    return value;
}

static bool read_count(const json_t *value, const char *path, int64_t *out, struct err *err)
{
    const json_t *found = json_at(value, path);
    *out = json_integer_value(found);
    return ((!found || json_is_integer(found)) && *out >= 0) ||
           err_set(err, ERR_INVALID, "\"%s\" is no count", path);
}

static bool read_amounts(const json_t *value, const char *key, struct resources *out,
                         struct err *err)
{
    return resources_from_json(json_object_get(value, key), out, err) || err_wrap(err, "%s", key);
}

static bool read_room(const json_t *value, struct node_room *out, struct err *err)
{
    TEXT_COPY_CUT(out->name, json_text_at(value, "name", ""));
    return resources_from_json(value, &out->free, err) &&
           read_count(value, "pods", &out->pods, err);
}

static bool read_rooms(const json_t *value, struct capacity *out, struct err *err)
{
    const json_t *rooms = json_array_at(value, "rooms");
    if (json_array_size(rooms) > CAPACITY_ROOMS_MAX) {
        return err_set(err, ERR_INVALID, "\"rooms\" has too many items");
    }
    for (size_t i = 0; i < json_array_size(rooms); i++) {
        if (!read_room(json_array_get(rooms, i), &out->rooms[i], err)) {
            return err_wrap(err, "rooms[%zu]", i);
        }
        out->room_count++;
    }
    return true;
}

bool capacity_from_json(const json_t *value, struct capacity *out, struct err *err)
{
    *out = (struct capacity){0};
    if (!json_is_object(value)) {
        return err_set(err, ERR_INVALID, "\"capacity\" is not an object");
    }
    TEXT_COPY_CUT(out->unknown, json_text_at(value, "unknown", ""));
    TEXT_COPY_CUT(out->no_usage, json_text_at(value, "noUsage", ""));
    return read_count(value, "nodes", &out->nodes, err) &&
           read_count(value, "closedNodes", &out->closed_nodes, err) &&
           read_amounts(value, "allocatable", &out->allocatable, err) &&
           read_count(value, "allocatable.pods", &out->pods_max, err) &&
           read_amounts(value, "requested", &out->requested, err) &&
           read_count(value, "requested.pods", &out->pods, err) &&
           read_amounts(value, "used", &out->used, err) && read_rooms(value, out, err);
}

json_t *workload_use_to_json(const struct workload_use *use)
{
    json_t *value = json_object();
    json_put_int(value, "pods", use->pods);
    json_put(value, "perPod", resources_to_json(use->per_pod));
    if (use->used_pods > 0) {
        json_put_int(value, "usedPods", use->used_pods);
        json_put(value, "used", resources_to_json(use->used));
    }
    return value;
}

bool workload_use_from_json(const json_t *value, struct workload_use *out, struct err *err)
{
    *out = (struct workload_use){0};
    return read_count(value, "pods", &out->pods, err) &&
           read_amounts(value, "perPod", &out->per_pod, err) &&
           read_count(value, "usedPods", &out->used_pods, err) &&
           read_amounts(value, "used", &out->used, err);
}
