/* An image reference is read and written back as the same bytes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = xcalloc(length + 1, 1);
    if (length) {
        memcpy(text, bytes, length);
    }
    struct image image;
    struct err err = {0};
    if (image_parse(text, &image, &err)) {
        AUTO_STR(back, IMAGE_TEXT_BYTES + 8);
        image_format(&image, &back);
        assert(strcmp(back.text, text) == 0);
    } else {
        assert(err.kind == ERR_INVALID);
    }
    free(text);
    return 0;
}
