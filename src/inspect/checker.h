/* checker: what inspect_check() has found so far.  Private to inspect. */
#pragma once

#include "inspect/internal.h"

enum rule {
    RULE_PIPELINE_INVALID,
    RULE_TARGET_MISSING,
    RULE_TARGET_EMPTY,
    RULE_LATER_STAGE_ONLY,
    RULE_YAML_INVALID,
    RULE_DUPLICATE_KEY,
    RULE_KUSTOMIZATION_INVALID,
    RULE_KUSTOMIZE_NEEDED,
    RULE_SHARED_IMAGE,
    RULE_MUTABLE_TAG,
    RULE_ENCRYPTED,
    RULE_NOT_EDITABLE,
    RULE_COUNT,
};

struct checker {
    const struct manifest_tree *tree;
    const struct inspection *inspection;
    struct arena *arena;
    VEC(struct inspect_finding) findings;
};

struct spot {
    const char *file;
    unsigned line, column;
};

/* `remedy` is kept, the message copied. */
void checker_add(struct checker *checker, enum rule rule, struct spot spot, const char *remedy,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);
/* A text of ours that may begin with its place ("line 3, column 5: ", "3:5: ") and end with the
   remedy, behind a semicolon or in brackets. */
void checker_add_text(struct checker *checker, enum rule rule, struct spot spot, const char *text);

/* Does a target use it?  A repository without targets is looked at as a whole; folders, too. */
bool checker_is_used(const struct checker *checker, const struct inspect_file *file);
bool checker_is_used_path(const struct checker *checker, const char *path);

/* check_pipeline.c: heddle.yaml, and what it says about folders and stages. */
void check_pipeline(struct checker *checker);
/* check_files.c: YAML and kustomizations. */
void check_files(struct checker *checker);
/* check_places.c: the versions themselves. */
bool check_places(struct checker *checker, struct err *err) MUST_CHECK;
