/* notify: webhooks of the simulated registry.  Private to registry_host. */
#pragma once

#include "base/str.h"
#include "loop/loop.h"

/* A push, as it is told. */
struct notice {
    const char *repository, *tag, *digest, *media_type;
    size_t size;
    int port; /* the registry's own */
    int64_t now_ms;
};

/* Post it from a worker, signed unless the secret is NULL; tried three times, then dropped: who
   listens also looks by itself. */
void notify_send(struct loop *loop, const char *url, const char *secret,
                 const struct notice *notice);
