/* heddle set image: another version in the files of a config repository; it needs no server. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/unified.h"
#include "cli/commands.h"
#include "cli/source.h"
#include "model/image.h"

#define EXIT_NOTHING_USES_IT 5

struct set_options {
    const char *workload, *target;
    bool write;
};

/* NAME=TAG, NAME=TAG@DIGEST or NAME=@DIGEST. */
static bool read_wish(struct cli *cli, const char *word, struct inspect_wish *wish, struct err *err)
{
    const char *equals = strchr(word, '=');
    if (!equals || equals == word || !equals[1]) {
        return err_set(err, ERR_INVALID, "\"%.100s\": write NAME=TAG or NAME=TAG@DIGEST", word);
    }
    const char *at = strchr(equals, '@');
    wish->image = arena_strndup(cli->arena, word, (size_t)(equals - word));
    wish->tag =
        arena_strndup(cli->arena, equals + 1, at ? (size_t)(at - equals - 1) : strlen(equals + 1));
    wish->digest = at ? at + 1 : "";
    if (wish->tag[0] && !image_tag_is_valid(wish->tag)) {
        return err_set(err, ERR_INVALID, "\"%.150s\" is no tag", wish->tag);
    }
    return !wish->digest[0] || image_digest_is_valid(wish->digest) ||
           err_set(err, ERR_INVALID, "\"%.100s\" is no digest; write sha256: and 64 hex digits",
                   wish->digest);
}

static bool write_all(struct cli *cli, const struct source *source,
                      const struct inspect_outcome *outcome, struct err *err)
{
    for (size_t i = 0; i < outcome->edit_count; i++) {
        const struct inspect_edit *edit = &outcome->edits[i];
        const char *path = arena_printf(cli->arena, "%s/%s", source->folder, edit->file);
        struct stat status;
        unsigned mode = lstat(path, &status) == 0 ? status.st_mode & 0777U : 0644;
        if (!file_replace(path, edit->after, mode, err)) {
            return false;
        }
        screen_line(&cli->talk, STYLE_PLAIN, "wrote %s", edit->file);
    }
    return true;
}

static void show_diffs(struct cli *cli, const struct inspect_outcome *outcome)
{
    AUTO_STR(diff, UNIFIED_BYTES_MAX);
    for (size_t i = 0; i < outcome->edit_count; i++) {
        const struct inspect_edit *edit = &outcome->edits[i];
        unified_diff(edit->file, edit->before, edit->after, &diff);
    }
    if (cli->out.is_terminal || cli->out.has_colour) {
        screen_diff(&cli->out, diff.text);
    } else {
        screen_raw(&cli->out, diff.text);
    }
}

static void show_refusals(struct cli *cli, const struct inspect_outcome *outcome)
{
    for (size_t i = 0; i < outcome->refusal_count; i++) {
        const struct inspect_refusal *refusal = &outcome->refusals[i];
        screen_line(&cli->talk, STYLE_RED, "%s:%u: left alone: %s", refusal->file, refusal->line,
                    refusal->reason);
    }
}

static bool finish(struct cli *cli, const struct set_options *options, const struct source *source,
                   const struct inspect_wish *wish, const struct inspect_outcome *outcome,
                   bool has_unread, struct err *err)
{
    if (outcome->place_count == 0 && outcome->refusal_count == 0) {
        screen_line(&cli->talk, STYLE_PLAIN, "Nothing uses %s%s%s.%s", wish->image,
                    wish->target ? " in " : "", wish->target ? wish->target : "",
                    has_unread ? "  Some files could not be read; heddle scan says which." : "");
        cli->exit_code = EXIT_NOTHING_USES_IT;
        return true;
    }
    if (!options->write) {
        show_diffs(cli, outcome);
    } else if (!write_all(cli, source, outcome, err)) {
        return false;
    }
    show_refusals(cli, outcome);
    cli->exit_code = outcome->refusal_count ? EXIT_FAILED : 0;
    return true;
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct set_options *options = given;
    AUTO(source_close) struct source source = {0};
    struct inspect_wish wish = {.workload = options->workload, .target = options->target};
    struct inspection *inspection = NULL;
    struct inspect_outcome outcome;
    if (!read_wish(cli, cli->words.items[1], &wish, err) ||
        !source_open(cli, cli->words.items[0], "main", &source, err)) {
        return false;
    }
    if (options->write && !source.folder) {
        return err_set(err, ERR_INVALID, "--write needs a folder, not a URL");
    }
    return inspect_tree(&source.tree, cli->arena, &inspection, err) &&
           inspect_change(&source.tree, inspection, &wish, cli->arena, &outcome, err) &&
           finish(cli, options, &source, &wish, &outcome, inspection->problems != NULL, err);
}

static const struct cli_flag flags[] = {
    {"workload", 0, CLI_TEXT, offsetof(struct set_options, workload), "KIND/NAME",
     "only this object"},
    {"target", 0, CLI_TEXT, offsetof(struct set_options, target), "NAME",
     "only for this target of `heddle scan`; what others share is overridden, not changed"},
    {"write", 'w', CLI_SWITCH, offsetof(struct set_options, write), NULL,
     "change the files instead of showing the difference"},
};

const struct cli_command command_set_image = {
    .name = "set image",
    .usage = "FOLDER NAME=TAG[@DIGEST]",
    .summary = "Another version of an image in a folder's files, without a server",
    .text =
        "Finds every place that names the image and changes exactly the bytes of its version:\n"
        "comments, layout and quotes stay.  NAME is the image as it is written there, without\n"
        "tag; a tag without a digest drops the old digest.  The exit code is 0 when every place\n"
        "is as asked, 1 when one was refused, 5 when nothing uses the image.\n",
    .examples = "heddle set image . ghcr.io/acme/cart=1.2.0\n"
                "heddle set image . ghcr.io/acme/cart=1.2.0 --target dev --write\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct set_options),
    .words_min = 2,
    .words_max = 2,
    .run = run,
};
