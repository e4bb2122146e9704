/* golden: the cases of tests/golden/kustomize; each has a kustomization in `target` and the
   objects that kustomize makes of it in want.json. */
#pragma once

#include "base/json.h"

/* Names of the cases, sorted; a malloc'd, NULL-terminated array of malloc'd texts. */
char **golden_cases(void);
void golden_cases_done(char ***cases);
/* The objects as heddle renders them natively, sorted by kind, namespace, name.  Fails the test
   when there are problems. */
json_t *golden_render(const char *name);
/* The same for a text of YAML documents. */
json_t *golden_objects(struct slice yaml);
/* How many objects differ; each is shown. */
size_t golden_differences(const char *name, const json_t *got, const json_t *want);
/* "tests/golden/kustomize/NAME/FILE" */
void golden_path(const char *name, const char *file, char *out, size_t size);
