/*
 * order: which guessed target comes before which, where the words of their names do not tell.
 *
 * Versions come to the first stage first, so a target whose versions are newer stands before one
 * that has older ones of the same images, as long as none of them says the opposite.  What nothing
 * tells is said, too.
 */
#include <string.h>

#include "inspect/layers.h"
#include "policy/policy.h"

/* The version of an image in one target. */
struct said {
    size_t target;
    const char *image, *tag;
    bool is_own;   /* in a file that no other target reads */
    bool is_mixed; /* several versions of it */
};

struct ordering {
    struct inspector *inspector;
    VEC(struct said) said; /* by target and image, each once */
    size_t first[INSPECT_TARGETS_MAX + 1];
    VEC(size_t) order; /* targets, as they were found */
};

/* Pre-releases, too: where they run is a first stage. */
static const struct version_rule any_semver = {.policy = POLICY_SEMVER, .range = ">=0.0.0-0"};

/* ---- what each target has ---- */

static int by_target(const void *left, const void *right)
{
    const struct said *a = left;
    const struct said *b = right;
    if (a->target != b->target) {
        return a->target < b->target ? -1 : 1;
    }
    int order = strcmp(a->image, b->image);
    return order ? order : (int)b->is_own - (int)a->is_own;
}

/* What the target says itself counts, else what it shares. */
static void merge_said(struct ordering *ordering)
{
    size_t kept = 0;
    sort_items(ordering->said.items, ordering->said.count, sizeof(struct said), by_target);
    for (size_t i = 0; i < ordering->said.count; i++) {
        const struct said *said = &ordering->said.items[i];
        struct said *last = kept ? &ordering->said.items[kept - 1] : NULL;
        if (!last || last->target != said->target || strcmp(last->image, said->image) != 0) {
            ordering->said.items[kept++] = *said;
        } else if (last->is_own == said->is_own && strcmp(last->tag, said->tag) != 0) {
            last->is_mixed = true;
        }
    }
    ordering->said.count = kept;
    for (size_t target = 0, at = 0; target <= INSPECT_TARGETS_MAX; target++) {
        while (at < kept && ordering->said.items[at].target < target) {
            at++;
        }
        ordering->first[target] = at;
    }
}

static void collect(struct ordering *ordering)
{
    VEC_EACH (struct inspect_place, place, &ordering->inspector->places) {
        bool is_version = place->at.form != LOCATE_CHART && place->at.image[0] &&
                          policy_admits(&any_semver, place->at.tag);
        for (size_t i = 0; is_version && i < place->file->target_count; i++) {
            *VEC_ADD(&ordering->said) = (struct said){
                .target = place->file->targets[i],
                .image = place->at.image,
                .tag = place->at.tag,
                .is_own = place->file->target_count == 1,
            };
        }
    }
    merge_said(ordering);
}

/* ---- two of them ---- */

/* An image of which both have a version, the newer one of `a`. */
struct proof {
    const struct said *a, *b;
};

static bool is_newer(const struct ordering *ordering, size_t a, size_t b, struct proof *out)
{
    const struct said *items = ordering->said.items;
    size_t at = ordering->first[a];
    size_t other = ordering->first[b];
    *out = (struct proof){0};
    while (at < ordering->first[a + 1] && other < ordering->first[b + 1]) {
        int order = strcmp(items[at].image, items[other].image);
        bool is_told = order == 0 && !items[at].is_mixed && !items[other].is_mixed;
        int newer =
            is_told ? policy_compare(&any_semver, items[at].tag, 0, items[other].tag, 0) : 0;
        if (newer < 0) {
            return false;
        }
        if (newer > 0 && !out->a) {
            *out = (struct proof){&items[at], &items[other]};
        }
        at += order <= 0;
        other += order >= 0;
    }
    return out->a != NULL;
}

/* ---- the order ---- */

static void add_evidence(struct ordering *ordering, size_t target, const char *fmt,
                         const struct proof *proof, size_t other)
{
    struct inspect_target *targets = ordering->inspector->targets.items;
    struct arena *arena = ordering->inspector->arena;
    targets[target].evidence =
        arena_printf(arena, "%s; %s %s: %s is %s here and %s there", targets[target].evidence, fmt,
                     targets[other].name, proof->a->image,
                     proof->a->target == target ? proof->a->tag : proof->b->tag,
                     proof->a->target == target ? proof->b->tag : proof->a->tag);
}

