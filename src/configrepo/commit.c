#include <stdlib.h>
#include <string.h>

#include "configrepo/survey.h"
#include "crypto/crypto.h"

/* What is asked is not longer than this where it is remembered. */
#define KEY_TEXT_BYTES_MAX ((size_t)16 << 20)

/* One commit in the making. */
struct maker {
    struct git *git;
    struct configrepo_memory *memory;
    const struct commit_request *request;
    struct arena *arena; /* of the work; the answer is in the caller's */
    const char **paths;  /* all_paths and those of the changes */
    struct walk **walks; /* of each, on the base; NULL: not walked yet */
    size_t path_count;
    struct configrepo_survey *base, *draft;
    edit_vec edits; /* sorted by file and place, each once */
};

/* ---- what to edit ---- */

static bool same_version(const struct image *a, const struct image *b)
{
    return strcmp(a->tag, b->tag) == 0 && strcmp(a->digest, b->digest) == 0;
}

/* The version as it is written in this place.  A tag that moves can only be told by its digest;
   whether it moves is asked of the plan, so that a change made twice is made once. */
static struct image written_as(const struct maker *maker, const struct slot *slot,
                               const struct version_change *change)
{
    struct image wanted = change->to;
    enum pin pin = maker->request->pin;
    bool has_moved = strcmp(change->from.tag, change->to.tag) == 0;
    bool is_dropped = pin == PIN_NEVER || (pin == PIN_KEEP && !slot->digest[0] && !has_moved);
    if (is_dropped && wanted.tag[0]) {
        wanted.digest[0] = '\0';
    }
    if (slot_is_chart(slot)) {
        slot_write_chart(slot, &wanted);
    }
    return wanted;
}

/* As the scan knows it: what is only a chart gives way. */
static const struct item *find_item(const struct walk *walk, const struct version_change *change,
                                    struct err *err)
{
    const struct item *found = NULL;
    const struct item *second = NULL;
    for (size_t i = 0; i < walk->item_count; i++) {
        const struct item *item = &walk->items[i];
        if (!item_has_version(item) || strcmp(item->name, change->workload) != 0) {
            continue;
        }
        bool is_better = found && item_is_chart_alone(found) && !item_is_chart_alone(item);
        bool is_alike = found && item_is_chart_alone(found) == item_is_chart_alone(item);
        second = is_better ? NULL : is_alike ? item : second;
        found = !found || is_better ? item : found;
    }
    if (!found) {
        err_set(err, ERR_NOT_FOUND, "%s has no workload %s", change->path, change->workload);
    } else if (second) {
        err_set(err, ERR_REFUSED,
                "two workloads of %s are called %s: in %s and in %s; give "
                "one of them another name",
                change->path, change->workload, found->object->file, second->object->file);
    }
    return second ? NULL : found;
}

static const struct slot *slot_named(const struct item *item, const char *container)
{
    for (size_t i = 0; i < item->slot_count; i++) {
        if (strcmp(item->slots[i].container, container) == 0) {
            return &item->slots[i];
        }
    }
    return NULL;
}

static const struct slot *find_slot(const struct item *item, const struct version_change *change,
                                    struct err *err)
{
    const struct slot *slot = slot_named(item, change->container);
    if (!slot) {
        err_set(err, ERR_NOT_FOUND, "%s in %s has no container %s with an image", change->workload,
                change->path, change->container);
    }
    return slot;
}

static bool says(const struct slot *slot, const struct image *wanted)
{
    struct image now;
    if (slot_is_chart(slot)) {
        return strcmp(slot->tag, wanted->tag) == 0 && strcmp(slot->digest, wanted->digest) == 0;
    }
    return slot_image(slot, &now) && same_version(&now, wanted);
}

