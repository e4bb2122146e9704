/* heddle token list: who may do what. */
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

static void cell_name(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_BOLD, "%s", json_text_at(item, "name", "?"));
}

static void cell_role(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    const char *cluster = json_text_at(item, "cluster", "");
    table_cell(table, STYLE_PLAIN, "%s%s%s", json_text_at(item, "role", "?"),
               cluster[0] ? " of " : "", cluster);
}

static void cell_state(struct cli *cli, struct table *table, const json_t *item)
{
    const char *expires = json_text_at(item, "expiresAt", NULL);
    if (json_text_at(item, "revokedAt", NULL)) {
        table_cell(table, STYLE_DIM, "revoked");
    } else if (expires && clock_parse(expires) <= env_now_ms(cli->env)) {
        table_cell(table, STYLE_DIM, "expired");
    } else {
        table_cell(table, STYLE_GREEN, "valid%s%s", expires ? " until " : "",
                   expires ? expires : "");
    }
}

static void cell_made(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "createdAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s ago", age);
}

static void cell_used(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "usedAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s%s", age[0] ? age : "never", age[0] ? " ago" : "");
}

static const struct column columns[] = {
    {"NAME", false, cell_name}, {"ROLE", false, cell_role}, {"STATE", false, cell_state},
    {"MADE", false, cell_made}, {"USED", false, cell_used},
};

static const struct listing tokens = {"token", "name", "No tokens.", columns, COUNT_OF(columns)};

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *body = NULL;
    if (!remote_get(cli, "/tokens", &body, err)) {
        return false;
    }
    listing_show(cli, &tokens, body, json_array_at(body, "items"));
    return true;
}

const struct cli_command command_token_list = {
    .name = "token list",
    .usage = "",
    .summary = "Tokens, without their secrets",
    .examples = "heddle token list\n",
    .run = run,
};
