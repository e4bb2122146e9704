/* field_path: paths as replacements write them ("spec.containers.[name=main].image").  Private to
   render.  Where a path does what only kustomize can say, the functions return false. */
#pragma once

#include "render/internal.h"

#define FIELD_PATH_PARTS_MAX 32

struct field_path {
    const char *parts[FIELD_PATH_PARTS_MAX];
    size_t count;
};

bool field_path_read(struct arena *arena, const char *text, struct field_path *out);
/* Does it lead to annotations as a whole, among which kustomize has notes of its own? */
bool field_path_is_notes(const struct field_path *path);
/* Does it lead to a name or namespace, and is the text one that YAML would not read as a text? */
bool field_path_is_name(const struct field_path *path, const char *text);
/* The one value at it, borrowed; NULL when there is none. */
bool field_path_get(const struct field_path *path, json_t *root, json_t **out);
/* Call for each value at it; a field with value NULL was missing, and may be set when `creates`. */
bool field_path_visit(const struct field_path *path, json_t *root, bool creates,
                      bool (*act)(void *context, const struct field *field), void *context);

/* The text of a plain value, in the arena or borrowed; NULL for others, and for numbers that are
   not written one way only. */
const char *plain_text(struct arena *arena, const json_t *value);
/* The value that YAML reads in a plain text; NULL when it is not plain to see. */
json_t *guessed_value(const char *text);
