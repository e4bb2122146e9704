#include "model/kustomization.h"

#include <string.h>

const char *const kustomization_names[KUSTOMIZATION_NAMES] = {"kustomization.yaml",
                                                              "kustomization.yml", "Kustomization"};

bool kustomization_is_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (int i = 0; i < KUSTOMIZATION_NAMES; i++) {
        if (strcmp(kustomization_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}
