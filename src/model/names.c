#include "model/names.h"

#include <string.h>

static bool is_label_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= NAME_BYTES || name[0] == '-' || name[length - 1] == '-') {
        return false;
    }
    for (const char *at = name; *at; at++) {
        if (!is_label_letter(*at) && *at != '-') {
            return false;
        }
    }
    return true;
}

/* The nearest right name: lower case, and each run of other bytes a single '-'. */
static void suggest(const char *name, char out[static NAME_BYTES])
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    size_t length = 0;
    for (const char *at = name; *at && length < NAME_BYTES - 1; at++) {
        const char *found = strchr(upper, *at);
        char c = *at;
        if (found) {
            c = lower[found - upper];
        }
        if (is_label_letter(c)) {
            out[length++] = c;
        } else if (length > 0 && out[length - 1] != '-') {
            out[length++] = '-';
        }
    }
    while (length > 0 && out[length - 1] == '-') {
        length--;
    }
    out[length] = '\0';
}

bool name_check(const char *what, const char *name, struct err *err)
{
    if (is_label(name)) {
        return true;
    }
    if (name[0] == '\0') {
        return err_set(err, ERR_INVALID, "%s is empty", what);
    }
    char better[NAME_BYTES];
    suggest(name, better);
    return err_set(err, ERR_INVALID,
                   "%s \"%.80s\" may have only a-z, 0-9 and '-', not '-' at an end, and at most "
                   "%d characters%s%s%s",
                   what, name, NAME_BYTES - 1, better[0] ? "; write \"" : "", better,
                   better[0] ? "\"" : "");
}

static bool part_is_plain(const char *part, size_t length)
{
    return length > 0 && !(length == 1 && part[0] == '.') &&
           !(length == 2 && part[0] == '.' && part[1] == '.');
}

static bool has_control_bytes(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7F) {
            return true;
        }
    }
    return false;
}

bool path_check(const char *what, const char *path, struct err *err)
{
    if (strlen(path) >= PATH_BYTES) {
        return err_set(err, ERR_INVALID, "%s \"%.80s…\" is longer than %d bytes", what, path,
                       PATH_BYTES - 1);
    }
    if (has_control_bytes(path)) {
        return err_set(err, ERR_INVALID, "%s has control characters in it", what);
    }
    if (strcmp(path, PATH_ROOT) == 0) {
        return true;
    }
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (!part_is_plain(at, length)) {
            return err_set(err, ERR_INVALID,
                           "%s \"%s\" must be a relative path like \"clusters/dev\", without "
                           "empty, \".\" or \"..\" parts, or \".\" for the repository's root",
                           what, path);
        }
        at += length;
        if (*at == '\0') {
            return true;
        }
    }
}

const char *path_in_tree(const char *path)
{
    return strcmp(path, PATH_ROOT) == 0 ? "" : path;
}
