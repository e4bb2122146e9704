/* Git hosts, and what each of them asks for. */
#include <stdlib.h>

#include "promote/engine.h"

struct git_host *host_of(struct promote *engine, const char *repository)
{
    const char *name = engine->ports.host_of(engine->ports.context, repository);
    name = name ? name : "";
    struct git_host *host = map_get(&engine->hosts, name);
    if (!host) {
        host = xcalloc(1, sizeof(*host));
        map_set(&engine->hosts, name, host);
    }
    return host;
}

void host_rest_until(struct git_host *host, int64_t until_ms)
{
    host->rest_ms = until_ms > host->rest_ms ? until_ms : host->rest_ms;
}

void hosts_free(struct promote *engine)
{
    MAP_EACH (slot, &engine->hosts) {
        free(slot->value);
    }
    map_done(&engine->hosts);
}
