/* words: the API's values as people read them.  Private to cli. */
#pragma once

#include "cli/command.h"

/* "needs_approval" → "needs approval"; lives in the arena. */
const char *words_of(struct cli *cli, const char *state);
/* How a state of a release, an item or a cell looks. */
enum style style_of(const char *state);

/* How long ago an RFC 3339 time was, in one unit: "3 min"; "" for none. */
#define AGE_BYTES 32
void age_of(const struct cli *cli, const char *time, char out[static AGE_BYTES]);
/* How long from one RFC 3339 time to another; "" when one is missing. */
void span_of(const char *from, const char *until, char out[static AGE_BYTES]);
/* The start of a commit, a digest or a plan, as long as Git shows it. */
#define SHORT_DIGITS 7
/* "1.1.0", or the start of the digest when there is no tag; "-" for none. */
const char *version_of(struct cli *cli, const json_t *image);
/* "from" or "to" of a change; "chart 1.2.3" where that is what changes. */
const char *version_in(struct cli *cli, const json_t *change, const char *key);
/* What a cell has in Git. */
const char *shown_version(struct cli *cli, const json_t *cell);
/* Texts of an array, joined: "cart, web and 3 more" from `max` on. */
const char *join(struct cli *cli, const json_t *texts, size_t max);

/* Why a registry is not asked just now, in the arena; NULL when it is. */
const char *wait_of(struct cli *cli, const json_t *registry);

/* What cannot be reached, since when, why, and what that means; in the arena. */
const char *outage_of(struct cli *cli, const json_t *outage);

/* "FILE:LINE: TEXT"; lives in the arena. */
const char *problem_of(struct cli *cli, const json_t *problem);

/* The diagnosis as what, effect, do this; each a line of its own. */
void show_diagnosis(struct cli *cli, struct screen *screen, const json_t *diagnosis);
void show_gates(struct screen *screen, const json_t *gates, size_t indent);
void show_skipped(struct screen *screen, const json_t *skipped, size_t indent);
/* workload, target, wave, from, to: of a plan or of a release. */
void show_items(struct cli *cli, struct screen *screen, const json_t *items, size_t indent);
