#include "cli/impact.h"

#include <string.h>

#include "cli/amounts.h"
#include "cli/table.h"

static enum style style_of_fit(const char *fit)
{
    return strcmp(fit, "fits") == 0        ? STYLE_GREEN
           : strcmp(fit, "too_large") == 0 ? STYLE_RED
                                           : STYLE_YELLOW;
}

static const char *word_of_fit(const char *fit)
{
    return strcmp(fit, "fits") == 0        ? "fits"
           : strcmp(fit, "too_large") == 0 ? "too large"
                                           : "not known";
}

static void impact_row(struct cli *cli, struct table *table, const json_t *impact)
{
    static const char *const keys[] = {"now", "after", "peak", "allocatable"};
    const char *fit = json_text_at(impact, "fit", "");
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(impact, "target", "?"));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        table_cell(table, STYLE_PLAIN, "%s", amounts_of(cli, json_at(impact, keys[i])));
    }
    table_cell(table, style_of_fit(fit), "%s", word_of_fit(fit));
}

void show_impact(struct cli *cli, struct screen *screen, const json_t *plan, size_t indent)
{
    static const char *const heads[] = {"TARGET", "REQUESTS NOW", "AFTER", "AT MOST", "OF", ""};
    AUTO(table_free) struct table *table = table_new(COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        table_cell(table, STYLE_DIM, "%s", heads[i]);
    }
    size_t i = 0;
    const json_t *impact = NULL;
    json_array_foreach (json_array_at(plan, "impact"), i, impact) {
        impact_row(cli, table, impact);
    }
    table_print(table, screen, indent);
    json_array_foreach (json_array_at(plan, "impact"), i, impact) {
        screen_wrap(screen, indent, "%s: %s", json_text_at(impact, "target", "?"),
                    json_text_at(impact, "why", ""));
    }
}

static void stay_row(struct table *table, const json_t *stay)
{
    const char *container = json_text_at(stay, "container", "");
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(stay, "workload", "?"));
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(stay, "target", "?"));
    table_cell(table, STYLE_PLAIN, "%s%s%s", container, container[0] ? ": " : "",
               json_text_at(stay, "field", "?"));
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(stay, "source", "-"));
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(stay, "here", "-"));
}

void show_stays(struct screen *screen, const json_t *plan, size_t indent, size_t max)
{
    static const char *const heads[] = {"WORKLOAD", "TARGET", "SETTING", "SOURCE", "HERE"};
    const json_t *stays = json_array_at(plan, "stays");
    size_t count = json_array_size(stays);
    AUTO(table_free) struct table *table = table_new(COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        table_cell(table, STYLE_DIM, "%s", heads[i]);
    }
    for (size_t i = 0; i < count && i < max; i++) {
        stay_row(table, json_array_get(stays, i));
    }
    table_print(table, screen, indent);
    if (count > max || json_bool_at(plan, "isStaysCut", false)) {
        screen_line(screen, STYLE_DIM, "%*sand more: `heddle diff --stays`", (int)indent, "");
    }
}
