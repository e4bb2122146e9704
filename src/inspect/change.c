/* change: set the version of an image, wherever it is written. */
#include <stdio.h>
#include <string.h>

#include "inspect/changer.h"

/* Of one file: each reads it again, and 10 MB take a second. */
#define TRIALS_MAX 64
#define TRIAL_BYTES_MAX ((size_t)256 << 20)

/* ---- which places ---- */

static bool is_of_target(const struct changer *changer, const struct inspect_place *place)
{
    const char *target = changer->wish->target;
    for (size_t i = 0; target && i < place->file->target_count; i++) {
        if (strcmp(changer->inspection->targets[place->file->targets[i]].name, target) == 0) {
            return true;
        }
    }
    return !target;
}

/* "Deployment/cart" */
static bool is_of_workload(const struct inspect_wish *wish, const struct locate_place *at)
{
    size_t length = strlen(at->kind);
    const char *workload = wish->workload;
    return !workload || (strncmp(workload, at->kind, length) == 0 && workload[length] == '/' &&
                         strcmp(workload + length + 1, at->name) == 0);
}

static const char *spot_key(const struct changer *changer, const char *file,
                            const struct locate_place *at)
{
    return arena_printf(changer->arena, "%s:%u:%u", file, at->line, at->column);
}

/* A name that gets its tag from another file needs none of its own. */
static void note_completed(struct changer *changer)
{
    for (size_t i = 0; i < changer->inspection->place_count; i++) {
        const struct inspect_place *place = &changer->inspection->places[i];
        bool is_named_alone = place->base && !place->base->tag[0] && !place->base->digest[0];
        if (is_named_alone && is_of_target(changer, place)) {
            map_set(&changer->completed, spot_key(changer, place->base_file, place->base), NULL);
        }
    }
}

static bool is_completed(const struct changer *changer, const struct inspect_place *place)
{
    return !place->at.tag[0] && !place->at.digest[0] && changer->completed.count > 0 &&
           map_has(&changer->completed, spot_key(changer, place->file->path, &place->at));
}

static bool is_wanted(const struct changer *changer, const struct inspect_place *place)
{
    return place->at.form != LOCATE_CHART && is_of_workload(changer->wish, &place->at) &&
           (!changer->wish->image || strcmp(place->at.image, changer->wish->image) == 0) &&
           is_of_target(changer, place) && !is_completed(changer, place);
}

static void refuse(struct changer *changer, const struct inspect_place *place, const char *reason)
{
    *VEC_ADD(&changer->refusals) = (struct inspect_refusal){
        place->file->path, place->at.line, place->at.column, arena_strdup(changer->arena, reason)};
}

/* ---- what to amend ---- */

static bool is_as_wished(const struct inspect_wish *wish, const struct locate_place *at)
{
    return strcmp(at->tag, wish->tag) == 0 && strcmp(at->digest, wish->digest) == 0;
}

/* The amendments of one place; the reason when it is refused. */
static const char *amend_place(struct changer *changer, const struct inspect_place *place,
                               const struct locate_place *at, locate_amendments *amendments)
{
    if (at->trouble) {
        return at->trouble;
    }
    if (override_is_needed(changer, place)) {
        return override_instead(changer, place, at);
    }
    const struct inspect_wish *wish = changer->wish;
    return locate_amend(at, wish->tag, wish->digest, changer->arena, amendments);
}

/* ---- one file ---- */

/* The amendments of one place. */
struct piece {
    const struct inspect_place *place;
    size_t first, count;
    size_t unit; /* the first piece that shares an anchored value with it: all of them or none */
};

struct file_change {
    struct locate_file file;
    const struct locate_place *places; /* those from the last one found on */
    locate_amendments amendments;
    VEC(struct piece) pieces;
    size_t first_refusal;
    size_t trials;
    locate_amendments kept;
    struct str after; /* all pieces done; empty when some are not kept */
};

static void file_change_done(struct file_change *change)
{
    VEC_DONE(&change->amendments);
    VEC_DONE(&change->pieces);
    VEC_DONE(&change->kept);
    str_done(&change->after);
}

