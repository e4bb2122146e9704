#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "crypto/crypto.h"

static const char *shown(const struct image *image)
{
    return image->tag[0] ? image->tag : image->digest[0] ? image->digest : "no version";
}

/* Nothing, or the reason why this container cannot move. */
static const char *container_obstacle(const struct plan_request *request,
                                      const struct plan_container *container, struct arena *arena)
{
    if (container->blocked) {
        return container->blocked;
    }
    if (request->forwards_only && container->order < 0) {
        return arena_printf(arena,
                            "It has %s, which is newer than %s; heddle never moves backwards by "
                            "itself.",
                            shown(&container->current), shown(&container->offered));
    }
    return NULL;
}

/* A tag that moves says nothing of what runs: without a digest it is not the same yet. */
static bool is_same(const struct plan_container *container)
{
    bool gains_digest = container->offered.digest[0] && !container->current.digest[0];
    return image_same_version(&container->current, &container->offered) &&
           !(gains_digest && container->order > 0);
}

static bool wants_change(const struct plan_container *container)
{
    return container->offered.repository[0] && !is_same(container);
}

static void add_change(const struct plan_container *container, struct plan_item *item)
{
    struct plan_change *change = &item->changes[item->change_count++];
    TEXT_COPY_CUT(change->container, container->container);
    change->from = container->current;
    change->to = container->offered;
    /* The repository stays as it is written: a version is a tag and a digest. */
    TEXT_COPY_CUT(change->to.repository, container->current.repository);
    change->file = container->file;
    change->line = container->line;
    change->is_older = container->order < 0;
    change->note = container->note;
}

static const char *nothing_to_do(const struct plan_candidate *candidate, const char *from,
                                 struct arena *arena)
{
    for (size_t i = 0; i < candidate->container_count; i++) {
        const struct plan_container *container = &candidate->containers[i];
        if (container->offered.repository[0]) {
            return arena_printf(arena, "It already has %s.", shown(&container->current));
        }
    }
    return arena_printf(arena, "%s has none of its images.", from);
}

/* Fill the item; the reason for skipping when there is nothing to do or something is in the way. */
static const char *decide(const struct plan_request *request,
                          const struct plan_candidate *candidate, struct arena *arena,
                          struct plan_item *item)
{
    if (candidate->unavailable) {
        return candidate->unavailable;
    }
    item->changes = arena_alloc(arena, candidate->container_count, sizeof(*item->changes));
    for (size_t i = 0; i < candidate->container_count; i++) {
        const struct plan_container *container = &candidate->containers[i];
        if (!wants_change(container)) {
            continue;
        }
        const char *obstacle = container_obstacle(request, container, arena);
        if (obstacle) {
            return obstacle;
        }
        add_change(container, item);
    }
    return item->change_count ? NULL : nothing_to_do(candidate, request->from, arena);
}

static bool has_it(const struct plan_candidate *candidate)
{
    bool is_offered = false;
    for (size_t i = 0; i < candidate->container_count; i++) {
        if (wants_change(&candidate->containers[i])) {
            return false;
        }
        is_offered |= candidate->containers[i].offered.repository[0] != '\0';
    }
    return is_offered && !candidate->unavailable;
}

static int by_place(const void *left, const void *right)
{
    const struct plan_item *a = left;
    const struct plan_item *b = right;
    if (a->wave != b->wave) {
        return a->wave < b->wave ? -1 : 1;
    }
    int target = strcmp(a->target, b->target);
    return target ? target : strcmp(a->workload, b->workload);
}

/* Waves in which nothing changes do not count. */
static void renumber_waves(struct plan *plan)
{
    int last = -1;
    for (size_t i = 0; i < plan->item_count; i++) {
        if (i == 0 || plan->items[i].wave != last) {
            plan->wave_count++;
        }
        last = plan->items[i].wave;
        plan->items[i].wave = plan->wave_count - 1;
    }
}

static void digest_image(struct str *text, const struct image *image)
{
    str_addf(text, " %s:%s@%s", image->repository, image->tag, image->digest);
}

static void make_digest(struct plan *plan)
{
    AUTO_STR(text, 64U << 20);
    str_addf(&text, "plan 1\nto %s\n", plan->to);
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        for (size_t n = 0; n < item->change_count; n++) {
            const struct plan_change *change = &item->changes[n];
            str_addf(&text, "%d %s %s %s %s", item->wave, item->target, item->workload,
                     change->container, change->file);
            digest_image(&text, &change->from);
            digest_image(&text, &change->to);
            str_add_char(&text, '\n');
        }
    }
    crypto_sha256_hex(str_slice(&text), plan->digest);
}

void plan_make(const struct plan_request *request, const struct plan_candidate *candidates,
               size_t count, struct arena *arena, struct plan *out)
{
    *out = (struct plan){0};
    TEXT_COPY_CUT(out->to, request->to);
    TEXT_COPY_CUT(out->from, request->from);
    out->items = arena_alloc(arena, count, sizeof(*out->items));
    out->skips = arena_alloc(arena, count, sizeof(*out->skips));
    for (size_t i = 0; i < count; i++) {
        struct plan_item item = {.wave = candidates[i].wave};
        TEXT_COPY_CUT(item.workload, candidates[i].workload);
        TEXT_COPY_CUT(item.target, candidates[i].target);
        const char *reason = decide(request, &candidates[i], arena, &item);
        if (reason) {
            struct plan_skip *skip = &out->skips[out->skip_count++];
            TEXT_COPY_CUT(skip->workload, candidates[i].workload);
            TEXT_COPY_CUT(skip->target, candidates[i].target);
            skip->reason = reason;
            skip->has_it = has_it(&candidates[i]);
        } else {
            out->items[out->item_count++] = item;
        }
    }
    sort_items(out->items, out->item_count, sizeof(*out->items), by_place);
    renumber_waves(out);
    make_digest(out);
}
