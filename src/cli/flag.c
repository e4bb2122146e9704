/* Flags among arguments. */
#include "cli/flag.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

#define LIST_ITEMS_MAX 1024

size_t flag_find(const struct flag_parse *parse, const char *name, size_t length)
{
    for (size_t i = 0; i < parse->count; i++) {
        if (slice_equals((struct slice){name, length}, parse->slots[i].flag->name)) {
            return i;
        }
    }
    return FLAG_NONE;
}

static size_t find_letter(const struct flag_parse *parse, char letter)
{
    for (size_t i = 0; i < parse->count; i++) {
        if (parse->slots[i].flag->letter == letter) {
            return i;
        }
    }
    return FLAG_NONE;
}

const char *flag_nearest(const struct flag_parse *parse, const char *name)
{
    const char *names[FLAG_COUNT_MAX];
    for (size_t i = 0; i < parse->count; i++) {
        names[i] = parse->slots[i].flag->name;
    }
    return text_nearest(name, names, parse->count);
}

/* ---- values ---- */

static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (length == strcspn(at, "|") && strncmp(at, text, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool set_switch(bool *value, const char *where, const char *text, struct err *err)
{
    static const char *const words[] = {"false", "0", "no", "true", "1", "yes"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i], text) == 0) {
            *value = i >= COUNT_OF(words) / 2;
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "%s is true or false, not \"%.40s\"", where, text);
}

static bool set_number(int64_t *value, const char *where, const char *text, struct err *err)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || number < 0 || number > INT32_MAX) {
        return err_set(err, ERR_INVALID, "%s needs a number, not \"%.40s\"", where, text);
    }
    *value = number;
    return true;
}

static bool set_duration(int64_t *value, const char *where, const char *text, struct err *err)
{
    if (strcmp(text, "0") == 0) {
        *value = 0;
        return true;
    }
    return duration_parse(text, value, err) || err_wrap(err, "%s", where);
}

static void add_item(struct cli_list *list, struct arena *arena, const char *bytes, size_t length)
{
    const char **items = arena_alloc(arena, list->count + 1, sizeof(*items));
    if (list->count) {
        memcpy(items, list->items, list->count * sizeof(*items));
    }
    items[list->count++] = arena_strndup(arena, bytes, length);
    list->items = items;
}

static bool set_list(struct cli_list *list, struct arena *arena, const char *where,
                     const char *text, struct err *err)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        if (list->count == LIST_ITEMS_MAX) {
            return err_set(err, ERR_INVALID, "%s has more than %d values", where, LIST_ITEMS_MAX);
        }
        if (length) {
            add_item(list, arena, text, length);
        }
        text += length + (text[length] == ',');
    }
    return true;
}

bool flag_set(struct flag_parse *parse, size_t slot, enum flag_origin origin, const char *where,
              const char *text, struct err *err)
{
    const struct cli_flag *flag = parse->slots[slot].flag;
    enum flag_origin before = parse->slots[slot].origin;
    if (before > origin) {
        return true;
    }
    if (flag->choices && !is_choice(flag->choices, text)) {
        return err_set(err, ERR_INVALID, "%s is one of %s, not \"%.40s\"", where, flag->choices,
                       text);
    }
    parse->slots[slot].origin = origin;
    void *value = (char *)parse->slots[slot].values + flag->offset;
    switch (flag->kind) {
    case CLI_TEXT:
        *(const char **)value = arena_strdup(parse->arena, text);
        return true;
    case CLI_SWITCH:
        return set_switch(value, where, text, err);
    case CLI_NUMBER:
        return set_number(value, where, text, err);
    case CLI_DURATION:
        return set_duration(value, where, text, err);
    case CLI_LIST:
        if (before < origin) {
            *(struct cli_list *)value = (struct cli_list){0};
        }
        return set_list(value, parse->arena, where, text, err);
    }
    return true;
}

/* ---- arguments ---- */

struct reader {
    struct flag_parse *parse;
    struct cli_list arguments;
    size_t at;
    struct cli_list *words;
};

