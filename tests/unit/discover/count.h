/* count: run a loop until what its callbacks count has come. */
#pragma once

#include "loop/loop.h"

#define PATIENCE_MS 20000 /* real time until a test gives up */

/* Until the counter has reached this number, and no more. */
void await_count(struct loop *loop, const int *counter, int wanted);
