/* defaults: what the API server fills in, and what it refuses. */
#pragma once

#include "sandbox/kinds.h"

/* Fill in what a manifest leaves out: the fields that controllers and people look at. */
void defaults_fill(const struct kind *kind, json_t *object);
/* NULL, or a refusal: names, labels that a selector must match, and fields that may not change. */
json_t *defaults_check(const struct kind *kind, const json_t *live, const json_t *next);
