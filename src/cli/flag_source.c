/* Values from variables and from a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/flag.h"
#include "yaml/yaml.h"

#define CONFIG_BYTES_MAX (64U << 10)
#define VARIABLE_BYTES 80

/* "dry-run" → "HEDDLE_DRY_RUN". */
static void variable_name(const char *flag, char out[static VARIABLE_BYTES])
{
    snprintf(out, VARIABLE_BYTES, "HEDDLE_%s", flag);
    for (char *at = out; *at; at++) {
        if (*at >= 'a' && *at <= 'z') {
            *at = (char)(*at - 'a' + 'A');
        } else if (*at == '-') {
            *at = '_';
        }
    }
}

bool flag_read_variables(struct flag_parse *parse, struct err *err)
{
    for (size_t i = 0; i < parse->count; i++) {
        char name[VARIABLE_BYTES];
        variable_name(parse->slots[i].flag->name, name);
        const char *text = getenv(name);
        if (text && text[0] && !flag_set(parse, i, FLAG_VARIABLE, name, text, err)) {
            return false;
        }
    }
    return true;
}

struct config {
    struct flag_parse *parse;
    const char *path;
};

static bool read_value(const struct config *config, size_t slot, const struct yaml_node *value,
                       struct err *err)
{
    AUTO_STR(where, 512);
    str_addf(&where, "%.400s:%u: %s", config->path, value->line,
             config->parse->slots[slot].flag->name);
    if (value->kind == YAML_SCALAR) {
        return flag_set(config->parse, slot, FLAG_FILE, where.text, value->text, err);
    }
    if (value->kind == YAML_MAPPING || config->parse->slots[slot].flag->kind != CLI_LIST) {
        return err_set(err, ERR_INVALID, "%s needs one value", where.text);
    }
    for (size_t i = 0; i < value->item_count; i++) {
        const struct yaml_node *item = value->items[i];
        if (item->kind != YAML_SCALAR) {
            return err_set(err, ERR_INVALID, "%s is a list of texts", where.text);
        }
        if (!flag_set(config->parse, slot, FLAG_FILE, where.text, item->text, err)) {
            return false;
        }
    }
    return true;
}

static bool read_pair(const struct config *config, const struct yaml_node *key,
                      const struct yaml_node *value, struct err *err)
{
    size_t slot = flag_find(config->parse, key->text, key->text_length);
    if (slot != FLAG_NONE && strcmp(key->text, "config") != 0) {
        return read_value(config, slot, value, err);
    }
    const char *near = flag_nearest(config->parse, key->text);
    return err_set(err, ERR_INVALID, "%s:%u:%u: there is no setting \"%.60s\"%s%s%s", config->path,
                   key->line, key->column, key->text, near ? "; did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}

bool flag_read_file(struct flag_parse *parse, const char *path, struct err *err)
{
    AUTO_STR(text, CONFIG_BYTES_MAX);
    struct yaml_document *document = NULL;
    struct config config = {parse, path};
    if (!file_read(path, &text, err)) {
        return false;
    }
    if (!yaml_parse(parse->arena, str_slice(&text), &document, err)) {
        return err_wrap(err, "%s", path);
    }
    const struct yaml_node *root = document ? document->root : NULL;
    if (!root) {
        return true;
    }
    if (root->kind != YAML_MAPPING) {
        return err_set(err, ERR_INVALID, "%s:%u: write settings as \"name: value\"", path,
                       root->line);
    }
    for (size_t i = 0; i + 1 < root->item_count; i += 2) {
        if (!read_pair(&config, root->items[i], root->items[i + 1], err)) {
            return false;
        }
    }
    return true;
}
