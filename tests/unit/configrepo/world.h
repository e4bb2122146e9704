/* world: the story of each configrepo test: files in a real repository, and a mirror of it. */
#pragma once

#include "../git/remote.h"
#include "configrepo/configrepo.h"

#define OLD_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000001"
#define NEW_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000002"
#define WHEN_MS INT64_C(1795341785000)

struct world {
    struct remote remote;
    struct arena *arena;
    struct git *git;
    struct configrepo_memory *memory; /* as the server has one */
    char head[GIT_OID_BYTES];
};

int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

void commit_files(struct world *world, const struct remote_file *files, size_t count);
#define FILES(world, ...)                                                                          \
    commit_files((world), (const struct remote_file[]){__VA_ARGS__},                               \
                 sizeof((const struct remote_file[]){__VA_ARGS__}) / sizeof(struct remote_file))

const char *workload_text(struct world *world, const char *kind, const char *name,
                          const char *image);
const char *deployment(struct world *world, const char *name, const char *image);
/* In the arena; `others` are the other targets' paths. */
bool scan_try(struct world *world, const char *path, const char *const *others, size_t count,
              struct scan **out, struct err *err);
const struct scan *scan_with(struct world *world, const char *path, const char *const *others,
                             size_t count);
const struct scan *scan_of(struct world *world, const char *path);
const struct place *place_of(const struct scan *scan, const char *workload);
const struct place *place_named(const struct scan *scan, const char *workload,
                                const char *container);
void expect_image(const struct place *place, const char *wanted);
void expect_blocked(const struct place *place, const char *part);
void expect_problem(const struct scan *scan, const char *file, unsigned line, const char *part);
struct version_change change_to(const char *path, const char *workload, const char *tag);
/* Of one container of dev's, without a digest. */
struct version_change change_in(const char *workload, const char *container, const char *tag);
struct commit_request request_for(const struct world *world, const struct version_change *changes,
                                  size_t count);
bool commit(struct world *world, const struct commit_request *request, struct draft_commit *draft,
            struct err *err);
void expect_edit(struct world *world, struct version_change change, const char *file,
                 const char *wanted);
void expect_files(struct world *world, const struct commit_request *request, const char *file,
                  const char *wanted);
/* The same for one change of dev's, where prod is a target, too. */
void expect_changed(struct world *world, struct version_change change, const char *file,
                    const char *wanted);
void expect_refused(struct world *world, struct version_change change, enum err_kind kind,
                    const char *part);
