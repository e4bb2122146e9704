#include "cli/act.h"

#include <stdio.h>

#include "cli/outcome.h"
#include "cli/remote.h"

bool act_on_release(struct cli *cli, const char *verb, const char *key, const char *message,
                    struct err *err)
{
    AUTO_JSON *release = NULL;
    char path[96];
    int64_t id = 0;
    if (!release_word(cli->words.items[0], &id, err)) {
        return false;
    }
    json_t *body = json_object();
    json_put_text(body, key, message);
    snprintf(path, sizeof(path), "/releases/%lld/%s", (long long)id, verb);
    if (!remote_post(cli, path, body, &release, err)) {
        return false;
    }
    outcome_print(cli, release);
    return true;
}
