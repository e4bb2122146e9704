#include "cli/outcome.h"

#include <string.h>

#include "cli/words.h"

enum outcome_wait outcome_wait_of(const char *name)
{
    return !name || strcmp(name, "done") == 0 ? WAIT_DONE
           : strcmp(name, "approved") == 0    ? WAIT_APPROVED
                                              : WAIT_COMMITTED;
}

static bool is_phase(const json_t *release, const char *phase)
{
    return strcmp(json_text_at(release, "phase", ""), phase) == 0;
}

static bool is_approved(const json_t *release)
{
    return !is_phase(release, "planned") && !is_phase(release, "needs_approval");
}

size_t outcome_pushed(const json_t *release)
{
    static const char *const before_push[] = {"planned", "needs_approval", "queued", "committing"};
    size_t count = json_array_size(json_array_at(release, "commits"));
    int64_t finished_waves = json_int_at(release, "wave", 1) - 1;
    for (size_t i = 0; i < COUNT_OF(before_push); i++) {
        if (is_phase(release, before_push[i]) && (int64_t)count > finished_waves) {
            return finished_waves > 0 ? (size_t)finished_waves : 0;
        }
    }
    return count;
}

/* Every wave's commit is in Git: one commit of two is not what was asked for. */
static bool is_committed(const json_t *release)
{
    return (int64_t)outcome_pushed(release) >= json_int_at(release, "waves", 1);
}

enum outcome outcome_of(const json_t *release, enum outcome_wait wait)
{
    if (json_bool_at(release, "isOver", false)) {
        return is_phase(release, "done") ? OUTCOME_REACHED : OUTCOME_ENDED;
    }
    if ((wait == WAIT_APPROVED && is_approved(release)) ||
        (wait == WAIT_COMMITTED && is_committed(release))) {
        return OUTCOME_REACHED;
    }
    if (json_bool_at(release, "isStuck", false)) {
        return OUTCOME_STUCK;
    }
    bool waits_for_person = is_phase(release, "needs_approval");
    return wait == WAIT_COMMITTED && waits_for_person ? OUTCOME_WAITS_FOR_PERSON : OUTCOME_GOING_ON;
}

void outcome_print(struct cli *cli, const json_t *release)
{
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, release);
    } else if (cli->output == OUTPUT_NAME) {
        screen_line(&cli->out, STYLE_PLAIN, "release/%s", json_text_at(release, "name", "?"));
    } else {
        screen_line(&cli->out, STYLE_PLAIN, "%s %s: %s", json_text_at(release, "name", "?"),
                    words_of(cli, json_text_at(release, "phase", "?")),
                    json_text_at(release, "why", ""));
    }
}

/* The items that a person must look at, and what they can do. */
static void show_trouble(struct cli *cli, const json_t *release)
{
    struct screen *screen = cli_page(cli);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(release, "items"), i, item) {
        const char *state = json_text_at(item, "state", "");
        if (strcmp(state, "stuck") == 0 || strcmp(state, "failed") == 0) {
            screen_line(screen, STYLE_BOLD, "%s in %s", json_text_at(item, "workload", "?"),
                        json_text_at(item, "target", "?"));
            show_diagnosis(cli, screen, json_at(item, "diagnosis"));
            screen_line(screen, STYLE_PLAIN, "  heddle rollback %s -s %s -m \"…\"",
                        json_text_at(item, "workload", "?"), json_text_at(release, "stage", "?"));
        }
    }
    screen_line(screen, STYLE_PLAIN, "  heddle why %s", json_text_at(release, "name", "?"));
}

static size_t count_stuck(const json_t *items)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        count += strcmp(json_text_at(json_array_get(items, i), "state", ""), "stuck") == 0;
    }
    return count;
}

static void show_stuck(struct cli *cli, const json_t *release)
{
    const json_t *items = json_array_at(release, "items");
    screen_line(cli_page(cli), STYLE_RED, "%s is stuck (%zu of %zu).",
                json_text_at(release, "name", "?"), count_stuck(items), json_array_size(items));
    show_trouble(cli, release);
    cli->exit_code = EXIT_FAILED;
}

static void show_ended(struct cli *cli, const json_t *release)
{
    bool is_rolled_back = is_phase(release, "rolled_back");
    screen_wrap(cli_page(cli), 0, "%s %s: %s", json_text_at(release, "name", "?"),
                words_of(cli, json_text_at(release, "phase", "?")),
                json_text_at(release, "why", ""));
    show_trouble(cli, release);
    cli->exit_code = is_rolled_back ? EXIT_ROLLED_BACK : EXIT_FAILED;
}

static void show_waits(struct cli *cli, const json_t *release)
{
    const char *name = json_text_at(release, "name", "?");
    screen_wrap(cli_page(cli), 0, "%s waits for a person: %s", name,
                json_text_at(release, "why", ""));
    screen_line(cli_page(cli), STYLE_PLAIN, "  heddle approve %s", name);
    cli->exit_code = EXIT_WAITS_FOR_PERSON;
}

static void show_reached(struct cli *cli, const json_t *release)
{
    screen_wrap(cli_page(cli), 0, "%s %s: %s", json_text_at(release, "name", "?"),
                words_of(cli, json_text_at(release, "phase", "?")),
                json_text_at(release, "why", ""));
}

static void show_left(struct cli *cli, int64_t id, enum outcome outcome, int64_t timeout_ms)
{
    long long number = (long long)id;
    if (outcome == OUTCOME_TIMED_OUT) {
        char waited[DURATION_TEXT_BYTES];
        duration_format(timeout_ms, waited);
        screen_wrap(&cli->talk, 0,
                    "R-%lld is still running after %s. This does not mean it failed. Re-attach: "
                    "heddle watch R-%lld",
                    number, waited, number);
        cli->exit_code = err_exit_code(ERR_TIMEOUT);
    } else {
        screen_line(&cli->talk, STYLE_PLAIN, "R-%lld continues. Re-attach: heddle watch R-%lld",
                    number, number);
        cli->exit_code = EXIT_INTERRUPTED;
    }
}

void outcome_show(struct cli *cli, int64_t id, const json_t *release, enum outcome outcome,
                  int64_t timeout_ms)
{
    static void (*const shows[])(struct cli *, const json_t *) = {
        [OUTCOME_REACHED] = show_reached,
        [OUTCOME_ENDED] = show_ended,
        [OUTCOME_STUCK] = show_stuck,
        [OUTCOME_WAITS_FOR_PERSON] = show_waits,
    };
    if (release && (size_t)outcome < COUNT_OF(shows) && shows[outcome]) {
        shows[outcome](cli, release);
    } else {
        show_left(cli, id, outcome, timeout_ms);
    }
    if (release && cli_page(cli) == &cli->talk) {
        outcome_print(cli, release);
    }
}
