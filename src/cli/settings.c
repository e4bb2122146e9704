#include "cli/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "yaml/yaml.h"

#define CONFIG_BYTES_MAX (16U << 10)
#define TOKEN_BYTES_MAX 4096
#define CA_BYTES_MAX (1U << 20)

const char *settings_path(struct arena *arena)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (base && base[0]) {
        return arena_printf(arena, "%s/heddle/config", base);
    }
    return home && home[0] ? arena_printf(arena, "%s/.config/heddle/config", home) : NULL;
}

struct stored {
    const char *server, *token;
};

/* A secret that others may read is none: ssh says the same of its keys. */
static bool check_mode(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO))) {
        return err_set(err, ERR_INVALID, "%s can be read by others; run: chmod 600 %s", path, path);
    }
    return true;
}

static bool read_stored(struct arena *arena, struct stored *out, struct err *err)
{
    const char *path = settings_path(arena);
    AUTO_STR(text, CONFIG_BYTES_MAX);
    struct yaml_document *document = NULL;
    *out = (struct stored){0};
    if (!path) {
        return true;
    }
    struct err missing = {0};
    if (!file_read(path, &text, &missing)) {
        if (missing.kind != ERR_NOT_FOUND) {
            *err = missing;
        }
        return missing.kind == ERR_NOT_FOUND;
    }
    if (!check_mode(path, err)) {
        return false;
    }
    char *kept = arena_strndup(arena, text.text, text.length);
    if (!yaml_parse(arena, slice_of(kept), &document, err)) {
        return err_wrap(err, "%s", path);
    }
    out->server = document && document->root ? yaml_text(document->root, "server") : NULL;
    out->token = document && document->root ? yaml_text(document->root, "token") : NULL;
    return true;
}

static const char *without_end_slash(struct arena *arena, const char *url)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    return arena_strndup(arena, url, length);
}

static bool read_into(struct arena *arena, const char **out,
                      bool (*read)(const char *path, struct str *out, struct err *err),
                      const char *path, size_t bytes_max, struct err *err)
{
    AUTO_STR(text, bytes_max);
    if (!read(path, &text, err)) {
        return false;
    }
    *out = arena_strndup(arena, text.text, text.length);
    return true;
}

static bool check_server(const char *server, struct err *err)
{
    bool is_url = strncmp(server, "http://", 7) == 0 || strncmp(server, "https://", 8) == 0;
    return is_url ||
           err_set(err, ERR_INVALID,
                   "the server \"%.80s\" is no URL; write http:// or https:// before it", server);
}

bool settings_read(struct cli *cli, struct settings *out, struct err *err)
{
    struct stored stored;
    *out = (struct settings){0};
    if (!read_stored(cli->arena, &stored, err)) {
        return false;
    }
    const char *server = cli->globals.server ? cli->globals.server
                         : stored.server     ? stored.server
                                             : SERVER_FALLBACK;
    out->server = without_end_slash(cli->arena, server);
    if (!check_server(out->server, err)) {
        return false;
    }
    if (cli->globals.token_file) {
        out->token_from = cli->globals.token_file;
        if (!read_into(cli->arena, &out->token, file_read_secret, cli->globals.token_file,
                       TOKEN_BYTES_MAX, err)) {
            err->kind = ERR_UNKNOWN_WHO;
            return err_wrap(err, "read the token");
        }
    } else if (stored.server && stored.token && strcmp(stored.server, out->server) == 0) {
        out->token = stored.token;
        out->token_from = settings_path(cli->arena);
    }
    if (cli->globals.ca_file &&
        !read_into(cli->arena, &out->ca_pem, file_read, cli->globals.ca_file, CA_BYTES_MAX, err)) {
        return err_wrap(err, "read the certificates");
    }
    return true;
}

bool settings_store(struct cli *cli, const char *server, const char *token, struct err *err)
{
    const char *path = settings_path(cli->arena);
    if (!path) {
        return err_set(err, ERR_INVALID,
                       "there is no HOME to store the token in; use --token-file");
    }
    char *folder = arena_strndup(cli->arena, path, (size_t)(strrchr(path, '/') - path));
    AUTO_STR(text, CONFIG_BYTES_MAX);
    str_add(&text, "server: ");
    yaml_write_scalar(&text, server);
    str_add(&text, "\ntoken: ");
    yaml_write_scalar(&text, token);
    str_add(&text, "\n");
    return file_make_folder(folder, err) && file_replace(path, str_slice(&text), 0600, err);
}

bool settings_forget(struct cli *cli, bool *out_existed, struct err *err)
{
    const char *path = settings_path(cli->arena);
    *out_existed = path && unlink(path) == 0;
    return !path || *out_existed || errno == ENOENT ||
           err_set(err, ERR_INTERNAL, "remove %s: %s", path, strerror(errno));
}
