#include "registry/chart_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"

#define KEY_BYTES 256
/* entries → chart → list → version → field */
#define DEPTH_OF_FIELDS 4

struct level {
    bool is_mapping;
    bool is_value_due; /* of a mapping: its key was read */
    char key[KEY_BYTES];
};

/* One that is asked for. */
struct sought {
    struct registry_index_chart *chart;
    VEC(struct registry_chart) found;
    bool is_there, has_too_many;
};

struct reading {
    struct map by_name;     /* struct sought */
    struct sought *current; /* whose versions stand here; NULL: nobody asks for them */
    struct level levels[YAML_STREAM_DEPTH_MAX + 1];
    size_t depth;
    size_t total;
    bool has_entries;
    struct registry_chart version; /* in the making */
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

/* Is what stands at this depth below entries and a chart that is asked for? */
static bool is_of_chart(const struct reading *reading, size_t depth)
{
    return reading->depth >= depth && reading->current && !reading->levels[3].is_mapping;
}

/* A key was read, or something that is none. */
static void note_key(struct reading *reading, const char *key)
{
    struct level *level = &reading->levels[reading->depth];
    text_copy_cut(level->key, sizeof(level->key), key);
    level->is_value_due = true;
    if (reading->depth <= 2) {
        bool is_chart = reading->depth == 2 && strcmp(reading->levels[1].key, "entries") == 0;
        reading->current = is_chart ? map_get(&reading->by_name, level->key) : NULL;
    }
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

/* Helm writes the hexadecimal digits alone. */
static void read_digest(struct registry_chart *version, const char *text)
{
    char digest[IMAGE_DIGEST_BYTES];
    bool is_bare = strncmp(text, "sha256:", strlen("sha256:")) != 0;
    int length = snprintf(digest, sizeof(digest), "%s%s", is_bare ? "sha256:" : "", text);
    if (length < (int)sizeof(digest) && image_digest_is_valid(digest)) {
        TEXT_COPY_CUT(version->digest, digest);
    }
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
    } else if (strcmp(key, "digest") == 0) {
        read_digest(version, step->text);
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
        note_key(reading, step->text_length < KEY_BYTES ? step->text : "");
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
        note_key(reading, "");
    } else {
        parent->is_value_due = false;
    }
    reading->depth++;
    reading->levels[reading->depth] = (struct level){.is_mapping = is_mapping};
    reading->has_entries = reading->has_entries || (reading->depth == 2 && is_mapping &&
                                                    strcmp(reading->levels[1].key, "entries") == 0);
    if (reading->depth == 3 && is_of_chart(reading, 3)) {
        reading->current->is_there = true;
    }
}

static bool keep_version(struct reading *reading, struct err *err)
{
    struct sought *sought = reading->current;
    if (!reading->version.version || sought->found.count == REGISTRY_CHART_VERSIONS_MAX) {
        sought->has_too_many = sought->has_too_many || reading->version.version;
        chart_done(&reading->version);
        return true;
    }
    if (++reading->total > REGISTRY_INDEX_VERSIONS_MAX) {
        return err_set(err, ERR_UNAVAILABLE, "its charts have more than %d versions",
                       REGISTRY_INDEX_VERSIONS_MAX);
    }
    *VEC_ADD(&sought->found) = reading->version;
    reading->version = (struct registry_chart){0};
    return true;
}

static bool close_level(struct reading *reading, struct err *err)
{
    bool is_version = reading->depth == DEPTH_OF_FIELDS &&
                      reading->levels[DEPTH_OF_FIELDS].is_mapping &&
                      is_of_chart(reading, DEPTH_OF_FIELDS);
    reading->depth--;
    return !is_version || keep_version(reading, err);
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

/* What was found goes to who asked for it. */
static void give(struct sought *sought)
{
    struct registry_index_chart *chart = sought->chart;
    chart->versions = (struct registry_charts){sought->found.items, sought->found.count};
    if (!sought->is_there) {
        err_set(&chart->err, ERR_NOT_FOUND,
                "it has no chart \"%.100s\"; a name is without the repository's", chart->name);
    } else if (sought->has_too_many) {
        err_set(&chart->err, ERR_UNAVAILABLE, "it has more than %d versions of %.100s",
                REGISTRY_CHART_VERSIONS_MAX, chart->name);
    }
    if (chart->err.kind != ERR_NONE) {
        registry_charts_done(&chart->versions);
    }
}

static bool read_all(struct reading *reading, const struct yaml_source *source, struct err *err)
{
    return yaml_stream(source, on_step, reading, err) &&
           (reading->has_entries ||
            err_set(err, ERR_INVALID, "it is no index of charts: it has no entries"));
}

bool chart_index_read(const struct yaml_source *source, struct registry_index_chart *charts,
                      size_t count, struct err *err)
{
    struct reading *reading = xcalloc(1, sizeof(*reading));
    struct sought *sought = xcalloc(count, sizeof(*sought));
    for (size_t i = 0; i < count; i++) {
        sought[i].chart = &charts[i];
        charts[i].versions = (struct registry_charts){0};
        charts[i].err = (struct err){0};
        map_set(&reading->by_name, charts[i].name, &sought[i]);
    }
    bool is_read = read_all(reading, source, err);
    for (size_t i = 0; i < count; i++) {
        give(&sought[i]);
        if (!is_read) {
            registry_charts_done(&charts[i].versions);
        }
    }
    chart_done(&reading->version);
    map_done(&reading->by_name);
    free(sought);
    free(reading);
    return is_read;
}
