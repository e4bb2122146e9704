#include "registry/chart_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"

#define KEY_BYTES 256
/* entries → chart → list → version → field */
#define DEPTH_OF_FIELDS 4

struct level {
    bool is_mapping;
    bool is_value_due; /* of a mapping: its key was read */
    char key[KEY_BYTES];
};

struct reading {
    const char *chart;
    struct level levels[YAML_STREAM_DEPTH_MAX + 1];
    size_t depth;
    bool has_entries, has_chart;
    struct registry_chart version; /* in the making */
    VEC(struct registry_chart) found;
};

static void chart_done(struct registry_chart *version)
{
    free(version->version);
    free(version->app_version);
    *version = (struct registry_chart){0};
}

void registry_charts_done(struct registry_charts *charts)
{
    for (size_t i = 0; i < charts->count; i++) {
        chart_done(&charts->items[i]);
    }
    free(charts->items);
    *charts = (struct registry_charts){0};
}

/* Is what stands at this depth below entries and the chart? */
static bool is_of_chart(const struct reading *reading, size_t depth)
{
    return reading->depth >= depth && strcmp(reading->levels[1].key, "entries") == 0 &&
           strcmp(reading->levels[2].key, reading->chart) == 0 && !reading->levels[3].is_mapping;
}

static bool is_shown(const char *text)
{
    size_t length = 0;
    while ((unsigned char)text[length] > 0x20 && text[length] != 0x7F) {
        length++;
    }
    return length > 0 && length < IMAGE_TAG_BYTES && text[length] == '\0';
}

static void set_text(char **field, const char *text)
{
    free(*field);
    *field = is_shown(text) ? xstrdup(text) : NULL;
}

static void read_field(struct reading *reading, const char *key, const struct yaml_step *step)
{
    struct registry_chart *version = &reading->version;
    bool is_whole = strlen(step->text) == step->text_length;
    if (!is_whole) {
        return;
    }
    if (strcmp(key, "version") == 0) {
        set_text(&version->version, step->text);
    } else if (strcmp(key, "appVersion") == 0) {
        set_text(&version->app_version, step->text);
    } else if (strcmp(key, "created") == 0) {
        int64_t created_ms = clock_parse(step->text);
        version->created_ms = created_ms > 0 ? created_ms : 0;
    } else if (strcmp(key, "deprecated") == 0) {
        version->is_deprecated = strcmp(step->text, "true") == 0;
    }
}

static void read_scalar(struct reading *reading, const struct yaml_step *step)
{
    struct level *level = &reading->levels[reading->depth];
    if (reading->depth == 0 || !level->is_mapping) {
        return;
    }
    if (!level->is_value_due) {
        /* One that is too long is none that is asked for. */
        bool fits = step->text_length < KEY_BYTES;
        text_copy_cut(level->key, sizeof(level->key), fits ? step->text : "");
        level->is_value_due = true;
        return;
    }
    level->is_value_due = false;
    if (reading->depth == DEPTH_OF_FIELDS && is_of_chart(reading, DEPTH_OF_FIELDS)) {
        read_field(reading, level->key, step);
    }
}

/* A collection is its parent's value; one that is a key has no name. */
static void open_level(struct reading *reading, bool is_mapping)
{
    struct level *parent = &reading->levels[reading->depth];
    if (parent->is_mapping && !parent->is_value_due) {
        parent->key[0] = '\0';
        parent->is_value_due = true;
    } else {
        parent->is_value_due = false;
    }
    reading->depth++;
    reading->levels[reading->depth] = (struct level){.is_mapping = is_mapping};
    reading->has_entries = reading->has_entries || (reading->depth == 2 && is_mapping &&
                                                    strcmp(reading->levels[1].key, "entries") == 0);
    reading->has_chart = reading->has_chart || (reading->depth == 3 && is_of_chart(reading, 3));
}

static bool close_level(struct reading *reading, struct err *err)
{
    bool is_version = reading->depth == DEPTH_OF_FIELDS &&
                      reading->levels[DEPTH_OF_FIELDS].is_mapping &&
                      is_of_chart(reading, DEPTH_OF_FIELDS);
    reading->depth--;
    if (!is_version) {
        return true;
    }
    if (!reading->version.version) {
        chart_done(&reading->version);
        return true;
    }
    if (reading->found.count == REGISTRY_CHART_VERSIONS_MAX) {
        return err_set(err, ERR_UNAVAILABLE, "it has more than %d versions of %.100s",
                       REGISTRY_CHART_VERSIONS_MAX, reading->chart);
    }
    *VEC_ADD(&reading->found) = reading->version;
    reading->version = (struct registry_chart){0};
    return true;
}

static bool on_step(void *context, const struct yaml_step *step, struct err *err)
{
    struct reading *reading = context;
    switch (step->kind) {
    case YAML_STEP_SCALAR:
        read_scalar(reading, step);
        return true;
    case YAML_STEP_MAPPING:
        open_level(reading, true);
        return true;
    case YAML_STEP_SEQUENCE:
        open_level(reading, false);
        return true;
    case YAML_STEP_END:
        break;
    }
    return close_level(reading, err);
}

static bool check_found(const struct reading *reading, struct err *err)
{
    if (!reading->has_entries) {
        return err_set(err, ERR_INVALID, "it is no index of charts: it has no entries");
    }
    return reading->has_chart || err_set(err, ERR_NOT_FOUND,
                                         "it has no chart \"%.100s\"; a name is "
                                         "without the repository's",
                                         reading->chart);
}

bool chart_index_read(const struct yaml_source *source, const char *chart,
                      struct registry_charts *out, struct err *err)
{
    struct reading *reading = xcalloc(1, sizeof(*reading));
    reading->chart = chart;
    bool is_read = yaml_stream(source, on_step, reading, err) && check_found(reading, err);
    struct registry_charts found = {reading->found.items, reading->found.count};
    chart_done(&reading->version);
    free(reading);
    if (!is_read) {
        registry_charts_done(&found);
        return false;
    }
    *out = found;
    return true;
}
