#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/outcome.h"
#include "cli/words.h"

#define BAR_CELLS 10

void progress_begin(struct progress *progress, struct cli *cli)
{
    *progress = (struct progress){.cli = cli, .block = {.screen = cli_page(cli)}};
}

void progress_done(struct progress *progress)
{
    json_decref(progress->shown);
    progress->shown = NULL;
}

static bool is_live(const struct progress *progress)
{
    return progress->block.screen->can_move;
}

/* ---- one item ---- */

static bool is_troubled(const json_t *item)
{
    const char *state = json_text_at(item, "state", "");
    return strcmp(state, "stuck") == 0 || strcmp(state, "failed") == 0;
}

static bool is_item_over(const json_t *item)
{
    static const char *const over[] = {"done", "superseded", "stopped"};
    for (size_t i = 0; i < COUNT_OF(over); i++) {
        if (strcmp(over[i], json_text_at(item, "state", "")) == 0) {
            return true;
        }
    }
    return false;
}

static void add_bar(const json_t *item, struct str *out)
{
    int64_t ready = json_int_at(item, "ready", 0);
    int64_t wanted = json_int_at(item, "wanted", 0);
    bool is_done = strcmp(json_text_at(item, "state", ""), "done") == 0;
    int64_t filled = is_done ? BAR_CELLS : wanted > 0 ? ready * BAR_CELLS / wanted : 0;
    str_add_char(out, '[');
    for (int64_t i = 0; i < BAR_CELLS; i++) {
        str_add_char(out, i < filled ? '#' : '-');
    }
    str_add_char(out, ']');
}

static void add_state(struct cli *cli, const json_t *item, struct str *out)
{
    const char *state = json_text_at(item, "state", "?");
    int64_t wanted = json_int_at(item, "wanted", 0);
    bool counts = strcmp(state, "rolling") == 0 || is_troubled(item);
    if (wanted > 0 && counts) {
        str_addf(out, "%lld/%lld ready", (long long)json_int_at(item, "ready", 0),
                 (long long)wanted);
    } else {
        str_add(out, words_of(cli, state));
    }
}

/* Columns of names line up over all items. */
static int width_of_names(const json_t *items, const char *key)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        size_t length = strlen(json_text_at(json_array_get(items, i), key, ""));
        width = length > width ? length : width;
    }
    return (int)(width < 63 ? width : 63);
}

static void write_item(struct cli *cli, const json_t *items, const json_t *item,
                       struct block_line *line)
{
    AUTO_STR(text, 2048);
    AUTO_STR(safe, 8192);
    AUTO_STR(state, 256);
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "since", NULL), age);
    add_state(cli, item, &state);
    str_addf(&text, "%c %-*s  %-*s  ", is_troubled(item) ? '!' : ' ',
             width_of_names(items, "workload"), json_text_at(item, "workload", "?"),
             width_of_names(items, "target"), json_text_at(item, "target", ""));
    add_bar(item, &text);
    str_addf(&text, " %-11s", state.text);
    if (!is_item_over(item)) {
        str_addf(&text, " %7s", age);
    }
    const char *what = json_text_at(item, "diagnosis.what", NULL);
    if (what) {
        str_addf(&text, "  %s %s", json_text_at(item, "diagnosis.code", ""), what);
    }
    while (text.length && text.text[text.length - 1] == ' ') {
        text.text[--text.length] = '\0';
    }
    escape_terminal(&safe, text.text);
    text_copy_cut(line->text, sizeof(line->text), safe.text);
    line->style = is_troubled(item) ? STYLE_RED : is_item_over(item) ? STYLE_DIM : STYLE_PLAIN;
}

/* ---- the block ---- */

static void add_wave(const json_t *release, struct str *text)
{
    int64_t waves = json_int_at(release, "waves", 1);
    if (waves > 1 && !json_bool_at(release, "isOver", false)) {
        str_addf(text, ", wave %lld of %lld", (long long)json_int_at(release, "wave", 1),
                 (long long)waves);
    }
}

