/* Feed every file of a corpus folder to a fuzz target.  It must not crash, and not take long: the
   inputs that once did are in the corpus. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define INPUT_BYTES_MAX (8U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool feed(const char *folder, const char *name)
{
    AUTO_STR(path, 4096);
    AUTO_STR(input, INPUT_BYTES_MAX);
    struct err err = {0};
    str_addf(&path, "%s/%s", folder, name);
    if (!file_read(path.text, &input, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    /* A block of its own without a terminator, so that a sanitizer sees an overrun by one. */
    uint8_t *bytes = xmemdup(input.text, input.length ? input.length : 1);
    LLVMFuzzerTestOneInput(bytes, input.length);
    free(bytes);
    return true;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &entries, is_visible, alphasort);
    bool good = count > 0;
    for (int i = 0; i < count; i++) {
        good = feed(argv[1], entries[i]->d_name) && good;
        free(entries[i]);
    }
    free(entries);
    printf("%d inputs\n", count);
    return good ? 0 : 1;
}
