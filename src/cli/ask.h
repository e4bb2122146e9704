/* ask: questions to the person at the terminal.  Private to cli. */
#pragma once

#include "cli/command.h"

/* "QUESTION [y/N] "; anything but yes is no.  Only where cli_can_ask(). */
bool ask_yes(struct cli *cli, const char *question);
/* A secret: typed without echo, or the first line of standard input where that is no terminal. */
bool ask_secret(struct cli *cli, const char *prompt, struct str *out, struct err *err) MUST_CHECK;

/*
 * Give what is typed to `on_bytes`, key by key, until that returns false; `on_tick` is called a few
 * times per second.  The terminal is as it was when this returns, also when a signal has ended it:
 * then *out_interrupted.  Ctrl-C comes as a byte.
 */
bool ask_keys(bool (*on_bytes)(void *context, struct slice bytes), void (*on_tick)(void *context),
              void *context, bool *out_interrupted, struct err *err) MUST_CHECK;

/* A list to tick.  A closed row is shown and cannot be ticked. */
struct tick {
    const char *text;
    bool is_closed, is_ticked;
};
/* False in *out_chosen when the person left with q or Ctrl-C. */
bool ask_ticks(struct cli *cli, const char *title, struct tick *ticks, size_t count,
               bool *out_chosen, struct err *err) MUST_CHECK;
