#include "registry/helper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "proc/proc.h"

#define PROGRAM_BYTES 160
#define BASIC_BYTES_MAX 16384
#define OUTPUT_BYTES_MAX ((size_t)64 << 10)
#define SHOWN_BYTES 200
#define SHOWN_ESCAPED_BYTES 1024
/* Some ask a cloud over the network. */
#define WALL_MS 30000

static const char unknown_remedy[] = "the helper knows no credential for it";
static const char identity_token_remedy[] =
    "the helper gives an identity token, and the registry asks for a password";

/* Helpers say this, on either output, when they have nothing. */
static bool knows_none(const struct proc_result *result)
{
    static const char words[] = "credentials not found";
    return strstr(result->output.text, words) || strstr(result->errors.text, words);
}

static bool refuse(const char *program, const struct proc_result *result, struct err *err)
{
    const char *said = result->errors.length ? result->errors.text : result->output.text;
    char cut[SHOWN_BYTES];
    AUTO_STR(shown, SHOWN_ESCAPED_BYTES);
    text_copy_cut(cut, sizeof(cut), said);
    cut[strcspn(cut, "\r\n")] = '\0';
    escape_terminal(&shown, cut);
    return err_set(err, ERR_UNAVAILABLE, "%s ended with exit code %d: %s", program,
                   result->exit_code, shown.length ? shown.text : "it said nothing");
}

static bool read_answer(const char *program, const struct proc_result *result,
                        struct credential *out, struct err *err)
{
    AUTO_JSON *answer = json_parse(str_slice(&result->output), err);
    const char *user = json_text_at(answer, "Username", "");
    const char *secret = json_text_at(answer, "Secret", "");
    if (!answer || !user[0] || strpbrk(user, ":\r\n")) {
        return err_set(err, ERR_UNAVAILABLE,
                       "%s does not answer with a Username and a Secret as JSON", program);
    }
    if (strcmp(user, "<token>") == 0) {
        out->remedy = identity_token_remedy;
        out->identity_token = secret[0] ? xstrdup(secret) : NULL;
        return true;
    }
    AUTO_STR(basic, BASIC_BYTES_MAX);
    str_addf(&basic, "%s:%s", user, secret);
    bool fits = !basic.failed;
    out->basic = fits ? xstrdup(basic.text) : NULL;
    crypto_wipe(basic.text, basic.length);
    return fits || err_set(err, ERR_UNAVAILABLE, "%s gives a secret that is too long", program);
}

bool helper_ask(const char *name, const char *host, struct credential *out, struct err *err)
{
    char program[PROGRAM_BYTES];
    snprintf(program, sizeof(program), "docker-credential-%s", name);
    /* Docker Hub goes by an old address there. */
    const char *server = strcmp(host, "docker.io") == 0 ? "https://index.docker.io/v1/" : host;
    const char *const argv[] = {program, "get", NULL};
    struct proc_call call = {
        .argv = argv,
        .env = (const char *const *)environ, /* where clouds' helpers look for who they are */
        .input = slice_of(server),
        .limits = {.wall_ms = WALL_MS, .output_bytes_max = OUTPUT_BYTES_MAX},
    };
    AUTO(proc_result_done) struct proc_result result = {0};
    *out = (struct credential){.scope = xstrdup(host), .remedy = unknown_remedy};
    bool is_read = proc_run(&call, &result, err);
    if (!is_read) {
        err->kind = ERR_UNAVAILABLE; /* "not found" would be the image */
    } else if (result.exit_code != 0) {
        is_read = knows_none(&result) || refuse(program, &result, err);
    } else {
        is_read = read_answer(program, &result, out, err);
        crypto_wipe(result.output.text, result.output.length);
    }
    if (!is_read) {
        credential_done(out);
        return err_wrap(err, "credential of %s", host);
    }
    return true;
}
