/* check_places: versions that move, that several targets share, or that cannot be changed. */
#include <string.h>

#include "inspect/checker.h"

#define NAMES_SHOWN_MAX 4

static struct spot spot_of(const struct inspect_place *place)
{
    return (struct spot){place->file->path, place->at.line, place->at.column};
}

/* ---- entries in images: ---- */

/* "target/name" for each images: entry that gives a version and that only this target reads. */
static const char *entry_key(struct checker *checker, size_t target, const char *image)
{
    return arena_printf(checker->arena, "%zu/%s", target, image);
}

/* Who says the version of an image by an entry: all of the entry's users, and it alone. */
struct entries {
    struct map any, own;
};

/* A target that has a kustomization or a file of values for itself gets an override there by its
 * first promotion. */
static bool can_override(const struct checker *checker, const struct inspect_place *place,
                         size_t target)
{
    const struct inspection *inspection = checker->inspection;
    if (place->at.form == LOCATE_VALUES_FILE) {
        return values_have_own(inspection, place->file, &inspection->targets[target]);
    }
    bool fits = place->at.form == LOCATE_FIELD || place->at.form == LOCATE_KUSTOMIZE ||
                place->at.form == LOCATE_VALUES;
    return fits && own_kustomization(inspection, place->file, &inspection->targets[target]);
}

static void note_entries(struct checker *checker, struct entries *entries)
{
    const struct inspection *inspection = checker->inspection;
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        bool has_version = place->at.tag[0] || place->at.digest[0];
        if (place->at.form != LOCATE_KUSTOMIZE || !has_version) {
            continue;
        }
        for (size_t n = 0; n < place->file->target_count; n++) {
            const char *key = entry_key(checker, place->file->targets[n], place->at.container);
            map_set(&entries->any, key, (void *)(uintptr_t)1);
            if (place->file->target_count == 1) {
                map_set(&entries->own, key, (void *)(uintptr_t)1);
            }
        }
    }
}

static void entries_done(struct entries *entries)
{
    map_done(&entries->any);
    map_done(&entries->own);
}

/* ---- shared ---- */

static const char *path_of(const struct checker *checker, const struct inspect_place *place,
                           size_t number)
{
    return checker->inspection->targets[place->file->targets[number]].path;
}

/* Clusters that apply one folder are one for this. */
static bool is_shared(const struct checker *checker, const struct inspect_place *place)
{
    for (size_t i = 1; i < place->file->target_count; i++) {
        if (strcmp(path_of(checker, place, 0), path_of(checker, place, i)) != 0) {
            return true;
        }
    }
    return false;
}

/* "dev, prod-eu and 3 more" of those that have no entry of their own, and no place for one; how
   many they are. */
static size_t name_users(struct checker *checker, const struct inspect_place *place,
                         const struct entries *entries, struct str *out)
{
    size_t count = 0;
    for (size_t i = 0; i < place->file->target_count; i++) {
        size_t target = place->file->targets[i];
        if (map_has(&entries->own, entry_key(checker, target, place->at.image)) ||
            can_override(checker, place, target)) {
            continue;
        }
        if (count < NAMES_SHOWN_MAX) {
            str_addf(out, "%s%s", count ? ", " : "", checker->inspection->targets[target].name);
        }
        count++;
    }
    if (count > NAMES_SHOWN_MAX) {
        str_addf(out, " and %zu more", count - NAMES_SHOWN_MAX);
    }
    return count;
}

static void check_shared(struct checker *checker, const struct inspect_place *place,
                         const struct entries *entries)
{
    AUTO_STR(users, 1024);
    bool is_default = place->at.form == LOCATE_VALUES_FILE && !place->at.tag[0] &&
                      !place->at.digest[0]; /* the chart's own version; what others say counts */
    bool is_image = place->at.form != LOCATE_CHART && !place->at.trouble && !is_default;
    size_t count =
        is_image && is_shared(checker, place) ? name_users(checker, place, entries, &users) : 0;
    if (count == 0) {
        return;
    }
    const char *remedy = "write it in a file that only one target reads";
    if (place->at.form == LOCATE_FIELD || place->at.form == LOCATE_VALUES) {
        remedy = "give each a kustomization.yaml that no other target reads; promotions then say "
                 "its version there";
    } else if (place->at.form == LOCATE_KUSTOMIZE) {
        remedy = arena_printf(checker->arena,
                              "give each an images: entry for %s in a kustomization.yaml that no "
                              "other target reads",
                              place->at.container);
    }
    checker_add(checker, RULE_SHARED_IMAGE, spot_of(place), remedy,
                "%s %s the version of %s%s; heddle never changes it for one of them, and skips "
                "the workload",
                users.text, count > 1 ? "share" : "shares", place->at.image,
                count > 1 ? "" : " with others");
}