static bool unknown(const struct flag_parse *parse, const char *name, struct err *err)
{
    const char *near = flag_nearest(parse, name);
    return err_set(err, ERR_INVALID, "there is no flag --%.60s%s%s%s", name,
                   near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

/* The value after "=", or the next argument. */
static bool set_from(struct reader *reader, size_t slot, const char *where, const char *attached,
                     struct err *err)
{
    const struct cli_flag *flag = reader->parse->slots[slot].flag;
    assert(flag); /* a slot is found by its flag */
    const char *text = attached;
    if (!text && flag->kind == CLI_SWITCH) {
        text = "true";
    }
    if (!text && reader->at < reader->arguments.count) {
        text = reader->arguments.items[reader->at++];
    }
    if (!text) {
        return err_set(err, ERR_INVALID, "%s needs a value: %s %s", where, where,
                       flag->placeholder);
    }
    return flag_set(reader->parse, slot, FLAG_ARGUMENT, where, text, err);
}

static bool read_long(struct reader *reader, const char *name, struct err *err)
{
    size_t length = strcspn(name, "=");
    size_t slot = flag_find(reader->parse, name, length);
    char where[64];
    snprintf(where, sizeof(where), "--%.*s", (int)(length < 60 ? length : 60), name);
    if (slot == FLAG_NONE) {
        return unknown(reader->parse, where + 2, err);
    }
    return set_from(reader, slot, where, name[length] ? name + length + 1 : NULL, err);
}

/* "-s prod", "-sprod", "-s=prod", and switches together: "-iy". */
static bool read_letters(struct reader *reader, const char *letters, struct err *err)
{
    for (const char *at = letters; *at; at++) {
        char where[3] = {'-', *at, '\0'};
        size_t slot = find_letter(reader->parse, *at);
        if (slot == FLAG_NONE) {
            return err_set(err, ERR_INVALID, "there is no flag -%.20s; `-h` lists them", at);
        }
        const struct cli_flag *flag = reader->parse->slots[slot].flag;
        assert(flag); /* a slot is found by its flag */
        if (flag->kind != CLI_SWITCH) {
            const char *rest = at + 1 + (at[1] == '=');
            return set_from(reader, slot, where, at[1] ? rest : NULL, err);
        }
        if (!set_from(reader, slot, where, NULL, err)) {
            return false;
        }
    }
    return true;
}

static bool read_arguments(struct reader *reader, struct err *err)
{
    bool only_words = false;
    const char **words = arena_alloc(reader->parse->arena, reader->arguments.count, sizeof(*words));
    while (reader->at < reader->arguments.count) {
        const char *argument = reader->arguments.items[reader->at++];
        bool succeeded = true;
        if (only_words || argument[0] != '-' || argument[1] == '\0') {
            words[reader->words->count++] = argument;
        } else if (strcmp(argument, "--") == 0) {
            only_words = true;
        } else if (argument[1] == '-') {
            succeeded = read_long(reader, argument + 2, err);
        } else {
            succeeded = read_letters(reader, argument + 1, err);
        }
        if (!succeeded) {
            return false;
        }
    }
    reader->words->items = words;
    return true;
}

/* ---- all sources ---- */

static void add_sets(struct flag_parse *parse, const struct cli_flags *sets, size_t set_count)
{
    for (size_t i = 0; i < set_count; i++) {
        for (size_t n = 0; n < sets[i].count; n++) {
            assert(parse->count < FLAG_COUNT_MAX);
            parse->slots[parse->count].flag = &sets[i].flags[n];
            parse->slots[parse->count++].values = sets[i].values;
        }
    }
}

static bool set_fallbacks(struct flag_parse *parse, struct err *err)
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct cli_flag *flag = parse->slots[i].flag;
        if (flag->fallback && !flag_set(parse, i, FLAG_FALLBACK, flag->name, flag->fallback, err)) {
            return false;
        }
    }
    return true;
}

static const char *config_file(const struct flag_parse *parse)
{
    size_t slot = flag_find(parse, "config", strlen("config"));
    if (slot == FLAG_NONE) {
        return NULL;
    }
    const char *values = parse->slots[slot].values;
    const char *path = NULL;
    memcpy(&path, values + parse->slots[slot].flag->offset, sizeof(path));
    return path;
}

bool cli_parse(const struct cli_flags *sets, size_t set_count, struct cli_list arguments,
               struct arena *arena, struct cli_list *out_words, struct err *err)
{
    struct flag_parse parse = {.arena = arena};
    struct reader reader = {.parse = &parse, .arguments = arguments, .words = out_words};
    *out_words = (struct cli_list){0};
    add_sets(&parse, sets, set_count);
    if (!read_arguments(&reader, err) || !flag_read_variables(&parse, err)) {
        return false;
    }
    const char *path = config_file(&parse);
    return (!path || flag_read_file(&parse, path, err)) && set_fallbacks(&parse, err);
}
