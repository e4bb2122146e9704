#include "remote.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "proc/proc.h"

#define STREAM_BYTES_MAX ((size_t)64 << 20)

static const char *run(struct remote *remote, const char *git_dir, const char *const *args,
                       struct slice input)
{
    VEC(const char *) argv = {0};
    *VEC_ADD(&argv) = "git";
    *VEC_ADD(&argv) = arena_printf(remote->arena, "--git-dir=%s", git_dir);
    while (*args) {
        *VEC_ADD(&argv) = *args++;
    }
    *VEC_ADD(&argv) = NULL;
    static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                      "LC_ALL=C",
                                      "GIT_CONFIG_NOSYSTEM=1",
                                      "GIT_CONFIG_GLOBAL=/dev/null",
                                      "GIT_AUTHOR_NAME=ada",
                                      "GIT_AUTHOR_EMAIL=ada@test",
                                      "GIT_COMMITTER_NAME=ada",
                                      "GIT_COMMITTER_EMAIL=ada@test",
                                      NULL};
    struct proc_call call = {.argv = argv.items, .env = env, .input = input};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct err err = {0};
    ASSERT_OK(proc_run(&call, &result, &err), err);
    if (result.exit_code != 0) {
        fail_msg("git %s: %s", argv.items[2], result.errors.text);
    }
    VEC_DONE(&argv);
    size_t length = result.output.length;
    length -= length > 0 && result.output.text[length - 1] == '\n';
    return arena_strndup(remote->arena, result.output.text, length);
}

void remote_init_as(struct remote *remote, const char *object_format)
{
    *remote = (struct remote){.clock_s = 1700000000};
    snprintf(remote->folder, sizeof(remote->folder), "/tmp/heddle-git-XXXXXX");
    assert_non_null(mkdtemp(remote->folder));
    snprintf(remote->url, sizeof(remote->url), "%s/remote.git", remote->folder);
    snprintf(remote->mirror, sizeof(remote->mirror), "%s/mirror", remote->folder);
    remote->arena = arena_new();
    REMOTE_GIT(remote, "init", "--quiet", "--bare", "--initial-branch=main",
               arena_printf(remote->arena, "--object-format=%s", object_format));
}

void remote_init(struct remote *remote)
{
    remote_init_as(remote, "sha1");
}

void remote_done(struct remote *remote)
{
    struct err err = {0};
    ASSERT_OK(file_remove_tree(remote->folder, &err), err);
    arena_free(&remote->arena);
}

const char *remote_git(struct remote *remote, const char *const *args)
{
    return run(remote, remote->url, args, (struct slice){0});
}

const char *mirror_git(struct remote *remote, const char *const *args)
{
    return run(remote, remote->mirror, args, (struct slice){0});
}

void remote_import(struct remote *remote, struct slice stream)
{
    const char *const args[] = {"fast-import", "--quiet", "--force", NULL};
    run(remote, remote->url, args, stream);
}

const char *remote_commit(struct remote *remote, const char *branch,
                          const struct remote_file *files, size_t count)
{
    AUTO_STR(stream, STREAM_BYTES_MAX);
    const char *ref = arena_printf(remote->arena, "refs/heads/%s", branch);
    const char *tip = REMOTE_GIT(remote, "for-each-ref", "--format=%(objectname)", ref);
    str_addf(&stream, "commit %s\ncommitter ada <ada@test> %lld +0000\ndata 4\nedit\n", ref,
             (long long)remote->clock_s++);
    if (tip[0]) {
        str_addf(&stream, "from %s\n", tip);
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i].text) {
            str_addf(&stream, "M 100644 inline %s\ndata %zu\n%s\n", files[i].path,
                     strlen(files[i].text), files[i].text);
        } else {
            str_addf(&stream, "D %s\n", files[i].path);
        }
    }
    remote_import(remote, str_slice(&stream));
    return REMOTE_GIT(remote, "rev-parse", ref);
}

const char *remote_spy_on_git(struct remote *remote)
{
    struct err err = {0};
    const char *log = arena_printf(remote->arena, "%s/calls", remote->folder);
    const char *folder = arena_printf(remote->arena, "%s/bin", remote->folder);
    const char *program = arena_printf(remote->arena, "%s/git", folder);
    const char *text = arena_printf(remote->arena,
                                    "#!/bin/sh\necho \"$* \" >>%s\nenv >>%s.env\n"
                                    "PATH=\"%s\" exec git \"$@\"\n",
                                    log, log, getenv("PATH"));
    ASSERT_OK(file_make_folder(folder, &err), err);
    ASSERT_OK(file_replace(program, slice_of(text), 0700, &err), err);
    setenv("PATH", arena_printf(remote->arena, "%s:%s", folder, getenv("PATH")), 1);
    return log;
}

static glob_t list_packs(struct remote *remote)
{
    glob_t packs;
    const char *pattern = arena_printf(remote->arena, "%s/objects/pack/*.pack", remote->mirror);
    assert_int_equal(glob(pattern, 0, NULL, &packs), 0);
    return packs;
}

size_t mirror_count_packs(struct remote *remote)
{
    glob_t packs = list_packs(remote);
    size_t count = packs.gl_pathc;
    globfree(&packs);
    return count;
}

void mirror_copy_pack(struct remote *remote, int copies)
{
    static const char *const endings[] = {"pack", "promisor", "idx"};
    glob_t packs = list_packs(remote);
    const char *first = packs.gl_pathv[0];
    int base = (int)(strrchr(first, '.') - first);
    for (int i = 0; i < copies * (int)COUNT_OF(endings); i++) {
        const char *ending = endings[i % (int)COUNT_OF(endings)];
        const char *copy = arena_printf(remote->arena, "%s/objects/pack/pack-%040d.%s",
                                        remote->mirror, i / (int)COUNT_OF(endings), ending);
        const char *from = arena_printf(remote->arena, "%.*s.%s", base, first, ending);
        assert_true(link(from, copy) == 0 || errno == ENOENT); /* not each is promised */
    }
    globfree(&packs);
}

struct git *remote_open(struct remote *remote)
{
    struct git_options options = {.folder = remote->mirror, .url = remote->url, .branch = "main"};
    struct git *git = NULL;
    struct err err = {0};
    ASSERT_OK(git_open(&options, &git, &err), err);
    return git;
}

struct git *remote_fetched(struct remote *remote, char head[static GIT_OID_BYTES])
{
    struct git *git = remote_open(remote);
    bool rewritten = false;
    struct err err = {0};
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_false(rewritten);
    return git;
}

struct git_commit mirror_edit_of(const char *parent, const struct git_change *change)
{
    return (struct git_commit){.parent = parent,
                               .message = "promote cart\n\nHeddle-Release: R-1\n",
                               .author_name = "Ada",
                               .author_email = "ada@test",
                               .when_ms = 1795341785123,
                               .changes = change,
                               .change_count = 1};
}

void mirror_commit(struct git *git, const char *parent, const char *path, const char *text,
                   char out[static GIT_OID_BYTES])
{
    struct git_change change = {path, slice_of(text)};
    struct git_commit commit = mirror_edit_of(parent, &change);
    struct err err = {0};
    ASSERT_OK(git_commit(git, &commit, out, &err), err);
}

void mirror_expect_file(struct git *git, const char *commit, const char *path, const char *text)
{
    AUTO_STR(bytes, 1000);
    struct err err = {0};
    ASSERT_OK(git_read_path(git, commit, path, &bytes, &err), err);
    assert_string_equal(bytes.text, text);
}
