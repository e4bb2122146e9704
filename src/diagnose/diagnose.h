/*
 * diagnose: why is it not healthy, in a sentence a person can act on?  Pure.
 *
 * One cause is chosen, by the order of research: apply error, creation refused (quota, admission),
 * unschedulable, image pull, configuration missing, init container, crash, probe, deadline.  Codes
 * HD10xx are stable and documented in docs/guide.md.
 */
#pragma once

#include "model/facts.h"

/* Fill `out`; code "" when nothing is wrong.  `now_ms` only measures how long a pod has been
   waiting: a cause that may still heal by itself is named at once, but is not terminal. */
void diagnose(const struct workload_facts *facts, int64_t now_ms, struct diagnosis *out);
