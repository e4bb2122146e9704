/* watch: open watches and what they are told. */
#pragma once

#include "base/vec.h"
#include "sandbox/objects.h"

struct watch;
struct watches {
    VEC(struct watch *) open;
    struct loop_timer *timer; /* bookmarks and ends */
};

struct sandbox_cluster;
struct request;

void watches_start(struct sandbox_cluster *cluster);
void watches_stop(struct sandbox_cluster *cluster);
void watches_tell(struct sandbox_cluster *cluster, const struct change *change);
/* Answer a request with ?watch=1. */
void watches_open(struct request *request);
