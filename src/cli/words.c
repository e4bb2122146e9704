#include "cli/words.h"

#include <string.h>

#include "cli/table.h"
#include "model/chart.h"

const char *words_of(struct cli *cli, const char *state)
{
    char *words = arena_strdup(cli->arena, state);
    for (char *at = words; *at; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    return words;
}

enum style style_of(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } styles[] = {
        {"done", STYLE_GREEN},
        {"healthy", STYLE_GREEN},
        {"open", STYLE_GREEN},
        {"rolling_out", STYLE_BLUE},
        {"rolling", STYLE_BLUE},
        {"committing", STYLE_BLUE},
        {"committed", STYLE_BLUE},
        {"syncing", STYLE_BLUE},
        {"synced", STYLE_BLUE},
        {"verifying", STYLE_BLUE},
        {"needs_approval", STYLE_YELLOW},
        {"waiting", STYLE_YELLOW},
        {"held", STYLE_YELLOW},
        {"closed", STYLE_YELLOW},
        {"unreachable", STYLE_YELLOW},
        {"rolled_back", STYLE_YELLOW},
        {"failed", STYLE_RED},
        {"stuck", STYLE_RED},
        {"missing", STYLE_RED},
        {"stopped", STYLE_YELLOW},
        {"superseded", STYLE_DIM},
        {"no_data", STYLE_DIM},
    };
    for (size_t i = 0; i < COUNT_OF(styles); i++) {
        if (strcmp(styles[i].state, state) == 0) {
            return styles[i].style;
        }
    }
    return STYLE_PLAIN;
}

/* "3 min 12 s" becomes "3 min". */
static void span_text(int64_t from_ms, int64_t until_ms, char out[static AGE_BYTES])
{
    out[0] = '\0';
    if (from_ms > 0 && until_ms > 0) {
        duration_format(until_ms > from_ms ? until_ms - from_ms : 0, out);
        char *unit = strchr(out, ' ');
        out[unit ? (size_t)(unit - out) + 1 + strcspn(unit + 1, " ") : strlen(out)] = '\0';
    }
}

void age_of(const struct cli *cli, const char *time, char out[static AGE_BYTES])
{
    span_text(time ? clock_parse(time) : 0, env_now_ms(cli->env), out);
}

void span_of(const char *from, const char *until, char out[static AGE_BYTES])
{
    span_text(from ? clock_parse(from) : 0, until ? clock_parse(until) : 0, out);
}

const char *version_of(struct cli *cli, const json_t *image)
{
    const char *tag = json_text_at(image, "tag", NULL);
    const char *digest = json_text_at(image, "digest", NULL);
    if (tag) {
        return tag;
    }
    const char *hex = digest ? strchr(digest, ':') : NULL;
    return hex ? arena_printf(cli->arena, "@%.12s", hex + 1) : "-";
}

const char *version_in(struct cli *cli, const json_t *change, const char *key)
{
    bool is_chart = chart_is_named(json_text_at(change, "container", ""));
    const char *version = version_of(cli, json_at(change, key));
    return is_chart ? arena_printf(cli->arena, "chart %s", version) : version;
}

const char *shown_version(struct cli *cli, const json_t *cell)
{
    const char *version = json_text_at(cell, "version", "-");
    return json_bool_at(cell, "isChart", false) ? arena_printf(cli->arena, "chart %s", version)
                                                : version;
}

const char *join(struct cli *cli, const json_t *texts, size_t max)
{
    AUTO_STR(all, 4096);
    size_t count = json_array_size(texts);
    for (size_t i = 0; i < count && i < max; i++) {
        const char *text = json_string_value(json_array_get(texts, i));
        str_addf(&all, "%s%s", i ? ", " : "", text ? text : "?");
    }
    if (count > max) {
        str_addf(&all, " and %zu more", count - max);
    }
    return arena_strdup(cli->arena, all.text);
}

const char *wait_of(struct cli *cli, const json_t *registry)
{
    const char *host = json_text_at(registry, "host", "?");
    const char *until = json_text_at(registry, "waitsUntil", "");
    if (until[0]) {
        return arena_printf(cli->arena, "%s has asked to wait and is not asked before %s", host,
                            until);
    }
    if (json_bool_at(registry, "isSpent", false)) {
        return arena_printf(cli->arena, "%s has had its %lld requests of the hour, so polls wait",
                            host, (long long)json_int_at(registry, "requestsPerHour", 0));
    }
    return NULL;
}

