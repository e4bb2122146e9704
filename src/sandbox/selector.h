/* selector: which objects a list or watch wants. */
#pragma once

#include "base/err.h"
#include "sandbox/kinds.h"

/* One requirement of a label or field selector. */
struct requirement {
    char *key;
    enum { NEEDS_EXISTS, NEEDS_MISSING, NEEDS_IN, NEEDS_NOT_IN } needs;
    VEC(char *) values;
};

struct selector {
    VEC(struct requirement) labels;
    VEC(struct requirement) fields;
};

/* "app=web,tier in (a,b),!old" and "metadata.name=web"; NULL or "" selects all. */
bool selector_parse(const char *labels, const char *fields, struct selector *out,
                    struct err *err) MUST_CHECK;
void selector_done(struct selector *selector);
bool selector_fits(const struct selector *selector, const json_t *object);
/* An object's spec.selector with matchLabels only. */
bool labels_match(const json_t *match_labels, const json_t *object);
