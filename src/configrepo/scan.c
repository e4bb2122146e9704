#include <stdlib.h>
#include <string.h>

#include "configrepo/survey.h"

struct scanner {
    const struct walk *walk;
    struct arena *arena;
    struct scan *scan;
    struct manifest_problem **problems_end;
};

static void add_problem(struct scanner *scanner, const char *file, unsigned line, const char *text)
{
    struct manifest_problem *problem = ARENA_NEW(scanner->arena, struct manifest_problem);
    problem->file = arena_strdup(scanner->arena, file);
    problem->line = line;
    problem->text = arena_strdup(scanner->arena, text);
    *scanner->problems_end = problem;
    scanner->problems_end = &problem->next;
}

/* A name without a version, in values that nobody completes, is no version of anything. */
static bool is_version(const struct slot *slot)
{
    bool may_lack_it =
        !slot->own.at || slot->own.at->form == LOCATE_FIELD || slot->own.at->form == LOCATE_CHART;
    return may_lack_it || slot->tag[0] || slot->digest[0];
}

static const char *note_of(struct scanner *scanner, const struct slot *slot,
                           const struct override *override)
{
    return override->note ? override->note
           : slot->note   ? arena_strdup(scanner->arena, slot->note)
                          : NULL;
}

/* Keys of values may be many; the others of the release are no worse for it. */
static bool skip_place(struct scanner *scanner, const struct slot *slot)
{
    add_problem(scanner, slot->last.file, slot_line(slot),
                arena_printf(scanner->arena,
                             "the version of %s is not promoted: its keys, %.40s…, are longer than "
                             "63 characters",
                             slot->name, slot->container));
    return true;
}

static bool add_place(struct scanner *scanner, const struct item *item, const struct slot *slot,
                      struct scan_workload *workload)
{
    struct place *place = &workload->places[workload->place_count];
    struct override override;
    if (!is_version(slot)) {
        return true;
    }
    if (!TEXT_COPY(place->container, slot->container)) {
        return !slot->is_field && skip_place(scanner, slot);
    }
    slot_image(slot, &place->image);
    place->form = slot->last.at ? slot->last.at->form : LOCATE_FIELD;
    place->file = arena_strdup(scanner->arena, slot->last.file);
    place->line = slot_line(slot);
    place->blocked = slot_blocked(scanner->walk, item, slot, &override, scanner->arena);
    place->note = place->blocked ? NULL : note_of(scanner, slot, &override);
    place->is_floating = slot->last.at && slot->last.at->is_floating;
    workload->place_count++;
    return true;
}

