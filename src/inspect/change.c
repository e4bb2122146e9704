/* change: set the version of an image, wherever it is written. */
#include <string.h>

#include "inspect/changer.h"

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

static bool is_wanted(const struct changer *changer, const struct inspect_place *place)
{
    return place->at.form != LOCATE_CHART && is_of_workload(changer->wish, &place->at) &&
           (!changer->wish->image || strcmp(place->at.image, changer->wish->image) == 0) &&
           is_of_target(changer, place);
}

static void refuse(struct changer *changer, const struct inspect_place *place, const char *reason)
{
    *VEC_ADD(&changer->refusals) = (struct inspect_refusal){
        place->file->path, place->at.line, place->at.column, arena_strdup(changer->arena, reason)};
}

/* ---- what to amend ---- */

typedef VEC(struct yaml_amendment) amendment_vec;

static void set(amendment_vec *amendments, const struct yaml_node *node, const char *value)
{
    if (strcmp(node->text, value) != 0) {
        *VEC_ADD(amendments) =
            (struct yaml_amendment){.kind = YAML_AMEND_SET, .at = node, .value = value};
    }
}

static void add(amendment_vec *amendments, const struct locate_place *place,
                const struct yaml_node *behind, const char *key, const char *value)
{
    *VEC_ADD(amendments) = (struct yaml_amendment){
        .kind = YAML_AMEND_ADD, .in = place->parent, .at = behind, .key = key, .value = value};
}

static void amend_whole(const struct changer *changer, const struct locate_place *place,
                        amendment_vec *amendments)
{
    const struct inspect_wish *wish = changer->wish;
    const char *value = arena_printf(changer->arena, "%.*s%s%s%s%s%s", (int)place->whole_skip,
                                     place->whole->text, place->image, wish->tag[0] ? ":" : "",
                                     wish->tag, wish->digest[0] ? "@" : "", wish->digest);
    set(amendments, place->whole, value);
}

/* Without a digest of its own, a new tag with the old digest would still run the old image. */
static void drop_digest(const struct locate_place *place, amendment_vec *amendments)
{
    if (place->digest_node && place->form == LOCATE_KUSTOMIZE) {
        *VEC_ADD(amendments) = (struct yaml_amendment){
            .kind = YAML_AMEND_REMOVE, .in = place->parent, .at = place->digest_node};
    } else if (place->digest_node) {
        set(amendments, place->digest_node, "");
    }
}

/* Tag and digest in one scalar, as charts without a key for digests want it. */
static const char *joined(const struct changer *changer)
{
    return arena_printf(changer->arena, "%s@%s", changer->wish->tag, changer->wish->digest);
}

static bool amend_split(const struct changer *changer, const struct locate_place *place,
                        amendment_vec *amendments)
{
    const struct inspect_wish *wish = changer->wish;
    bool is_joined = place->tag_node && place->tag_node == place->digest_node;
    bool has_digest_key = !is_joined && (place->digest_node || place->digest_key);
    const char *tag = wish->digest[0] && !has_digest_key ? joined(changer) : wish->tag;
    if (place->tag_node) {
        set(amendments, place->tag_node, tag);
    } else if (place->tag_key) {
        add(amendments, place, place->digest_node, place->tag_key, tag);
    } else {
        return false;
    }
    if (is_joined || !has_digest_key) {
        return true;
    }
    if (!wish->digest[0]) {
        drop_digest(place, amendments);
    } else if (place->digest_node) {
        set(amendments, place->digest_node, wish->digest);
    } else {
        add(amendments, place, place->tag_node, place->digest_key, wish->digest);
    }
    return true;
}

static bool is_as_wished(const struct inspect_wish *wish, const struct locate_place *at)
{
    return strcmp(at->tag, wish->tag) == 0 && strcmp(at->digest, wish->digest) == 0;
}

/* The amendments of one place; the reason when it is refused. */
static const char *amend_place(struct changer *changer, const struct inspect_place *place,
                               const struct locate_place *at, amendment_vec *amendments)
{
    if (at->trouble) {
        return at->trouble;
    }
    if (override_is_needed(changer, place)) {
        return override_instead(changer, place);
    }
    if (at->whole) {
        amend_whole(changer, at, amendments);
        return NULL;
    }
    return amend_split(changer, at, amendments) ? NULL : "there is no key that a tag could go into";
}