/* A tag alone is found by the place that names its image. */
static const struct locate_place *find_partial(const struct changer *changer,
                                               const struct file_change *change,
                                               const struct inspect_place *wanted)
{
    for (const struct yaml_document *document = change->file.documents; document;
         document = document->next) {
        const struct locate_place *found =
            document->root ? locate_patched(wanted->base, document->root, changer->arena) : NULL;
        if (found && locate_is_same(found, &wanted->at)) {
            return found;
        }
    }
    return NULL;
}

/* Both lists are in the same order, so the search goes on where it ended. */
static const struct locate_place *find_again(struct file_change *change,
                                             const struct locate_place *wanted)
{
    const struct locate_place *found = change->places;
    while (found && !locate_is_same(found, wanted)) {
        found = found->next;
    }
    change->places = found ? found : change->places;
    return found;
}

static bool read_again(struct changer *changer, const struct inspect_place *place,
                       struct file_change *change, struct err *err)
{
    struct yaml_document *documents = NULL;
    change->first_refusal = changer->refusals.count;
    change->file = file_to_locate(changer->inspection, place->file->path,
                                  place->at.form == LOCATE_VALUES_FILE);
    if (!changer->tree->read(changer->tree->context, place->file->path, changer->arena,
                             &change->file.text, err) ||
        !yaml_parse(changer->arena, change->file.text, &documents, err)) {
        return err_wrap(err, "%s", place->file->path);
    }
    change->file.documents = documents;
    change->places = locate_places(&change->file, changer->arena);
    return true;
}

static void note_users(struct changer *changer, const struct inspect_place *place)
{
    for (size_t i = 0; i < place->file->target_count; i++) {
        size_t target = place->file->targets[i];
        bool is_asked =
            !changer->target || &changer->inspection->targets[target] == changer->target;
        changer->is_user[target] = changer->is_user[target] || is_asked;
    }
}

static void take_place(struct changer *changer, struct file_change *change,
                       const struct inspect_place *place)
{
    const struct locate_place *at =
        place->base ? find_partial(changer, change, place) : find_again(change, &place->at);
    changer->out->place_count++;
    note_users(changer, place);
    if (!at || is_as_wished(changer->wish, at)) {
        return;
    }
    size_t before = change->amendments.count;
    const char *reason = amend_place(changer, place, at, &change->amendments);
    if (reason) {
        refuse(changer, place, reason);
        change->amendments.count = before;
    } else if (change->amendments.count > before) {
        size_t number = change->pieces.count;
        *VEC_ADD(&change->pieces) =
            (struct piece){place, before, change->amendments.count - before, number};
    }
}

/* ---- which pieces go together ---- */

static size_t unit_of(struct file_change *change, size_t piece)
{
    while (change->pieces.items[piece].unit != piece) {
        piece = change->pieces.items[piece].unit;
    }
    return piece;
}

static const char *place_key(char out[static 24], size_t start)
{
    snprintf(out, 24, "%zu", start);
    return out;
}

/* A value that an anchor gives to several places changes for all of them, or not at all. */
static void join_pieces(struct file_change *change)
{
    AUTO(map_done) struct map first = {0}; /* where a value stands → a piece, from 1 */
    for (size_t i = 0; i < change->pieces.count; i++) {
        struct piece *piece = &change->pieces.items[i];
        for (size_t n = piece->first; n < piece->first + piece->count; n++) {
            const struct yaml_amendment *amendment = &change->amendments.items[n];
            const struct yaml_node *at = amendment->at;
            if (amendment->kind != YAML_AMEND_SET) {
                continue;
            }
            char key[24];
            place_key(key, (at->target ? at->target : at)->start);
            uintptr_t before = (uintptr_t)map_get(&first, key);
            if (before) {
                change->pieces.items[unit_of(change, i)].unit = unit_of(change, (size_t)before - 1);
            } else {
                map_set(&first, key, (void *)(i + 1));
            }
        }
    }
    for (size_t i = 0; i < change->pieces.count; i++) {
        change->pieces.items[i].unit = unit_of(change, i);
    }
}

static int by_unit(const void *left, const void *right)
{
    const struct piece *a = left;
    const struct piece *b = right;
    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    return a->first < b->first ? -1 : a->first > b->first;
}

/* ---- all that can be changed ---- */

