/* sarif: findings for code scanning, by SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0). */
#include <string.h>

#include "base/escape.h"
#include "cli/check.h"

const char *inspect_level_name(enum inspect_level level)
{
    return level == INSPECT_ERROR ? "error" : "warning";
}

static json_t *text_object(const char *text)
{
    json_t *value = json_object();
    json_put(value, "text", json_text_safe(text, strlen(text)));
    return value;
}

static json_t *rules(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inspect_rule_count; i++) {
        const struct inspect_rule *rule = &inspect_rules[i];
        json_t *value = json_object();
        json_t *defaults = json_object();
        json_put_text(value, "id", rule->id);
        json_put(value, "shortDescription", text_object(rule->summary));
        json_put_text(defaults, "level", inspect_level_name(rule->level));
        json_put(value, "defaultConfiguration", defaults);
        json_array_append_new(list, value);
    }
    return list;
}

static json_t *tool(void)
{
    json_t *value = json_object();
    json_t *driver = json_object();
    json_put_text(driver, "name", "heddle");
    json_put_text(driver, "version", HEDDLE_VERSION);
    json_put(driver, "rules", rules());
    json_put(value, "driver", driver);
    return value;
}

/* A path as a relative URI reference: its parts are escaped, its slashes stay. */
static json_t *uri(const char *path)
{
    AUTO_STR(text, 4096);
    while (*path) {
        char part[1024];
        size_t length = strcspn(path, "/");
        length = length < sizeof(part) ? length : sizeof(part) - 1;
        memcpy(part, path, length);
        part[length] = '\0';
        escape_url(&text, part);
        path += length;
        if (*path == '/') {
            str_add_char(&text, *path++);
        }
    }
    return json_text_safe(text.text, text.length);
}

static json_t *location(const struct inspect_finding *finding)
{
    json_t *value = json_object();
    json_t *physical = json_object();
    json_t *artifact = json_object();
    json_put(artifact, "uri", uri(finding->file));
    json_put_text(artifact, "uriBaseId", "%SRCROOT%");
    json_put(physical, "artifactLocation", artifact);
    if (finding->line) {
        json_t *region = json_object();
        json_put_int(region, "startLine", finding->line);
        json_put_int(region, "startColumn", finding->column ? finding->column : 1);
        json_put(physical, "region", region);
    }
    json_put(value, "physicalLocation", physical);
    return value;
}

static json_t *result(const struct inspect_finding *finding)
{
    AUTO_STR(message, 8192);
    json_t *value = json_object();
    json_t *locations = json_array();
    str_addf(&message, "%s%s%s", finding->message, finding->remedy[0] ? "; " : "", finding->remedy);
    json_put_text(value, "ruleId", finding->rule->id);
    json_put_int(value, "ruleIndex", finding->rule - inspect_rules);
    json_put_text(value, "level", inspect_level_name(finding->rule->level));
    json_put(value, "message", text_object(message.text));
    json_array_append_new(locations, location(finding));
    json_put(value, "locations", locations);
    return value;
}

json_t *sarif_of(const struct inspect_finding *findings, size_t count)
{
    json_t *value = json_object();
    json_t *runs = json_array();
    json_t *run = json_object();
    json_t *results = json_array();
    json_put_text(value, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_text(value, "version", "2.1.0");
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(results, result(&findings[i]));
    }
    json_put(run, "tool", tool());
    json_put_text(run, "columnKind", "unicodeCodePoints");
    json_put(run, "results", results);
    json_array_append_new(runs, run);
    json_put(value, "runs", runs);
    return value;
}
