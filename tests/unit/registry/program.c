#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../testing.h"
#include "base/file.h"

void program_begin(struct program *program, const char *name, const char *script)
{
    AUTO_STR(path, 65536);
    struct err err = {0};
    snprintf(program->folder, sizeof(program->folder), "/tmp/heddle-program-%d", (int)getpid());
    snprintf(program->file, sizeof(program->file), "%s/%s", program->folder, name);
    program->path = xstrdup(getenv("PATH"));
    str_addf(&path, "%s:%s", program->folder, program->path);
    ASSERT_OK(file_make_folder(program->folder, &err), err);
    ASSERT_OK(file_replace(program->file, slice_of(script), 0700, &err), err);
    setenv("PATH", path.text, 1);
}

void program_end(struct program *program)
{
    unlink(program->file);
    rmdir(program->folder);
    setenv("PATH", program->path, 1);
    free(program->path);
}
