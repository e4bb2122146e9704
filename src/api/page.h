/* page: the files of the web UI, as the build has embedded them.  Private to api. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct page_file {
    const char *path; /* "/assets/app-5f0c2a.js" */
    const char *type;
    const char *etag; /* with its quotes */
    const unsigned char *bytes;
    size_t length;
    bool is_gzip;      /* as embedded; every browser takes it */
    bool is_immutable; /* its name changes with its content */
};

extern const struct page_file page_files[];
extern const size_t page_file_count;
/* The page itself, with `<base href="/">` to be filled in. */
extern const char page_index[];
