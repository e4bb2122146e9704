/* newest-tag REPOSITORY: all its tags listed, and the newest semantic version of them printed, as
   the server finds it.  For measuring against what people do by hand: crane ls | sort -V. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/policy.h"
#include "registry/registry.h"

static bool print_newest(const char *repository, struct err *err)
{
    AUTO(registry_free) struct registry *registry = NULL;
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    const struct registry_options options = {0};
    if (!registry_new(&options, &registry, err) ||
        !registry_list_tags(registry, repository, &tags, NULL, err)) {
        return false;
    }
    int64_t newest = policy_newest(policy_rule_for(NULL, repository),
                                   (const char *const *)tags.tags, NULL, tags.count);
    if (newest < 0) {
        return err_set(err, ERR_NOT_FOUND, "none of %zu tags is a version", tags.count);
    }
    printf("%s\n", tags.tags[newest]);
    return true;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s REPOSITORY\n", argv[0]);
        return 2;
    }
    if (!print_newest(argv[1], &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}