static bool plan_change(struct maker *maker, const struct walk *walk,
                        const struct version_change *change, struct err *err)
{
    const struct item *item = find_item(walk, change, err);
    const struct slot *slot = item ? find_slot(item, change, err) : NULL;
    if (!slot) {
        return false;
    }
    struct image wanted = written_as(maker, slot, change);
    if (says(slot, &wanted)) {
        return true;
    }
    if (slot_is_chart(slot) && !wanted.tag[0] && !wanted.digest[0]) {
        return err_set(err, ERR_REFUSED,
                       "%s in %s: a chart is promoted by its version, not by a "
                       "digest",
                       item->name, walk->path);
    }
    return edit_slot(walk, item, slot, &wanted, maker->arena, &maker->edits, err);
}

static bool walk_base(struct maker *maker, size_t at, struct walk **out, struct err *err)
{
    struct manifest_tree tree = commit_tree_face(maker->base->tree);
    if (!maker->walks[at] &&
        !walk_path(maker->base, maker->paths[at], &tree, &maker->walks[at], err)) {
        return false;
    }
    *out = maker->walks[at];
    return true;
}

/* One walk serves all changes of a path; the changes stay in the request's order. */
static bool plan_path(struct maker *maker, size_t at, struct err *err)
{
    const struct commit_request *request = maker->request;
    const char *path = maker->paths[at];
    struct walk *walk = NULL;
    for (size_t i = 0; i < request->change_count; i++) {
        const struct version_change *change = &request->changes[i];
        if (strcmp(change->path, path) != 0) {
            continue;
        }
        if (!walk && !walk_base(maker, at, &walk, err)) {
            return false;
        }
        if (!plan_change(maker, walk, change, err)) {
            return false;
        }
    }
    return true;
}

static bool plan(struct maker *maker, struct err *err)
{
    for (size_t i = 0; i < maker->path_count; i++) {
        if (!plan_path(maker, i, err)) {
            return false;
        }
    }
    return edits_merge(&maker->edits, err);
}

/* ---- the commit ---- */

static bool make_commit(struct maker *maker, char out[static GIT_OID_BYTES], struct err *err)
{
    const edit_vec *edits = &maker->edits;
    struct git_change *changes = arena_alloc(maker->arena, edits->count, sizeof(*changes));
    size_t change_count = 0;
    for (size_t at = 0; at < edits->count;) {
        size_t end = edits_end(edits, at);
        struct git_change *change = &changes[change_count++];
        change->path = edits->items[at].file;
        change->known = commit_tree_entry(maker->base->tree, change->path);
        if (!edit_file(&edits->items[at], end - at, &maker->base->fields, maker->arena,
                       &change->bytes, err)) {
            return false;
        }
        at = end;
    }
    struct git_commit commit = {
        .parent = maker->request->base,
        .message = maker->request->message,
        .author_name = maker->request->author,
        .when_ms = maker->request->when_ms,
        .changes = changes,
        .change_count = change_count,
    };
    return git_commit(maker->git, &commit, out, err);
}

/* ---- is it what was meant? ---- */

static const struct version_change *change_of(const struct maker *maker, const char *path,
                                              const struct item *item, const struct slot *slot)
{
    for (size_t i = 0; i < maker->request->change_count; i++) {
        const struct version_change *change = &maker->request->changes[i];
        if (strcmp(change->path, path) == 0 && strcmp(change->workload, item->name) == 0 &&
            strcmp(change->container, slot->container) == 0) {
            return change;
        }
    }
    return NULL;
}

static bool check_slot(const struct maker *maker, const struct walk *walk, const struct item *item,
                       const struct slot *before, const struct slot *after, struct err *err)
{
    const struct version_change *wanted = change_of(maker, walk->path, item, before);
    struct image written = wanted ? written_as(maker, before, wanted) : (struct image){0};
    const char *tag = wanted ? written.tag : before->tag;
    const char *digest = wanted ? written.digest : before->digest;
    if (strcmp(before->name, after->name) == 0 && strcmp(after->tag, tag) == 0 &&
        strcmp(after->digest, digest) == 0) {
        return true;
    }
    if (wanted) {
        return err_set(err, ERR_REFUSED, "%s in %s would not get the version by editing %s",
                       item->name, walk->path, before->last.file);
    }
    return err_set(err, ERR_REFUSED,
                   "%s in %s would change too: %s holds one version for several workloads; "
                   "promote them together",
                   item->name, walk->path, before->last.file);
}