/* ---- one file ---- */

static const struct locate_place *find_again(const struct locate_place *places,
                                             const struct locate_place *wanted)
{
    for (; places; places = places->next) {
        if (places->document == wanted->document && places->line == wanted->line &&
            places->column == wanted->column && places->form == wanted->form &&
            strcmp(places->container, wanted->container) == 0) {
            return places;
        }
    }
    return NULL;
}

struct file_change {
    struct locate_file file;
    const struct locate_place *places;
    amendment_vec amendments;
};

static bool read_again(struct changer *changer, const struct inspect_place *place,
                       struct file_change *change, struct err *err)
{
    struct yaml_document *documents = NULL;
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

/* One place after another, so that a refusal of one keeps none of the others from its change. */
static void take_place(struct changer *changer, struct file_change *change,
                       const struct inspect_place *place)
{
    const struct locate_place *at = find_again(change->places, &place->at);
    changer->out->place_count++;
    if (!at || is_as_wished(changer->wish, at)) {
        return;
    }
    size_t before = change->amendments.count;
    const char *reason = amend_place(changer, place, at, &change->amendments);
    struct err err = {0};
    AUTO_STR(trial, YAML_BYTES_MAX);
    if (!reason && change->amendments.count > before &&
        !yaml_amend(change->file.text, change->file.documents, change->amendments.items + before,
                    change->amendments.count - before, &trial, &err)) {
        reason = err.text;
    }
    if (reason) {
        refuse(changer, place, reason);
        change->amendments.count = before;
    }
}

static bool finish_file(struct changer *changer, struct file_change *change, struct err *err)
{
    AUTO_STR(after, YAML_BYTES_MAX);
    if (change->amendments.count == 0) {
        return true;
    }
    if (!yaml_amend(change->file.text, change->file.documents, change->amendments.items,
                    change->amendments.count, &after, err)) {
        return err_wrap(err, "%s", change->file.path);
    }
    struct inspect_edit *edit = VEC_ADD(&changer->edits);
    edit->file = change->file.path;
    edit->before = change->file.text;
    edit->after.bytes = arena_strndup(changer->arena, after.text, after.length);
    edit->after.length = after.length;
    return true;
}

/* All wanted places of the file that stands at `at`; moves behind them. */
static bool change_file(struct changer *changer, size_t *at, struct err *err)
{
    const struct inspection *inspection = changer->inspection;
    const struct inspect_file *file = inspection->places[*at].file;
    struct file_change change = {0};
    bool done = true;
    for (; *at < inspection->place_count && inspection->places[*at].file == file; ++*at) {
        const struct inspect_place *place = &inspection->places[*at];
        if (!done || !is_wanted(changer, place)) {
            continue;
        }
        done = change.places || read_again(changer, place, &change, err);
        if (done) {
            take_place(changer, &change, place);
        }
    }
    done = done && finish_file(changer, &change, err);
    VEC_DONE(&change.amendments);
    return done;
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
    return !changer->wish->target || changer->target ||
           err_set(err, ERR_NOT_FOUND, "there is no target \"%.63s\"; heddle scan lists them",
                   changer->wish->target);
}

bool inspect_change(const struct manifest_tree *tree, const struct inspection *inspection,
                    const struct inspect_wish *wish, struct arena *arena,
                    struct inspect_outcome *out, struct err *err)
{
    struct changer changer = {
        .tree = tree, .inspection = inspection, .wish = wish, .arena = arena, .out = out};
    *out = (struct inspect_outcome){0};
    for (size_t i = 0; wish->target && i < inspection->target_count; i++) {
        if (strcmp(inspection->targets[i].name, wish->target) == 0) {
            changer.target = &inspection->targets[i];
        }
    }
    bool done = check_target(&changer, err);
    for (size_t at = 0; done && at < inspection->place_count;) {
        done = change_file(&changer, &at, err);
    }
    done = done && override_add(&changer, err);
    if (wish->image) {
        refuse_unreadable(&changer);
    }
    hand_over(&changer);
    VEC_DONE(&changer.edits);
    VEC_DONE(&changer.refusals);
    return done;
}
