/* What a pull request says: the plan, who asked, which gates it has passed, and what happens next.
 */
#include <stdio.h>
#include <string.h>

#include "promote/engine.h"

/* As many rows as a person reads; hosts take some ten thousand characters. */
#define ROWS_MAX 200
#define TEXT_BYTES_MAX (128U << 10)

static void add_version(const struct image *image, struct str *out)
{
    forge_add_code(out, image->tag[0] ? image->tag : image->digest[0] ? image->digest : "none");
}

static void add_table(const struct release *release, struct str *out)
{
    size_t rows = 0;
    str_add(out,
            "| workload | cluster | container | from | to |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        for (size_t n = 0; item->wave == release->wave && n < item->change_count; n++) {
            if (rows++ >= ROWS_MAX) {
                continue;
            }
            str_addf(out, "| %s | %s | ", item->workload, item->target);
            forge_add_code(out, item->changes[n].container);
            str_add(out, " | ");
            add_version(&item->changes[n].from, out);
            str_add(out, " | ");
            add_version(&item->changes[n].to, out);
            str_add(out, " |\n");
        }
    }
    if (rows > ROWS_MAX) {
        str_addf(out, "\nAnd %zu more.\n", rows - ROWS_MAX);
    }
}

static void add_people(struct promote *engine, const struct release *release, struct str *out)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct approval_list approvals = {0};
    struct err err = {0};
    str_add(out, "\nAsked for by ");
    forge_add_code(out, release->actor);
    if (release->reason[0]) {
        str_add(out, ": ");
        forge_add_code(out, release->reason);
    }
    str_add(out, "\n");
    if (!store_approval_list(engine->store, release->id, arena, &approvals, &err)) {
        return;
    }
    for (size_t i = 0; i < approvals.count; i++) {
        str_add(out, "\nApproved by ");
        forge_add_code(out, approvals.approvals[i].person);
        str_add(out, "\n");
    }
}

static void add_gates(struct promote *engine, const struct release *release, struct str *out)
{
    struct gate_answer answers[GATE_RULE_COUNT] = {0};
    bool applies[GATE_RULE_COUNT] = {false};
    promote_gates(engine, release, answers, applies);
    bool is_first = true;
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        if (applies[i]) {
            str_addf(out, "%s- %s: ", is_first ? "\nGates:\n\n" : "", gate_rules[i].name);
            forge_add_code(out, answers[i].reason[0] ? answers[i].reason : "open");
            str_add(out, "\n");
            is_first = false;
        }
    }
}

void pull_text(struct promote *engine, const struct release *release, struct promote_act *act)
{
    AUTO_STR(message, 1U << 20);
    AUTO_STR(text, TEXT_BYTES_MAX);
    commit_message(release, &message);
    str_addf(&text, "heddle asks to bring these versions to **%s**", release->stage);
    if (release->wave_count > 1) {
        str_addf(&text, ", wave %d of %d", release->wave + 1, release->wave_count);
    }
    str_add(&text, ":\n\n");
    add_table(release, &text);
    add_people(engine, release, &text);
    add_gates(engine, release, &text);
    str_addf(&text,
             "\nMerge it, and heddle follows the rollout. Close it, and release R-%lld stops. "
             "heddle makes its commit again when the branch below moves; if someone else pushes to "
             "this one, heddle leaves it alone.\n",
             (long long)release->id);
    act->title = arena_strndup(act->arena, message.text, strcspn(message.text, "\n"));
    act->text = arena_strdup(act->arena, text.text);
}