static bool same_items(const struct item *a, const struct item *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->namespace, b->namespace) == 0 &&
           a->kind == b->kind && a->slot_count == b->slot_count;
}

static bool check_walks(const struct maker *maker, const struct walk *before,
                        const struct walk *after, struct err *err)
{
    bool same = before->item_count == after->item_count;
    for (size_t i = 0; same && i < before->item_count; i++) {
        const struct item *old = &before->items[i];
        const struct item *new = &after->items[i];
        same = same_items(old, new);
        /* A chart's source is checked by those that take their charts from it. */
        for (size_t n = 0; same && !old->is_source && n < old->slot_count; n++) {
            /* Values that are said further up come in another order. */
            const struct slot *slot = slot_named(new, old->slots[n].container);
            same = slot != NULL;
            if (same && !check_slot(maker, before, old, &old->slots[n], slot, err)) {
                return false;
            }
        }
    }
    /* Charts that render no more with the new values say why. */
    const char *why = !before->problems && after->problems ? after->problems->text : "";
    return same || err_set(err, why[0] ? ERR_REFUSED : ERR_INTERNAL,
                           "the edit would change which workloads %s has%s%s", before->path,
                           why[0] ? ": " : "", why);
}

static bool uses_edited_file(const struct maker *maker, const char *path)
{
    for (size_t i = 0; i < maker->edits.count; i++) {
        const struct user *user = table_get(&maker->base->users, maker->edits.items[i].file);
        for (; user; user = user->next) {
            if (strcmp(user->path, path) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Read every target that uses an edited file again, from the new commit: exactly the meant
   containers have another version, and no other target has. */
static bool verify(struct maker *maker, const char *oid, struct err *err)
{
    maker->draft = survey_new(maker->git, oid, maker->memory, maker->arena);
    maker->draft->fields = maker->base->fields;
    maker->draft->charts = maker->base->charts;
    struct manifest_tree draft = commit_tree_face(maker->draft->tree);
    for (size_t i = 0; i < maker->path_count; i++) {
        struct walk *before = NULL;
        struct walk *after = NULL;
        const char *path = maker->paths[i];
        if (uses_edited_file(maker, path) && (!walk_base(maker, i, &before, err) ||
                                              !walk_path(maker->draft, path, &draft, &after, err) ||
                                              !check_walks(maker, before, after, err))) {
            return false;
        }
    }
    return true;
}

/* ---- from request to answer ---- */

static void add_path(struct maker *maker, const char *path)
{
    for (size_t i = 0; i < maker->path_count; i++) {
        if (strcmp(maker->paths[i], path) == 0) {
            return;
        }
    }
    maker->paths[maker->path_count++] = path;
}

static void collect_paths(struct maker *maker)
{
    const struct commit_request *request = maker->request;
    maker->paths = arena_alloc(maker->arena, request->all_path_count + request->change_count + 1,
                               sizeof(*maker->paths));
    maker->walks = arena_alloc(maker->arena, request->all_path_count + request->change_count + 1,
                               sizeof(*maker->walks));
    for (size_t i = 0; i < request->all_path_count; i++) {
        add_path(maker, request->all_paths[i]);
    }
    for (size_t i = 0; i < request->change_count; i++) {
        add_path(maker, request->changes[i].path);
    }
}

static void answer(const struct maker *maker, const char *oid, struct draft_commit *out)
{
    *out = (struct draft_commit){.edit_count = maker->edits.count};
    TEXT_COPY_CUT(out->oid, oid);
    TEXT_COPY_CUT(out->base, maker->request->base);
}

/* A mirror that began anew may lack the commit on which the request stands. */
static bool check_base(struct maker *maker, struct err *err)
{
    char oid[GIT_OID_BYTES];
    if (git_resolve(maker->git, maker->request->base, oid, err)) {
        return true;
    }
    if (err->kind == ERR_NOT_FOUND) {
        err->kind = ERR_CONFLICT;
    }
    return false;
}

/* ---- asked before ---- */

static void add_text(struct str *out, const char *text)
{
    str_addf(out, "%zu:%s,", text ? strlen(text) : 0, text ? text : "");
}

/* All that decides which files the commit has: not who asks, when, or in which words. */
static bool write_key(const struct commit_request *request, char out[static SHA256_HEX_BYTES])
{
    AUTO_STR(text, KEY_TEXT_BYTES_MAX);
    add_text(&text, request->base);
    str_addf(&text, "%d %zu %zu %zu", (int)request->pin, request->all_path_count,
             request->field_count, request->change_count);
    for (size_t i = 0; i < request->all_path_count; i++) {
        add_text(&text, request->all_paths[i]);
    }
    for (size_t i = 0; i < request->field_count; i++) {
        add_text(&text, request->fields[i].kind);
        add_text(&text, request->fields[i].path);
    }
    for (size_t i = 0; i < request->change_count; i++) {
        const struct version_change *change = &request->changes[i];
        const char *const parts[] = {change->path,          change->workload,   change->container,
                                     change->from.tag,      change->to.tag,     change->to.digest,
                                     change->to.repository, change->from.digest};
        for (size_t n = 0; n < COUNT_OF(parts); n++) {
            add_text(&text, parts[n]);
        }
    }
    crypto_sha256_hex(str_slice(&text), out);
    return !text.failed;
}

/* A release is committed as it was planned, moments ago: the same files, in another commit.  The
   draft may be gone from the mirror since; then it is made anew. */
static bool commit_again(struct maker *maker, const char *key, struct draft_commit *out)
{
    const struct commit_request *request = maker->request;
    const struct draft_commit *draft = memory_draft(maker->memory, key);
    struct err ignored = {0};
    if (!draft) {
        return false;
    }
    struct git_commit commit = {.parent = request->base,
                                .message = request->message,
                                .author_name = request->author,
                                .when_ms = request->when_ms,
                                .files_of = draft->oid};
    *out = *draft;
    return git_commit(maker->git, &commit, out->oid, &ignored);
}

static bool make(struct maker *maker, struct draft_commit *out, struct err *err)
{
    char oid[GIT_OID_BYTES];
    collect_paths(maker);
    maker->base = survey_new(maker->git, maker->request->base, maker->memory, maker->arena);
    maker->base->fields = (struct field_list){maker->request->fields, maker->request->field_count};
    maker->base->charts = maker->request->charts;
    if (!check_base(maker, err) ||
        !survey_add_users(maker->base, maker->paths, maker->path_count, err) || !plan(maker, err)) {
        return false;
    }
    if (maker->edits.count == 0) {
        answer(maker, maker->request->base, out);
        return true;
    }
    if (!make_commit(maker, oid, err) || !verify(maker, oid, err)) {
        return false;
    }
    answer(maker, oid, out);
    return true;
}

void commit_request_for(struct commit_request *request, const struct pipeline *pipeline,
                        struct arena *arena)
{
    size_t count = pipeline->image_field_count;
    struct image_field *fields = arena_alloc(arena, count + 1, sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        fields[i].kind = arena_strdup(arena, pipeline->image_fields[i].kind);
        fields[i].path = arena_strdup(arena, pipeline->image_fields[i].path);
    }
    request->fields = fields;
    request->field_count = count;
    request->pin = pipeline->pin;
}

bool configrepo_commit(struct git *git, struct configrepo_memory *memory,
                       const struct commit_request *request, struct draft_commit *out,
                       struct err *err)
{
    struct maker maker = {.git = git, .memory = memory, .request = request, .arena = arena_new()};
    if (memory) {
        configrepo_memory_trim(memory);
    }
    char key[SHA256_HEX_BYTES];
    bool is_kept = memory && write_key(request, key);
    bool made = is_kept && commit_again(&maker, key, out);
    if (!made) {
        made = make(&maker, out, err);
        if (made && is_kept && out->edit_count > 0) {
            memory_keep_draft(memory, key, out);
        }
    }
    VEC_DONE(&maker.edits);
    arena_free(&maker.arena);
    return made;
}