/* Two places can be one value, by a merge key: it is set once. */
static void add_pieces(const struct file_change *change, size_t low, size_t high,
                       locate_amendments *out)
{
    AUTO(map_done) struct map is_set = {0};
    for (size_t i = low; i < high; i++) {
        const struct piece *piece = &change->pieces.items[i];
        for (size_t n = piece->first; n < piece->first + piece->count; n++) {
            const struct yaml_amendment *amendment = &change->amendments.items[n];
            char key[24];
            bool is_again = amendment->kind == YAML_AMEND_SET &&
                            map_set(&is_set, place_key(key, amendment->at->start), (void *)1);
            if (!is_again) {
                *VEC_ADD(out) = *amendment;
            }
        }
    }
}

static bool try_pieces(struct file_change *change, size_t low, size_t high, struct err *err)
{
    AUTO_STR(result, YAML_BYTES_MAX);
    locate_amendments amendments = {0};
    add_pieces(change, low, high, &amendments);
    change->trials++;
    bool done = yaml_amend(change->file.text, change->file.documents, amendments.items,
                           amendments.count, &result, err);
    VEC_DONE(&amendments);
    if (done && low == 0 && high == change->pieces.count) {
        str_done(&change->after);
        change->after = result;
        result = (struct str){0};
    }
    return done;
}

static bool may_try(const struct file_change *change)
{
    return change->trials < TRIALS_MAX &&
           change->trials * change->file.text.length < TRIAL_BYTES_MAX;
}

/* The end of the unit that holds the middle, or the start of it when that is the whole rest. */
static size_t split_of(const struct file_change *change, size_t low, size_t high)
{
    const struct piece *pieces = change->pieces.items;
    size_t after = low + (high - low) / 2;
    size_t before = after;
    while (after < high && pieces[after].unit == pieces[after - 1].unit) {
        after++;
    }
    while (before > low && pieces[before].unit == pieces[before - 1].unit) {
        before--;
    }
    return after < high ? after : before;
}

static void refuse_pieces(struct changer *changer, const struct file_change *change, size_t low,
                          size_t high, const char *reason)
{
    for (size_t i = low; i < high; i++) {
        refuse(changer, change->pieces.items[i].place, reason);
    }
}

/* The pieces that can be changed, found by halves: a refusal of one keeps no other from its
   change. */
static void keep_pieces(struct changer *changer, struct file_change *change, size_t low,
                        size_t high)
{
    struct err err = {0};
    if (!may_try(change)) {
        refuse_pieces(changer, change, low, high,
                      "too many places of this file cannot be changed; mend those that are named "
                      "with a reason, and try again");
        return;
    }
    if (try_pieces(change, low, high, &err)) {
        add_pieces(change, low, high, &change->kept);
        return;
    }
    size_t middle = high - low > 1 ? split_of(change, low, high) : low;
    if (middle == low) {
        refuse_pieces(changer, change, low, high, err.text);
        return;
    }
    keep_pieces(changer, change, low, middle);
    keep_pieces(changer, change, middle, high);
}

static int by_line(const void *left, const void *right)
{
    const struct inspect_refusal *a = left;
    const struct inspect_refusal *b = right;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : a->column > b->column;
}

static bool finish_file(struct changer *changer, struct file_change *change, struct err *err)
{
    if (change->pieces.count > 0) {
        join_pieces(change);
        sort_items(change->pieces.items, change->pieces.count, sizeof(struct piece), by_unit);
        keep_pieces(changer, change, 0, change->pieces.count);
    }
    if (changer->refusals.count > change->first_refusal) {
        sort_items(changer->refusals.items + change->first_refusal,
                   changer->refusals.count - change->first_refusal, sizeof(struct inspect_refusal),
                   by_line);
    }
    if (change->kept.count == 0) {
        return true;
    }
    if (change->after.length == 0 &&
        !yaml_amend(change->file.text, change->file.documents, change->kept.items,
                    change->kept.count, &change->after, err)) {
        return err_wrap(err, "%s", change->file.path);
    }
    struct inspect_edit *edit = VEC_ADD(&changer->edits);
    edit->file = change->file.path;
    edit->before = change->file.text;
    edit->after.bytes = arena_strndup(changer->arena, change->after.text, change->after.length);
    edit->after.length = change->after.length;
    return true;
}

