/* flag: reading values into options.  Private to cli. */
#pragma once

#include "cli/cli.h"

/* Where a value came from; a later one wins. */
enum flag_origin { FLAG_UNSET, FLAG_FALLBACK, FLAG_FILE, FLAG_VARIABLE, FLAG_ARGUMENT };

#define FLAG_COUNT_MAX 64

/* One parse: the flags of all sets, in one row, with the origin of each value. */
struct flag_parse {
    struct arena *arena;
    struct {
        const struct cli_flag *flag;
        void *values;
        enum flag_origin origin;
    } slots[FLAG_COUNT_MAX];
    size_t count;
};

#define FLAG_NONE SIZE_MAX
size_t flag_find(const struct flag_parse *parse, const char *name, size_t length);
/* Set one value unless a better origin has set it already.  `where` names the place for messages:
   "--wait", "HEDDLE_WAIT", "heddle.yaml:3". */
bool flag_set(struct flag_parse *parse, size_t slot, enum flag_origin origin, const char *where,
              const char *text, struct err *err) MUST_CHECK;
/* The name nearest to a wrong one, or NULL. */
const char *flag_nearest(const struct flag_parse *parse, const char *name);

bool flag_read_variables(struct flag_parse *parse, struct err *err) MUST_CHECK;
bool flag_read_file(struct flag_parse *parse, const char *path, struct err *err) MUST_CHECK;