static int by_text(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

static void add_files(struct scanner *scanner, const struct item *item,
                      struct scan_workload *workload)
{
    size_t room = 0;
    for (const struct file_name *name = item->files; name; name = name->next) {
        room++;
    }
    workload->files = arena_alloc(scanner->arena, room + 1, sizeof(*workload->files));
    const char **names = workload->files;
    for (const struct file_name *name = item->files; name; name = name->next) {
        *names++ = name->path;
    }
    qsort(workload->files, room, sizeof(*workload->files), by_text);
    for (size_t i = 0; i < room; i++) {
        const char *path = workload->files[i];
        size_t count = workload->file_count;
        if (count == 0 || strcmp(workload->files[count - 1], path) != 0) {
            workload->files[workload->file_count++] = arena_strdup(scanner->arena, path);
        }
    }
}

static void add_workload(struct scanner *scanner, const struct item *item)
{
    struct scan_workload *workload = &scanner->scan->workloads[scanner->scan->workload_count];
    const struct manifest_object *object = item->object;
    *workload = (struct scan_workload){
        .kind = item->kind,
        .file = arena_strdup(scanner->arena, object->file),
        .line = object->line,
        .places = arena_alloc(scanner->arena, item->slot_count + 1, sizeof(*workload->places)),
    };
    bool fits =
        TEXT_COPY(workload->name, item->name) && TEXT_COPY(workload->namespace, item->namespace);
    for (size_t i = 0; fits && i < item->slot_count; i++) {
        fits = add_place(scanner, item, &item->slots[i], workload);
    }
    if (fits && workload->place_count == 0 && item->kind >= WORKLOAD_HELM_RELEASE) {
        return; /* nothing of it has a version, or a chart of Git has all of them */
    }
    if (!fits) {
        add_problem(scanner, object->file, object->line,
                    "a workload's, namespace's or container's name is longer than 63 characters");
        return;
    }
    add_files(scanner, item, workload);
    scanner->scan->workload_count++;
}

static bool is_chart_alone(const struct scan_workload *workload)
{
    bool is_alone = true;
    for (size_t i = 0; i < workload->place_count; i++) {
        is_alone = is_alone && workload->places[i].form == LOCATE_CHART;
    }
    return is_alone && workload->place_count > 0;
}

/* Of one name, what is only a chart comes last. */
static int by_name(const void *a, const void *b)
{
    const struct scan_workload *left = a;
    const struct scan_workload *right = b;
    int order = strcmp(left->name, right->name);
    order = order ? order : is_chart_alone(left) - is_chart_alone(right);
    order = order ? order : strcmp(left->file, right->file);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

static void say_double(struct scanner *scanner, const struct scan_workload *first,
                       const struct scan_workload *second, bool is_first_kept)
{
    const char *remedy = is_first_kept
                             ? "the chart of this one is not promoted until it has another name"
                             : "give one another name, or a target of its own";
    add_problem(scanner, second->file, second->line,
                arena_printf(scanner->arena,
                             "two workloads of %s are called %s: here and in %s:%u; %s",
                             scanner->scan->path, first->name, first->file, first->line, remedy));
}

/* A version for one of them would be a guess, so both stay out until their names differ.  But what
   is only a chart keeps nobody else out. */
static void drop_doubles(struct scanner *scanner)
{
    struct scan *scan = scanner->scan;
    size_t kept = 0;
    for (size_t i = 0; i < scan->workload_count;) {
        const struct scan_workload *first = &scan->workloads[i];
        size_t end = i + 1;
        bool is_kept = true;
        while (end < scan->workload_count && strcmp(scan->workloads[end].name, first->name) == 0) {
            const struct scan_workload *second = &scan->workloads[end++];
            bool gives_way = is_chart_alone(second) && !is_chart_alone(first);
            say_double(scanner, first, second, gives_way);
            is_kept = is_kept && gives_way;
        }
        if (is_kept) {
            scan->workloads[kept++] = *first;
        }
        i = end;
    }
    scan->workload_count = kept;
}

bool scan_of_walk(const struct walk *walk, struct arena *arena, struct scan **out, struct err *err)
{
    struct scan *scan = ARENA_NEW(arena, struct scan);
    struct scanner scanner = {walk, arena, scan, &scan->problems};
    TEXT_COPY_CUT(scan->commit, walk->survey->tree->commit);
    if (!TEXT_COPY(scan->path, walk->path)) {
        return err_set(err, ERR_INVALID, "the path %.100s… is too long", walk->path);
    }
    for (const struct manifest_problem *problem = walk->problems; problem;
         problem = problem->next) {
        add_problem(&scanner, problem->file, problem->line, problem->text);
    }
    scan->workloads = arena_alloc(arena, walk->item_count + 1, sizeof(*scan->workloads));
    for (size_t i = 0; i < walk->item_count; i++) {
        if (!walk->items[i].is_source) {
            add_workload(&scanner, &walk->items[i]);
        }
    }
    qsort(scan->workloads, scan->workload_count, sizeof(*scan->workloads), by_name);
    drop_doubles(&scanner);
    *out = scan;
    return true;
}

static int named(const void *name, const void *workload)
{
    return strcmp(name, ((const struct scan_workload *)workload)->name);
}

const struct scan_workload *scan_find(const struct scan *scan, const char *workload)
{
    return bsearch(workload, scan->workloads, scan->workload_count, sizeof(*scan->workloads),
                   named);
}

bool scan_reads(const struct scan_workload *workload, const char *file)
{
    for (size_t i = 0; i < workload->file_count; i++) {
        size_t length = strlen(workload->files[i]);
        bool begins = strncmp(workload->files[i], file, length) == 0;
        if (begins && (file[length] == '\0' || file[length] == '/')) {
            return true;
        }
    }
    return false;
}
