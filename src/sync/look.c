/* look: is there a new commit, and what does it say?  A job of the git queue. */
#include <stdlib.h>
#include <string.h>

#include "configrepo/configrepo.h"
#include "sync/engine.h"

struct look {
    struct sync *sync;
    struct source *source;
    struct git_options git;
    const char *path, *pipeline_file;
    bool is_rewritten;
    struct err fetch_err, trust_err, render_err;
    char head[GIT_OID_BYTES];
    char
        wanted[GIT_OID_BYTES]; /* the commit to apply: the head, or the last one that was trusted */
    struct revision *revision; /* NULL: nothing new */
};

void revision_free(struct revision **revision)
{
    if (*revision) {
        render_result_done(&(*revision)->render);
        arena_free(&(*revision)->arena);
        xfree(revision);
    }
}

/* The remote's tip, or the mirror's own while the remote is away: what we knew goes on to hold. */
static bool find_head(struct look *look)
{
    struct source *source = look->source;
    struct err mirror_err = {0};
    if (!source->git && !git_open(&look->git, &source->git, &look->fetch_err)) {
        return false;
    }
    if (git_fetch(source->git, look->head, &look->is_rewritten, &look->fetch_err)) {
        look->fetch_err.kind = ERR_NONE;
        return true;
    }
    return git_head(source->git, look->git.branch, look->head, &mirror_err);
}

/* The fields that heddle.yaml names hold images, too.  A file that cannot be read names none: the
   server says what is wrong with it. */
static void read_fields(const struct manifest_tree *tree, const char *pipeline_file,
                        struct revision *revision)
{
    struct slice text = {0};
    struct pipeline *pipeline = NULL;
    struct err ignored = {0};
    revision->arena = arena_new();
    if (tree->read(tree->context, pipeline_file, revision->arena, &text, &ignored) &&
        configrepo_pipeline(text, pipeline_file, revision->arena, &pipeline, &ignored)) {
        revision->fields = pipeline->image_fields;
        revision->field_count = pipeline->image_field_count;
    }
}

/* A commit that nobody vouches for changes nothing: the last one that was signed goes on to hold.
 */
static bool choose_commit(struct look *look)
{
    struct git *git = look->source->git;
    struct err mirror_err = {0};
    bool wants_signed = look->git.allowed_signers_file || look->git.openpgp_folder;
    TEXT_COPY_CUT(look->wanted, look->head);
    if (wants_signed && !git_check_signed(git, look->head, &look->trust_err)) {
        return git_signed_head(git, look->wanted, &mirror_err) && look->wanted[0];
    }
    look->trust_err.kind = ERR_NONE;
    return true;
}

static void render(struct look *look)
{
    struct source *source = look->source;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct manifest_tree tree = configrepo_tree(source->git, look->wanted, arena);
    struct revision *revision = xcalloc(1, sizeof(*revision));
    if (!source->cache) {
        source->cache = render_cache_new();
    }
    if (!render_target(source->cache, &tree, look->path, &revision->render, &look->render_err)) {
        free(revision);
        return;
    }
    read_fields(&tree, look->pipeline_file, revision);
    revision_read_charts(revision, &tree);
    look->render_err.kind = ERR_NONE;
    TEXT_COPY_CUT(revision->commit, look->wanted);
    TEXT_COPY_CUT(source->rendered, look->wanted);
    look->revision = revision;
}

static void run(void *job)
{
    struct look *look = job;
    if (find_head(look) && choose_commit(look) &&
        strcmp(look->wanted, look->source->rendered) != 0) {
        render(look);
    }
}

static void take(struct sync *sync, struct look *look)
{
    set_trouble(sync, &sync->fetch_trouble,
                look->fetch_err.kind != ERR_NONE ? look->fetch_err.text : NULL);
    if (look->head[0]) {
        set_trouble(sync, &sync->trust_trouble,
                    look->trust_err.kind != ERR_NONE ? look->trust_err.text : NULL);
    }
    if (look->head[0] && strcmp(sync->seen_commit, look->head) != 0) {
        TEXT_COPY_CUT(sync->seen_commit, look->head);
        set_trouble(sync, &sync->history_trouble, NULL);
        report_change(sync);
    }
    if (look->is_rewritten) {
        set_trouble(sync, &sync->history_trouble,
                    "The history of the branch was rewritten: its new tip does not contain what "
                    "was applied before.  The old tip is kept in the mirror as refs/heddle/seen.");
    }
    if (look->revision || look->render_err.kind != ERR_NONE) {
        set_trouble(sync, &sync->render_trouble,
                    look->render_err.kind != ERR_NONE ? look->render_err.text : NULL);
    }
    if (look->revision) {
        revision_free(&sync->next_revision);
        sync->next_revision = TAKE(look->revision);
        pass_kick(sync, 0);
    }
}

static void done(void *job, bool is_stopping)
{
    struct look *look = job;
    struct sync *sync = look->sync;
    if (job_end(sync)) {
        sync->is_looking = false;
        if (!is_stopping) {
            take(sync, look);
        }
        if (sync->is_look_due && !is_stopping) {
            look_begin(sync);
        }
    }
    revision_free(&look->revision);
    free(look);
}

void look_begin(struct sync *sync)
{
    sync->is_look_due = sync->is_looking;
    if (sync->is_looking) {
        return;
    }
    struct look *look = xcalloc(1, sizeof(*look));
    look->sync = sync;
    look->source = &sync->source;
    look->git = sync->options.git;
    look->path = sync->options.path;
    look->pipeline_file = sync->options.pipeline_file;
    sync->is_looking = true;
    job_begin(sync);
    loop_work(sync->options.loop, sync->git_queue, run, done, look);
}