const char *outage_of(struct cli *cli, const json_t *outage)
{
    static const struct {
        const char *kind, *what, *meaning;
    } kinds[] = {
        {"git", "The config repository ",
         "what is shown of Git is from before, and promotions wait"},
        {"host", "The API of the Git host of ", "pull requests and statuses wait"},
        {"registry", "", "new versions in it are not seen meanwhile"},
    };
    const char *name = json_text_at(outage, "name", "?");
    const char *kind = json_text_at(outage, "kind", "");
    const char *until = json_text_at(outage, "until", "");
    size_t i = 0;
    while (i + 1 < COUNT_OF(kinds) && strcmp(kinds[i].kind, kind) != 0) {
        i++;
    }
    if (until[0]) {
        return arena_printf(cli->arena,
                            "%s gets too many requests and has asked to wait until %s; %s.", name,
                            until, kinds[i].meaning);
    }
    char age[AGE_BYTES];
    age_of(cli, json_text_at(outage, "since", NULL), age);
    return arena_printf(cli->arena, "%s%s has been out of reach for %s; %s: %s", kinds[i].what,
                        name, age, kinds[i].meaning, json_text_at(outage, "problem", "?"));
}

const char *problem_of(struct cli *cli, const json_t *problem)
{
    const char *file = json_text_at(problem, "file", "");
    int64_t line = json_int_at(problem, "line", 0);
    const char *text = json_text_at(problem, "text", "?");
    if (!file[0]) {
        return arena_strdup(cli->arena, text);
    }
    return line ? arena_printf(cli->arena, "%s:%lld: %s", file, (long long)line, text)
                : arena_printf(cli->arena, "%s: %s", file, text);
}

void show_diagnosis(struct cli *cli, struct screen *screen, const json_t *diagnosis)
{
    const char *what = json_text_at(diagnosis, "what", NULL);
    if (!what) {
        return;
    }
    static const struct {
        const char *label, *key;
    } rows[] = {{"Effect", "effect"}, {"Evidence", "evidence"}, {"Do this", "action"}};
    char age[AGE_BYTES];
    age_of(cli, json_text_at(diagnosis, "since", NULL), age);
    screen_wrap(screen, 0, "%s %s%s%s%s", json_text_at(diagnosis, "code", "HD1099"), what,
                age[0] ? " (for " : "", age, age[0] ? ")" : "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *text = json_text_at(diagnosis, rows[i].key, "");
        if (text[0]) {
            screen_wrap(screen, 2, "%s: %s", rows[i].label, text);
        }
    }
}

void show_gates(struct screen *screen, const json_t *gates, size_t indent)
{
    AUTO(table_free) struct table *table = table_new(3);
    size_t i = 0;
    const json_t *gate = NULL;
    json_array_foreach (gates, i, gate) {
        const char *verdict = json_text_at(gate, "verdict", "?");
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(gate, "name", "?"));
        table_cell(table, style_of(verdict), "%s", verdict);
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(gate, "reason", ""));
    }
    table_print(table, screen, indent);
}

void show_skipped(struct screen *screen, const json_t *skipped, size_t indent)
{
    size_t i = 0;
    const json_t *skip = NULL;
    json_array_foreach (skipped, i, skip) {
        const char *target = json_text_at(skip, "target", "");
        screen_wrap(screen, indent, "%s%s%s: %s", json_text_at(skip, "workload", "?"),
                    target[0] ? " in " : "", target, json_text_at(skip, "reason", ""));
    }
}

static void add_row(struct cli *cli, struct table *table, const json_t *item, const json_t *change)
{
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "workload", "?"));
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "target", ""));
    table_cell(table, STYLE_PLAIN, "%lld", (long long)json_int_at(item, "wave", 1));
    table_cell(table, STYLE_PLAIN, "%s", version_in(cli, change, "from"));
    table_cell(table, STYLE_BOLD, "%s%s", version_in(cli, change, "to"),
               json_bool_at(change, "isOlder", false) ? " (older)" : "");
}

/* What is written elsewhere, for one target alone; several containers may have the same note. */
static void show_notes(struct screen *screen, const json_t *items, size_t indent)
{
    const char *last = "";
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *changes = json_array_at(json_array_get(items, i), "changes");
        for (size_t n = 0; n < json_array_size(changes); n++) {
            const char *note = json_text_at(json_array_get(changes, n), "note", "");
            if (note[0] && strcmp(note, last) != 0) {
                screen_wrap(screen, indent, "%s.", note);
            }
            last = note;
        }
    }
}

void show_items(struct cli *cli, struct screen *screen, const json_t *items, size_t indent)
{
    static const char *const heads[] = {"WORKLOAD", "TARGET", "WAVE", "FROM", "TO"};
    AUTO(table_free) struct table *table = table_new(COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        table_cell(table, STYLE_DIM, "%s", heads[i]);
    }
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (items, i, item) {
        const json_t *changes = json_array_at(item, "changes");
        for (size_t n = 0; n < json_array_size(changes); n++) {
            add_row(cli, table, item, json_array_get(changes, n));
        }
    }
    table_print(table, screen, indent);
    show_notes(screen, items, indent);
}
