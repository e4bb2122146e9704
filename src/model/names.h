/* names: the grammar of names that people and files give to things. */
#pragma once

#include "base/err.h"

#define NAME_BYTES 64 /* a DNS label: 63 characters and NUL */
#define PATH_BYTES 256
#define ACTOR_BYTES 64
#define OID_BYTES 65
#define BRANCH_BYTES 256
#define REASON_BYTES 512

/* A DNS-1123 label, as Kubernetes wants it: a-z 0-9 and '-', not at the ends.  `what` names it
   in the error: "stage name \"Prod\" …". */
bool name_check(const char *what, const char *name, struct err *err) MUST_CHECK;
/* A folder of a repository: a relative path without empty, "." or ".." parts, or PATH_ROOT. */
#define PATH_ROOT "."
bool path_check(const char *what, const char *path, struct err *err) MUST_CHECK;
/* The same folder as trees of files call it: "" is their root. */
const char *path_in_tree(const char *path);
