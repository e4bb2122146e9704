/* reader: heddle.yaml taken apart by tables of fields, with all that is wrong in it.  Private to
   configrepo. */
#pragma once

#include "base/vec.h"
#include "configrepo/configrepo.h"
#include "model/pipeline.h"
#include "yaml/yaml.h"

struct reader {
    struct arena *arena;
    VEC(struct pipeline_trouble) troubles;
};

/* One field of a mapping.  `is_later`: part of the design, but not of this version. */
struct field {
    const char *name;
    bool (*read)(struct reader *reader, const struct yaml_node *value, void *out);
    bool is_required;
    bool is_later;
};

/* Note what is wrong with the node, and what to do about it; false.  Whoever reads a list or a
   mapping goes on with the next one. */
bool refuse(struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* unknown field "stagse"; did you mean "stages"?  Or all that is known, when nothing is near. */
bool refuse_word(struct reader *reader, const struct yaml_node *node, const char *what,
                 const char *const *known, size_t count);

bool want_scalar(struct reader *reader, const struct yaml_node *node, const char *example);
bool want_sequence(struct reader *reader, const struct yaml_node *node, const char *example);
/* Read a mapping by its table: every key known, every required field there. */
bool read_mapping(struct reader *reader, const struct yaml_node *node, const struct field *fields,
                  size_t count, void *out);

bool read_name(struct reader *reader, const struct yaml_node *node, const char *what,
               char out[static NAME_BYTES]);
/* true or false, and nothing else. */
bool read_flag(struct reader *reader, const struct yaml_node *node, bool *out);
/* From 1 to max. */
bool read_number(struct reader *reader, const struct yaml_node *node, unsigned max, unsigned *out);
/* One of `words`; its index. */
bool read_choice(struct reader *reader, const struct yaml_node *node, const char *what,
                 const char *const *words, size_t count, size_t *out);
bool read_exactly(struct reader *reader, const struct yaml_node *node, const char *wanted);

/* ---- pipeline_versions.c ---- */

bool read_versions(struct reader *reader, const struct yaml_node *node, void *out);
