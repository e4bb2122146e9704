/* settings: which server, and with which token.  Private to cli. */
#pragma once

#include "cli/command.h"

#define SERVER_FALLBACK "http://127.0.0.1:8080"

struct settings {
    const char *server;     /* without a slash at its end */
    const char *token;      /* NULL: none */
    const char *token_from; /* for messages */
    const char *ca_pem;     /* NULL: the system's */
};

/* Flags and variables, then the file that `heddle login` wrote.  A stored token is only for
   the server that it was stored for. */
bool settings_read(struct cli *cli, struct settings *out, struct err *err) MUST_CHECK;
/* ~/.config/heddle/config, or below $XDG_CONFIG_HOME; NULL without a home. */
const char *settings_path(struct arena *arena);
bool settings_store(struct cli *cli, const char *server, const char *token,
                    struct err *err) MUST_CHECK;
/* False in *out_existed when there was none. */
bool settings_forget(struct cli *cli, bool *out_existed, struct err *err) MUST_CHECK;
