/*
 * program: a program of a test's making, in a folder that stands first in PATH.
 */
#pragma once

struct program {
    char folder[64];
    char file[160];
    char *path; /* PATH as it was */
};

/* `script` begins with "#!/bin/sh\n".  One at a time. */
void program_begin(struct program *program, const char *name, const char *script);
void program_end(struct program *program);
