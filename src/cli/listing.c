#include "cli/listing.h"

#include <string.h>

#include "base/escape.h"

void query_add(struct str *path, const char *key, const char *value)
{
    if (value) {
        str_addf(path, "%c%s=", strchr(path->text, '?') ? '&' : '?', key);
        escape_url(path, value);
    }
}

static void show_table(struct cli *cli, const struct listing *listing, const json_t *items)
{
    bool is_wide = cli->output == OUTPUT_WIDE;
    size_t shown = 0;
    for (size_t n = 0; n < listing->column_count; n++) {
        shown += is_wide || !listing->columns[n].is_wide;
    }
    AUTO(table_free) struct table *table = table_new(shown);
    for (size_t n = 0; n < listing->column_count; n++) {
        if (is_wide || !listing->columns[n].is_wide) {
            table_cell(table, STYLE_DIM, "%s", listing->columns[n].head);
        }
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        for (size_t n = 0; n < listing->column_count; n++) {
            if (is_wide || !listing->columns[n].is_wide) {
                listing->columns[n].cell(cli, table, json_array_get(items, i));
            }
        }
    }
    table_print(table, &cli->out, 0);
}

void listing_show(struct cli *cli, const struct listing *listing, const json_t *body,
                  const json_t *items)
{
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, body);
        return;
    }
    if (cli->output == OUTPUT_NAME) {
        for (size_t i = 0; i < json_array_size(items); i++) {
            screen_line(&cli->out, STYLE_PLAIN, "%s/%s", listing->kind,
                        json_text_at(json_array_get(items, i), listing->name_key, "?"));
        }
        return;
    }
    if (json_array_size(items) == 0) {
        screen_line(&cli->talk, STYLE_PLAIN, "%s", listing->empty);
        return;
    }
    show_table(cli, listing, items);
}