/* ---- tags that move ---- */

/* Does every target that uses the file say the version elsewhere? */
static bool is_overridden(struct checker *checker, const struct inspect_place *place,
                          const struct entries *entries)
{
    for (size_t i = 0; i < place->file->target_count; i++) {
        if (!map_has(&entries->any, entry_key(checker, place->file->targets[i], place->at.image))) {
            return false;
        }
    }
    return place->file->target_count > 0;
}

/* No tag in values is the chart's own version, and none in an entry is the image's. */
static bool needs_tag(const struct locate_place *at)
{
    return at->form == LOCATE_FIELD || at->form == LOCATE_CUSTOM || at->form == LOCATE_ARGOCD;
}

static void check_tag(struct checker *checker, const struct inspect_place *place,
                      const struct entries *entries)
{
    const struct locate_place *at = &place->at;
    bool is_latest = strcmp(at->tag, "latest") == 0;
    bool is_absent = !at->tag[0] && needs_tag(at);
    bool is_image = at->form != LOCATE_CHART && at->image[0];
    if (!is_image || at->digest[0] || (!is_latest && !is_absent) ||
        (at->form == LOCATE_FIELD && is_overridden(checker, place, entries))) {
        return;
    }
    checker_add(checker, RULE_MUTABLE_TAG, spot_of(place),
                "write the tag of a version, or a digest",
                is_latest ? "%s has the tag latest, which moves: which version runs cannot be told "
                            "from Git"
                          : "%s has no tag, which means latest: which version runs cannot be told "
                            "from Git",
                at->image);
}

/* ---- places that cannot be changed ---- */

/* A release asks for one workload; what follows an anchor would change with it. */
static void check_anchor(struct checker *checker, const struct inspect_place *place)
{
    bool is_promoted = place->at.form == LOCATE_FIELD || place->at.form == LOCATE_KUSTOMIZE;
    if (is_promoted && place->at.is_repeated) {
        checker_add(checker, RULE_NOT_EDITABLE, spot_of(place), "write it out in each place",
                    "aliases repeat the version of %s; a release changes it where all of its uses "
                    "are in one workload, and skips it else",
                    place->at.image);
    }
}

/* Every place is given another version, to see which are refused.  Nothing is written. */
static bool check_editable(struct checker *checker, struct err *err)
{
    static const struct inspect_wish any = {.tag = "0.0.0-check", .digest = ""};
    struct inspect_outcome outcome = {0};
    const char *encrypted = NULL;
    if (!inspect_change(checker->tree, checker->inspection, &any, checker->arena, &outcome, err)) {
        return false;
    }
    for (size_t i = 0; i < outcome.refusal_count; i++) {
        const struct inspect_refusal *refusal = &outcome.refusals[i];
        struct spot spot = {refusal->file, refusal->line, refusal->column};
        if (!checker_is_used_path(checker, refusal->file)) {
            continue;
        }
        if (!strstr(refusal->reason, "encrypted")) {
            checker_add_text(checker, RULE_NOT_EDITABLE, spot, refusal->reason);
        } else if (!encrypted || strcmp(encrypted, refusal->file) != 0) {
            encrypted = refusal->file; /* once for each file */
            checker_add(checker, RULE_ENCRYPTED, spot,
                        "keep versions in a file that is not encrypted",
                        "%s, which a change would break; the version in it is never changed",
                        refusal->reason);
        }
    }
    return true;
}

bool check_places(struct checker *checker, struct err *err)
{
    AUTO(entries_done) struct entries entries = {0};
    note_entries(checker, &entries);
    for (size_t i = 0; i < checker->inspection->place_count; i++) {
        const struct inspect_place *place = &checker->inspection->places[i];
        if (checker_is_used(checker, place->file)) {
            check_shared(checker, place, &entries);
            check_tag(checker, place, &entries);
            check_anchor(checker, place);
        }
    }
    return check_editable(checker, err);
}
