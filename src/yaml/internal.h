/* internal: what the files of yaml share and nobody else needs. */
#pragma once

#include "yaml/yaml.h"

enum yaml_type { YAML_TYPE_STRING, YAML_TYPE_NULL, YAML_TYPE_BOOL, YAML_TYPE_INT, YAML_TYPE_FLOAT };

struct yaml_value {
    enum yaml_type type;
    bool is_true;
    bool is_too_big; /* an int that needs 64 bits without a sign */
    int64_t integer;
    double real;
};

/* What sigs.k8s.io/yaml makes of a plain scalar without a tag. */
struct yaml_value yaml_resolve(const char *text);

/* yaml_edit() of a text whose parse is at hand. */
bool yaml_edit_parsed(struct slice text, const struct yaml_document *documents,
                      const struct yaml_edit *edits, size_t count, struct str *out,
                      struct err *err) MUST_CHECK;

bool yaml_is_merge_key(const struct yaml_node *key);

/* Append `text` in double quotes. */
void yaml_write_quoted(struct str *out, const char *text);
/* Length of the UTF-8 character at `text` and its code point; 0 when it is broken. */
size_t yaml_decode_char(const char *text, uint32_t *out);
/* A character that may stand in a file as itself: no control, no line end, no mark. */
bool yaml_is_printable(uint32_t point);