static void write_line(struct block_line *line, enum style style, const char *text)
{
    AUTO_STR(safe, 8192);
    escape_terminal(&safe, text);
    text_copy_cut(line->text, sizeof(line->text), safe.text);
    line->style = style;
}

static void write_head(struct cli *cli, const json_t *release, struct block_line *line)
{
    AUTO_STR(text, 2048);
    const char *phase = json_text_at(release, "phase", "?");
    const char *from = json_text_at(release, "from", "");
    char age[AGE_BYTES];
    age_of(cli, json_text_at(release, "phaseAt", NULL), age);
    str_addf(&text, "%s %s %s%s%s: %s", json_text_at(release, "name", "?"),
             json_text_at(release, "kind", ""), from, from[0] ? " -> " : "",
             json_text_at(release, "stage", ""), words_of(cli, phase));
    add_wave(release, &text);
    str_addf(&text, "%s%s", age[0] ? ", " : "", age);
    write_line(line, style_of(phase), text.text);
}

/* What matters most comes first when not all fit. */
static size_t rank_of(const json_t *item)
{
    bool is_waiting = strcmp(json_text_at(item, "state", ""), "waiting") == 0;
    return is_troubled(item) ? 0 : is_item_over(item) ? 3 : is_waiting ? 2 : 1;
}
#define RANKS 4

static void choose(const json_t *items, size_t room, bool *chosen)
{
    size_t count = json_array_size(items);
    for (size_t rank = 0; rank < RANKS; rank++) {
        for (size_t i = 0; i < count && room > 0; i++) {
            if (rank_of(json_array_get(items, i)) == rank) {
                chosen[i] = true;
                room--;
            }
        }
    }
}

static size_t write_items(struct cli *cli, const json_t *items, struct block_line *lines,
                          size_t room)
{
    size_t count = json_array_size(items);
    size_t shown = count <= room ? count : room > 0 ? room - 1 : 0;
    bool *chosen = arena_alloc(cli->arena, count, sizeof(*chosen));
    size_t used = 0;
    choose(items, shown, chosen);
    for (size_t i = 0; i < count; i++) {
        if (chosen[i]) {
            write_item(cli, items, json_array_get(items, i), &lines[used++]);
        }
    }
    if (shown < count && used < room) {
        char more[64];
        snprintf(more, sizeof(more), "  … and %zu more", count - shown);
        write_line(&lines[used++], STYLE_DIM, more);
    }
    return used;
}

static void draw(struct progress *progress, size_t room)
{
    struct cli *cli = progress->cli;
    const json_t *release = progress->shown;
    AUTO(xfree) struct block_line *lines = xcalloc(BLOCK_LINES_MAX, sizeof(*lines));
    size_t count = 0;
    write_head(cli, release, &lines[count++]);
    if (progress->trouble) {
        write_line(&lines[count++], STYLE_YELLOW, progress->trouble);
    } else {
        write_line(&lines[count++], STYLE_DIM, json_text_at(release, "why", ""));
    }
    if (room > count) {
        count += write_items(cli, json_array_at(release, "items"), lines + count, room - count);
    }
    block_draw(&progress->block, lines, count);
}

/* ---- one line per change ---- */

static void say(struct progress *progress, const char *text)
{
    char now[CLOCK_TEXT_BYTES];
    clock_format(env_now_ms(progress->cli->env), now);
    screen_line(progress->block.screen, STYLE_PLAIN, "%s %s", now, text);
    fflush(progress->block.screen->file);
}

static bool differs(const json_t *before, const json_t *now, const char *key)
{
    return !json_equal(json_object_get(before, key), json_object_get(now, key));
}

static void say_phase(struct progress *progress, const json_t *release)
{
    AUTO_STR(text, 2048);
    const char *why = json_text_at(release, "why", "");
    str_addf(&text, "%s %s", json_text_at(release, "name", "?"),
             words_of(progress->cli, json_text_at(release, "phase", "?")));
    add_wave(release, &text);
    str_addf(&text, "%s%s", why[0] ? ": " : "", why);
    say(progress, text.text);
}

