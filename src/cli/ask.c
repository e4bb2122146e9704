#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "loop/loop.h"

#define ANSWER_BYTES 64
#define SECRET_BYTES_MAX 4096
#define CTRL_C 0x03
#define CTRL_D 0x04
#define TICK_MS 250

bool ask_yes(struct cli *cli, const char *question)
{
    char answer[ANSWER_BYTES] = "";
    fflush(cli->out.file);
    screen_text(&cli->talk, STYLE_BOLD, "%s [y/N]", question);
    screen_raw(&cli->talk, " ");
    fflush(cli->talk.file);
    if (!fgets(answer, sizeof(answer), stdin)) {
        screen_raw(&cli->talk, "\n");
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* ---- keys ---- */

struct keys {
    struct loop *loop;
    bool (*on_bytes)(void *context, struct slice bytes);
    void (*on_tick)(void *context);
    void *context;
    bool is_over;
};

static void finish(struct keys *keys)
{
    keys->is_over = true;
    loop_stop(keys->loop);
}

static void became_readable(void *context, int fd, unsigned ready)
{
    (void)ready;
    struct keys *keys = context;
    char bytes[256];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    struct slice typed = {bytes, got > 0 ? (size_t)got : 0};
    if (got <= 0 || !keys->on_bytes(keys->context, typed)) {
        finish(keys);
    }
}

static void ticked(void *context)
{
    struct keys *keys = context;
    if (keys->on_tick) {
        keys->on_tick(keys->context);
    }
}

static void read_keys(struct keys *keys, int fd, const struct termios *before)
{
    struct termios raw = *before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(fd, TCSADRAIN, &raw);
    struct loop_watch *watch =
        loop_watch_start(keys->loop, fd, LOOP_READABLE, became_readable, keys);
    struct loop_timer *timer = loop_timer_start(keys->loop, TICK_MS, TICK_MS, ticked, keys);
    loop_run(keys->loop);
    loop_watch_stop(&watch);
    loop_timer_stop(&timer);
    tcsetattr(fd, TCSADRAIN, before);
}

bool ask_keys(bool (*on_bytes)(void *context, struct slice bytes), void (*on_tick)(void *context),
              void *context, bool *out_interrupted, struct err *err)
{
    struct termios before;
    /* Opened anew, because a watched descriptor becomes non-blocking: standard input shares that
       with standard output, and with the shell that is there afterwards. */
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        err_set(err, ERR_INTERNAL, "the terminal cannot be read: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    struct keys keys = {loop_new(), on_bytes, on_tick, context, false};
    bool succeeded = loop_stop_on_signals(keys.loop, err);
    if (succeeded) {
        read_keys(&keys, fd, &before);
        *out_interrupted = !keys.is_over;
    }
    loop_free(&keys.loop);
    close(fd);
    return succeeded;
}

/* ---- secrets ---- */

struct typing {
    struct str *text;
    bool was_left;
};

static bool type(void *context, struct slice bytes)
{
    struct typing *typing = context;
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char c = (unsigned char)bytes.bytes[i];
        if (c == '\r' || c == '\n') {
            return false;
        }
        if (c == CTRL_C || c == CTRL_D) {
            typing->was_left = true;
            return false;
        }
        bool is_erase = c == 0x7F || c == '\b';
        if (is_erase && typing->text->length > 0) {
            typing->text->text[--typing->text->length] = '\0';
        } else if (!is_erase) {
            str_add_char(typing->text, (char)c);
        }
    }
    return true;
}

static bool read_line(struct str *out, struct err *err)
{
    char line[SECRET_BYTES_MAX];
    if (!fgets(line, sizeof(line), stdin)) {
        return err_set(err, ERR_INVALID, "standard input is empty; it should hold the secret");
    }
    line[strcspn(line, "\r\n")] = '\0';
    str_add(out, line);
    return true;
}

bool ask_secret(struct cli *cli, const char *prompt, struct str *out, struct err *err)
{
    if (!isatty(STDIN_FILENO)) {
        return read_line(out, err);
    }
    struct typing typing = {out, false};
    bool was_interrupted = false;
    screen_text(&cli->talk, STYLE_BOLD, "%s", prompt);
    fflush(cli->talk.file);
    bool succeeded = ask_keys(type, NULL, &typing, &was_interrupted, err);
    screen_raw(&cli->talk, "\n");
    if (succeeded && (typing.was_left || was_interrupted)) {
        return err_set(err, ERR_INVALID, "nothing was typed");
    }
    return succeeded;
}
