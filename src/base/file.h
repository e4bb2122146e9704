/* file: whole small files, read with a ceiling and replaced in one step. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Append the file's bytes to `out`; its ceiling is the limit.  ERR_NOT_FOUND when there is
   none, ERR_INVALID when it is larger than the ceiling. */
bool file_read(const char *path, struct str *out, struct err *err) MUST_CHECK;
/* Read a secret: one line, without its line end, 4 KiB at most. */
bool file_read_secret(const char *path, struct str *out, struct err *err) MUST_CHECK;
/* Replace the file by new bytes: write beside it, fsync, rename.  A crash leaves the old
   or the new content, never a mixture.  `mode` as for open(2). */
bool file_replace(const char *path, struct slice bytes, unsigned mode, struct err *err) MUST_CHECK;
/* Make a folder and its parents with mode 0700; it may exist already. */
bool file_make_folder(const char *path, struct err *err) MUST_CHECK;
/* Remove a folder and all in it, following no link.  Missing is fine. */
bool file_remove_tree(const char *path, struct err *err) MUST_CHECK;
