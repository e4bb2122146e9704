/*
 * One of several writers of a branch: commits and pushes one numbered file after the other, as the
 * server does, until told to stop.  Prints a line for each commit that the remote has taken:
 *
 *   git_writer NAME FOLDER URL STOP-FILE USER PASSWORD-FILE     over HTTP
 *   git_writer NAME FOLDER URL STOP-FILE KEY-FILE KNOWN-HOSTS   over SSH
 *
 * What has begun is ended: the last line stands for the last commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "git/git.h"

/* A host that is killed all the time is back long before. */
#define TRIES_MAX 2000
#define PAUSE_MS_MAX 100

struct writer {
    const char *name;
    struct git *git;
    unsigned number; /* of the commit in the making */
    unsigned lost;   /* races */
    unsigned again;  /* pushes whose outcome was not known */
    char head[GIT_OID_BYTES];
    char commit[GIT_OID_BYTES]; /* "" : to be made */
};

static void pause_by_chance(void)
{
    struct timespec pause = {.tv_nsec = (long)(rand() % PAUSE_MS_MAX) * 1000000};
    nanosleep(&pause, NULL);
}

static bool make_commit(struct writer *writer, struct err *err)
{
    char path[64];
    char text[64];
    char message[128];
    bool rewritten = false;
    snprintf(path, sizeof(path), "writers/%s", writer->name);
    snprintf(text, sizeof(text), "%u\n", writer->number);
    snprintf(message, sizeof(message), "%s writes %u\n\nHeddle-Release: %s-%u\n", writer->name,
             writer->number, writer->name, writer->number);
    if (!git_fetch(writer->git, writer->head, &rewritten, err)) {
        return false;
    }
    if (rewritten) {
        return err_set(err, ERR_INTERNAL, "the history was rewritten");
    }
    struct git_change change = {.path = path, .bytes = slice_of(text)};
    struct git_commit commit = {.parent = writer->head,
                                .message = message,
                                .author_name = writer->name,
                                .when_ms = INT64_C(1700000000000),
                                .changes = &change,
                                .change_count = 1};
    return git_commit(writer->git, &commit, writer->commit, err);
}

/* As the engine does it: a lost race makes the commit anew, anything else pushes the same one. */
static bool push(struct writer *writer, struct err *err)
{
    if (git_push(writer->git, "main", writer->commit, writer->head, err)) {
        return true;
    }
    if (err->kind == ERR_CONFLICT) {
        writer->lost++;
        writer->commit[0] = '\0';
    } else {
        writer->again++;
    }
    return false;
}

static bool write_one(struct writer *writer, struct err *err)
{
    writer->commit[0] = '\0';
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        *err = (struct err){0};
        if ((writer->commit[0] || make_commit(writer, err)) && push(writer, err)) {
            return true;
        }
        if (err->kind == ERR_INTERNAL) {
            return false;
        }
        pause_by_chance();
    }
    return false;
}

static bool run(struct writer *writer, const char *stop_file, struct err *err)
{
    while (access(stop_file, F_OK) != 0) {
        writer->number++;
        if (!write_one(writer, err)) {
            return false;
        }
        printf("%s %u\n", writer->commit, writer->number);
        fflush(stdout);
    }
    fprintf(stderr, "%u commits, %u lost races, %u pushes without an answer\n", writer->number,
            writer->lost, writer->again);
    return true;
}

int main(int count, char **words)
{
    if (count != 7) {
        fprintf(stderr, "usage: git_writer NAME FOLDER URL STOP-FILE USER|KEY PASSWORD|HOSTS\n");
        return 2;
    }
    bool is_ssh = strncmp(words[3], "ssh:", 4) == 0;
    struct git_options options = {.folder = words[2], .url = words[3], .branch = "main"};
    if (is_ssh) {
        options.ssh_key_file = words[5];
        options.ssh_known_hosts_file = words[6];
    } else {
        options.username = words[5];
        options.password_file = words[6];
    }
    struct writer writer = {.name = words[1]};
    struct err err = {0};
    srand((unsigned)getpid());
    bool done = git_open(&options, &writer.git, &err) && run(&writer, words[4], &err);
    if (!done) {
        fprintf(stderr, "%s, number %u: %s: %s\n", writer.name, writer.number, err_name(err.kind),
                err.text);
    }
    git_close(&writer.git);
    return done ? 0 : 1;
}