/* All wanted places of the file that stands at `at`; moves behind them. */
static bool change_file(struct changer *changer, size_t *at, struct err *err)
{
    const struct inspection *inspection = changer->inspection;
    const struct inspect_file *file = inspection->places[*at].file;
    AUTO(file_change_done) struct file_change change = {0};
    str_init(&change.after, YAML_BYTES_MAX);
    bool done = true;
    bool is_read = false;
    for (; *at < inspection->place_count && inspection->places[*at].file == file; ++*at) {
        const struct inspect_place *place = &inspection->places[*at];
        if (!done || !is_wanted(changer, place)) {
            continue;
        }
        done = is_read || read_again(changer, place, &change, err);
        is_read = true;
        if (done) {
            take_place(changer, &change, place);
        }
    }
    return done && (!is_read || finish_file(changer, &change, err));
}

/* A file that cannot be read, and has the name in its text, may use the image. */
static void refuse_unreadable(struct changer *changer)
{
    const struct inspect_wish *wish = changer->wish;
    for (const struct manifest_problem *problem = changer->inspection->problems; problem;
         problem = problem->next) {
        struct slice text = {0};
        struct err ignored = {0};
        bool is_read = changer->tree->read(changer->tree->context, problem->file, changer->arena,
                                           &text, &ignored);
        if (is_read && memmem(text.bytes, text.length, wish->image, strlen(wish->image))) {
            *VEC_ADD(&changer->refusals) =
                (struct inspect_refusal){problem->file, problem->line, 0, problem->text};
        }
    }
}

static void hand_over(struct changer *changer)
{
    struct inspect_outcome *out = changer->out;
    out->edit_count = changer->edits.count;
    out->refusal_count = changer->refusals.count;
    out->edits = arena_alloc(changer->arena, out->edit_count + 1, sizeof(*out->edits));
    out->refusals = arena_alloc(changer->arena, out->refusal_count + 1, sizeof(*out->refusals));
    if (out->edit_count) {
        memcpy(out->edits, changer->edits.items, out->edit_count * sizeof(*out->edits));
    }
    if (out->refusal_count) {
        memcpy(out->refusals, changer->refusals.items, out->refusal_count * sizeof(*out->refusals));
    }
}

static bool check_target(const struct changer *changer, struct err *err)
{
    const char *name = changer->wish->target;
    const struct pipeline *pipeline = changer->inspection->pipeline;
    const struct target *target = NULL;
    if (!name || changer->target) {
        return true;
    }
    if (pipeline && pipeline_stage_of_cluster(pipeline, name, &target)) {
        return err_set(
            err, ERR_NOT_FOUND,
            "the target %s is on another branch or in another repository; change it in a "
            "checkout of that",
            target->cluster);
    }
    return err_set(err, ERR_NOT_FOUND, "there is no target \"%.63s\"; heddle scan lists them",
                   name);
}

bool inspect_change(const struct manifest_tree *tree, const struct inspection *inspection,
                    const struct inspect_wish *wish, struct arena *arena,
                    struct inspect_outcome *out, struct err *err)
{
    struct changer changer = {.tree = tree,
                              .inspection = inspection,
                              .wish = wish,
                              .arena = arena,
                              .out = out,
                              .reader = {.tree = tree, .arena = arena}};
    *out = (struct inspect_outcome){0};
    for (size_t i = 0; wish->target && i < inspection->target_count; i++) {
        if (strcmp(inspection->targets[i].name, wish->target) == 0) {
            changer.target = &inspection->targets[i];
        }
    }
    note_completed(&changer);
    override_note(&changer);
    bool done = check_target(&changer, err);
    for (size_t at = 0; done && at < inspection->place_count;) {
        done = change_file(&changer, &at, err);
    }
    done = done && override_add(&changer, err);
    override_refuse_entries(&changer);
    if (wish->image) {
        refuse_unreadable(&changer);
    }
    hand_over(&changer);
    VEC_DONE(&changer.edits);
    VEC_DONE(&changer.refusals);
    VEC_DONE(&changer.overrides);
    map_done(&changer.entries);
    map_done(&changer.patches);
    map_done(&changer.completed);
    values_reader_done(&changer.reader);
    return done;
}
