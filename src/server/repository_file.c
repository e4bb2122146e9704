#include "server/repository_file.h"

#include <stddef.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "model/names.h"
#include "yaml/yaml.h"

#define FILE_BYTES_MAX (256U << 10)
#define BRANCH_DEFAULT "main"

#define SETTING(member) offsetof(struct repository_setting, member)

static const struct {
    const char *name;
    size_t offset;
} settings[] = {
    {"url", SETTING(git.url)},
    {"branch", SETTING(git.branch)},
    {"git-username", SETTING(git.username)},
    {"git-password-file", SETTING(git.password_file)},
    {"git-ssh-key-file", SETTING(git.ssh_key_file)},
    {"git-known-hosts-file", SETTING(git.ssh_known_hosts_file)},
    {"git-client-certificate-file", SETTING(git.client_certificate_file)},
    {"git-client-key-file", SETTING(git.client_key_file)},
    {"forge", SETTING(forge.kind)},
    {"forge-url", SETTING(forge.url)},
    {"forge-token-file", SETTING(forge.token_file)},
    {"github-app-id", SETTING(app.id)},
    {"github-app-key-file", SETTING(app.key_file)},
};

struct reader {
    const char *path;
    struct arena *arena;
    struct err *err;
};

static bool refuse(const struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static bool refuse(const struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
{
    AUTO_STR(text, 512);
    va_list args;
    va_start(args, fmt);
    str_addv(&text, fmt, args);
    va_end(args);
    return err_set(reader->err, ERR_INVALID, "%.200s:%u:%u: %s", reader->path, node->line,
                   node->column, text.text);
}

static bool refuse_key(const struct reader *reader, const struct yaml_node *key)
{
    const char *names[COUNT_OF(settings)];
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        names[i] = settings[i].name;
    }
    const char *near = text_nearest(key->text, names, COUNT_OF(settings));
    return refuse(reader, key, "a repository has no setting \"%.60s\"%s%s%s", key->text,
                  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool read_setting(const struct reader *reader, const struct yaml_node *key,
                         const struct yaml_node *value, struct repository_setting *out)
{
    if (key->kind != YAML_SCALAR) {
        return refuse(reader, key, "the name of a setting is needed here, such as url");
    }
    if (value->kind != YAML_SCALAR || !value->text[0] ||
        strlen(value->text) != value->text_length) {
        return refuse(reader, value, "one text is needed here");
    }
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        if (strcmp(settings[i].name, key->text) == 0) {
            const char *text = arena_strdup(reader->arena, value->text);
            memcpy((char *)out + settings[i].offset, &text, sizeof(text));
            return true;
        }
    }
    return refuse_key(reader, key);
}

static bool read_repository(const struct reader *reader, const struct yaml_node *name,
                            const struct yaml_node *node, struct repository_setting *out)
{
    struct err why = {0};
    *out = (struct repository_setting){.name = arena_strdup(reader->arena, name->text)};
    if (!name_check("repository name", name->text, &why)) {
        return refuse(reader, name, "%s", why.text);
    }
    if (node->kind != YAML_MAPPING) {
        return refuse(reader, node, "settings are needed here, such as url: https://…");
    }
    for (size_t i = 0; i < node->item_count; i += 2) {
        if (!read_setting(reader, node->items[i], node->items[i + 1], out)) {
            return false;
        }
    }
    out->git.branch = out->git.branch ? out->git.branch : BRANCH_DEFAULT;
    out->forge.repository = out->git.url;
    return out->git.url || refuse(reader, name, "the repository \"%s\" has no url", name->text);
}

static bool read_all(const struct reader *reader, const struct yaml_node *root,
                     struct repository_setting **out, size_t *out_count)
{
    if (root->kind != YAML_MAPPING) {
        return refuse(reader, root, "names are needed here, each with its settings");
    }
    size_t count = root->item_count / 2;
    if (count > REPOSITORIES_MAX) {
        return refuse(reader, root, "there are %zu repositories; at most %u are possible", count,
                      REPOSITORIES_MAX);
    }
    *out = arena_alloc(reader->arena, count, sizeof(**out));
    for (*out_count = 0; *out_count < count; (*out_count)++) {
        const struct yaml_node *name = root->items[*out_count * 2];
        if (name->kind != YAML_SCALAR) {
            return refuse(reader, name, "a name is needed here");
        }
        if (!read_repository(reader, name, root->items[*out_count * 2 + 1], &(*out)[*out_count])) {
            return false;
        }
    }
    return true;
}

bool repository_file_read(const char *path, struct arena *arena, struct repository_setting **out,
                          size_t *out_count, struct err *err)
{
    AUTO_STR(text, FILE_BYTES_MAX);
    struct yaml_document *document = NULL;
    const struct reader reader = {path, arena, err};
    *out_count = 0;
    if (!file_read(path, &text, err) || !yaml_parse(arena, str_slice(&text), &document, err)) {
        return err_wrap(err, "--repositories %.200s", path);
    }
    return !document || !document->root || read_all(&reader, document->root, out, out_count);
}
