#include <string.h>

#include "manifest/manifest.h"

/* Take the last part off; false at the root. */
static bool go_up(struct str *path)
{
    if (path->length == 0) {
        return false;
    }
    const char *slash = strrchr(path->text, '/');
    path->length = slash ? (size_t)(slash - path->text) : 0;
    path->text[path->length] = '\0';
    return true;
}

static bool add_parts(struct str *path, const char *relative)
{
    while (*relative) {
        size_t length = strcspn(relative, "/");
        struct slice part = {relative, length};
        if (slice_equals(part, "..")) {
            if (!go_up(path)) {
                return false;
            }
        } else if (length > 0 && !slice_equals(part, ".")) {
            if (path->length) {
                str_add_char(path, '/');
            }
            str_add_bytes(path, relative, length);
        }
        relative += length;
        relative += *relative == '/';
    }
    return !path->failed;
}

const char *manifest_path(struct arena *arena, const char *folder, const char *relative)
{
    AUTO_STR(path, 4096);
    if (relative[0] == '/' || !add_parts(&path, folder) || !add_parts(&path, relative)) {
        return NULL;
    }
    return arena_strdup(arena, path.text);
}