/* Before the first one that has older versions, and behind all that have newer ones. */
static void insert(struct ordering *ordering, size_t target)
{
    struct inspect_target *targets = ordering->inspector->targets.items;
    size_t count = ordering->order.count;
    size_t at = count;
    struct proof proof = {0};
    struct proof found = {0};
    for (size_t i = count; i > 0; i--) {
        size_t other = ordering->order.items[i - 1];
        if (is_newer(ordering, target, other, &found)) {
            at = i - 1;
            proof = found;
        } else if (is_newer(ordering, other, target, &found)) {
            at = proof.a ? at : i;
            proof = proof.a ? proof : found;
            break;
        }
    }
    if (proof.a) {
        bool is_before = proof.a->target == target;
        add_evidence(ordering, target, is_before ? "before" : "behind", &proof,
                     is_before ? proof.b->target : proof.a->target);
    } else if (!targets[target].is_listed) {
        targets[target].evidence = arena_printf(
            ordering->inspector->arena, "%s; nothing tells its order", targets[target].evidence);
    }
    (void)VEC_ADD(&ordering->order);
    memmove(&ordering->order.items[at + 1], &ordering->order.items[at],
            (count - at) * sizeof(size_t));
    ordering->order.items[at] = target;
}

static void find_order(struct ordering *ordering)
{
    const struct inspect_target *targets = ordering->inspector->targets.items;
    size_t count = ordering->inspector->targets.count;
    for (size_t i = 0; i < count; i++) {
        if (target_rank(targets[i].name) != RANK_UNKNOWN) {
            *VEC_ADD(&ordering->order) = i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (target_rank(targets[i].name) == RANK_UNKNOWN) {
            insert(ordering, i);
        }
    }
}

/* ---- all that knows targets by their number ---- */

static void renumber_file(struct inspector *inspector, struct inspect_file *file,
                          const size_t *number)
{
    size_t *targets = arena_alloc(inspector->arena, file->target_count + 1, sizeof(*targets));
    const char **parents = arena_alloc(inspector->arena, file->target_count + 1, sizeof(*parents));
    for (size_t i = 0; i < file->target_count; i++) {
        size_t at = i;
        size_t target = number[file->targets[i]];
        while (at > 0 && targets[at - 1] > target) {
            targets[at] = targets[at - 1];
            parents[at] = parents[at - 1];
            at--;
        }
        targets[at] = target;
        parents[at] = file->parents[i];
    }
    file->targets = targets;
    file->parents = parents;
}

static void renumber(struct ordering *ordering)
{
    struct inspector *inspector = ordering->inspector;
    size_t count = ordering->order.count;
    size_t number[INSPECT_TARGETS_MAX] = {0};
    struct inspect_target *targets = arena_alloc(inspector->arena, count + 1, sizeof(*targets));
    for (size_t i = 0; i < count; i++) {
        targets[i] = inspector->targets.items[ordering->order.items[i]];
        number[ordering->order.items[i]] = i;
    }
    memcpy(inspector->targets.items, targets, count * sizeof(*targets));
    for (size_t i = 0; i < inspector->result->file_count; i++) {
        renumber_file(inspector, &inspector->result->files[i], number);
    }
    VEC_EACH (struct values_chain, chain, &inspector->chains) {
        chain->target = number[chain->target];
    }
}

void order_targets(struct inspector *inspector)
{
    bool is_told = true;
    VEC_EACH (struct inspect_target, target, &inspector->targets) {
        is_told = is_told && target_rank(target->name) != RANK_UNKNOWN;
    }
    if (is_told || !inspector->result->is_guessed || inspector->targets.count < 2) {
        return;
    }
    struct ordering ordering = {.inspector = inspector};
    collect(&ordering);
    find_order(&ordering);
    renumber(&ordering);
    VEC_DONE(&ordering.said);
    VEC_DONE(&ordering.order);
}
