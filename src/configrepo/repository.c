#include <string.h>

#include "configrepo/configrepo.h"

const struct config_repository *config_repository_find(const struct config_repository *all,
                                                       size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    return NULL;
}