static void say_commits(struct progress *progress, const json_t *before, const json_t *release)
{
    const json_t *commits = json_array_at(release, "commits");
    for (size_t i = before ? outcome_pushed(before) : 0; i < outcome_pushed(release); i++) {
        AUTO_STR(text, 256);
        const char *commit = json_string_value(json_array_get(commits, i));
        str_addf(&text, "%s committed %.*s, wave %zu of %lld", json_text_at(release, "name", "?"),
                 SHORT_DIGITS, commit ? commit : "", i + 1,
                 (long long)json_int_at(release, "waves", 1));
        say(progress, text.text);
    }
}

static const json_t *same_item(const json_t *release, const json_t *item)
{
    size_t i = 0;
    const json_t *other = NULL;
    json_array_foreach (json_array_at(release, "items"), i, other) {
        if (!differs(other, item, "workload") && !differs(other, item, "target")) {
            return other;
        }
    }
    return NULL;
}

static void say_item(struct progress *progress, const json_t *release, const json_t *item)
{
    AUTO_STR(text, 2048);
    const char *state = json_text_at(item, "state", "?");
    const char *what = json_text_at(item, "diagnosis.what", NULL);
    str_addf(&text, "%s %s %s %s", json_text_at(release, "name", "?"),
             json_text_at(item, "workload", "?"), json_text_at(item, "target", ""),
             words_of(progress->cli, state));
    if (strcmp(state, "rolling") == 0) {
        str_addf(&text, " %lld/%lld", (long long)json_int_at(item, "ready", 0),
                 (long long)json_int_at(item, "wanted", 0));
    }
    if (what) {
        str_addf(&text, " %s %s", json_text_at(item, "diagnosis.code", ""), what);
    }
    say(progress, text.text);
}

static void say_items(struct progress *progress, const json_t *before, const json_t *release)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(release, "items"), i, item) {
        const json_t *was = same_item(before, item);
        bool is_new = !was && strcmp(json_text_at(item, "state", ""), "waiting") != 0;
        bool counts = strcmp(json_text_at(item, "state", ""), "rolling") == 0;
        if (is_new ||
            (was && (differs(was, item, "state") ||
                     (counts && (differs(was, item, "ready") || differs(was, item, "wanted")))))) {
            say_item(progress, release, item);
        }
    }
}

static void say_changes(struct progress *progress, const json_t *before, const json_t *release)
{
    bool is_over = json_bool_at(release, "isOver", false);
    bool has_moved = differs(before, release, "phase") || differs(before, release, "wave");
    say_commits(progress, before, release);
    if (has_moved && !is_over) {
        say_phase(progress, release);
    }
    say_items(progress, before, release);
    if (has_moved && is_over) {
        say_phase(progress, release);
    }
}

/* ---- what callers see ---- */

void progress_show(struct progress *progress, const json_t *release)
{
    json_t *before = progress->shown;
    progress->shown = json_deep_copy(release);
    if (is_live(progress)) {
        draw(progress, block_room(&progress->block));
    } else {
        say_changes(progress, before, release);
    }
    json_decref(before);
}

void progress_tick(struct progress *progress)
{
    if (progress->shown && is_live(progress)) {
        draw(progress, block_room(&progress->block));
    }
}

void progress_trouble(struct progress *progress, const char *why)
{
    bool is_news = why && !progress->trouble;
    progress->trouble = why;
    if (is_live(progress)) {
        progress_tick(progress);
    } else if (is_news) {
        say(progress, why);
    }
}

void progress_end(struct progress *progress)
{
    if (!progress->shown || !is_live(progress)) {
        return;
    }
    struct cli *cli = progress->cli;
    const json_t *items = json_array_at(progress->shown, "items");
    struct block_line line;
    block_clear(&progress->block);
    write_head(cli, progress->shown, &line);
    screen_line(progress->block.screen, line.style, "%s", line.text);
    for (size_t i = 0; i < json_array_size(items); i++) {
        write_item(cli, items, json_array_get(items, i), &line);
        screen_line(progress->block.screen, line.style, "%s", line.text);
    }
}
