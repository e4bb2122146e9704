/* The live block, the questions and the tick list, on a pseudo terminal that draws what it is told.
 */
#include "harness.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define API "/api/v1"
#define ROWS_MAX 60
#define COLUMNS_MAX 160
#define PATIENCE_MS 10000

/* A small terminal: printable bytes, line ends, "cursor up" and "erase below", wrapping and
   scrolling.  Anything else is a failure: it would be a sequence that nobody meant. */
struct terminal {
    int fd;
    pid_t child;
    int rows, columns, row, column;
    int scrolled;
    char cells[ROWS_MAX][COLUMNS_MAX];
    char sequence[16];
    size_t sequence_length;
    struct str all; /* everything that came */
};

static void scroll(struct terminal *terminal)
{
    memmove(terminal->cells[0], terminal->cells[1], sizeof(terminal->cells[0]) * (ROWS_MAX - 1));
    memset(terminal->cells[terminal->rows - 1], ' ', COLUMNS_MAX);
    terminal->scrolled++;
}

static void line_feed(struct terminal *terminal)
{
    if (terminal->row + 1 < terminal->rows) {
        terminal->row++;
    } else {
        scroll(terminal);
    }
}

static void put(struct terminal *terminal, char c)
{
    if (terminal->column == terminal->columns) {
        terminal->column = 0;
        line_feed(terminal);
    }
    terminal->cells[terminal->row][terminal->column++] = c;
}

static void obey(struct terminal *terminal)
{
    char *text = terminal->sequence;
    char verb = text[terminal->sequence_length - 1];
    if (verb == 'A') {
        terminal->row -= atoi(text + 1);
        terminal->row = terminal->row < 0 ? 0 : terminal->row;
    } else if (verb == 'J') {
        memset(&terminal->cells[terminal->row][terminal->column], ' ',
               (size_t)(COLUMNS_MAX - terminal->column));
        for (int i = terminal->row + 1; i < ROWS_MAX; i++) {
            memset(terminal->cells[i], ' ', COLUMNS_MAX);
        }
    } else if (verb != 'm') {
        fail_msg("the sequence %s", text);
    }
    terminal->sequence_length = 0;
}

static void take(struct terminal *terminal, unsigned char c)
{
    if (terminal->sequence_length > 0 || c == 0x1B) {
        if (c != 0x1B) {
            assert_true(terminal->sequence_length < sizeof(terminal->sequence) - 1);
            terminal->sequence[terminal->sequence_length - 1] = (char)c;
            terminal->sequence[terminal->sequence_length] = '\0';
        }
        terminal->sequence_length++;
        if (c != 0x1B && c != '[' && (c < '0' || c > '9') && c != ';') {
            terminal->sequence_length--;
            obey(terminal);
        }
        return;
    }
    if (c == '\r') {
        terminal->column = 0;
    } else if (c == '\n') {
        line_feed(terminal);
    } else if (c == '\t') {
        terminal->column = (terminal->column / 8 + 1) * 8; /* the tests' tabs are not near an end */
    } else if (c >= 0xC0) {
        put(terminal, '.'); /* one cell for a character of several bytes */
    } else if (c < 0x80) {
        assert_true(c >= 0x20);
        put(terminal, (char)c);
    }
}

/* Read for a moment; false when the other side has hung up. */
static bool read_some(struct terminal *terminal, int wait_ms)
{
    char bytes[4096];
    struct pollfd ready = {terminal->fd, POLLIN, 0};
    if (poll(&ready, 1, wait_ms) == 0) {
        return true;
    }
    ssize_t got = read(terminal->fd, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < got; i++) {
        take(terminal, (unsigned char)bytes[i]);
    }
    str_add_bytes(&terminal->all, bytes, got > 0 ? (size_t)got : 0);
    return got > 0;
}

static bool shows(const struct terminal *terminal, const char *text)
{
    for (int i = 0; i < terminal->rows; i++) {
        char line[COLUMNS_MAX + 1];
        memcpy(line, terminal->cells[i], COLUMNS_MAX);
        line[COLUMNS_MAX] = '\0';
        if (strstr(line, text)) {
            return true;
        }
    }
    return false;
}

static void print_screen(const struct terminal *terminal)
{
    for (int i = 0; i < terminal->rows; i++) {
        print_error("|%.*s|\n", terminal->columns, terminal->cells[i]);
    }
}

static void wait_for(struct terminal *terminal, const char *text)
{
    int64_t until = env_now_mono_ms(env_system()) + PATIENCE_MS;
    while (!shows(terminal, text)) {
        if (env_now_mono_ms(env_system()) > until || !read_some(terminal, 50)) {
            print_screen(terminal);
            fail_msg("it never showed \"%s\"", text);
        }
    }
}

static int wait_for_end(struct terminal *terminal)
{
    int status = 0;
    while (read_some(terminal, 50)) {
        if (waitpid(terminal->child, &status, WNOHANG) == terminal->child) {
            while (read_some(terminal, 20) &&
                   poll(&(struct pollfd){terminal->fd, POLLIN, 0}, 1, 20)) {
            }
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    assert_int_equal(waitpid(terminal->child, &status, 0), terminal->child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void terminal_begin(struct terminal *terminal, const struct stage *stage,
                           const struct run *run, int rows, int columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    *terminal = (struct terminal){.rows = rows, .columns = columns};
    memset(terminal->cells, ' ', sizeof(terminal->cells));
    str_init(&terminal->all, OUTPUT_MAX);
    fflush(NULL);
    terminal->child = forkpty(&terminal->fd, NULL, NULL, &size);
    if (terminal->child == 0) {
        become_cli(stage, run);
    }
    assert_true(terminal->child > 0);
}

static void terminal_end(struct terminal *terminal)
{
    close(terminal->fd);
    str_done(&terminal->all);
}

static void press(const struct terminal *terminal, const char *keys)
{
    assert_int_equal(write(terminal->fd, keys, strlen(keys)), strlen(keys));
}

static int count_lines(const struct terminal *terminal, const char *text)
{
    int count = 0;
    for (int i = 0; i < terminal->rows; i++) {
        char line[COLUMNS_MAX + 1];
        memcpy(line, terminal->cells[i], COLUMNS_MAX);
        line[COLUMNS_MAX] = '\0';
        count += strstr(line, text) != NULL;
    }
    return count;
}

static const struct answer promoting[] = {
    {"POST", API "/plans", 200, "plan.json"},        {"POST", API "/releases", 201, "release.json"},
    {"GET", API "/releases/7", 200, "release.json"}, {"GET", API "/events", 200, "story.events"},
    {"GET", API "/whoami", 200, "whoami.json"},      {0},
};

static void a_promotion_asks_and_leaves_one_record(void **state)
{
    (void)state;
    static const struct run run = {"promote cart orders --to prod", NULL, "NO_COLOR=1", false};
    struct stage stage;
    struct terminal terminal;
    stage_begin(&stage, promoting);
    terminal_begin(&terminal, &stage, &run, 50, 100);
    wait_for(&terminal, "Promote 2 workloads to prod? [y/N]");
    assert_true(shows(&terminal, "+        image: r/cart:1.1.0 # \\x1b]0;owned\\x07"));
    press(&terminal, "y\n");
    assert_int_equal(wait_for_end(&terminal), 0);
    assert_true(shows(&terminal, "  cart  prod-eu  [##########] done"));
    assert_true(shows(&terminal, "R-7 promote staging -> prod: done"));
    assert_true(shows(&terminal, "R-7 done: All pods run the new versions."));
    /* What was drawn on the way has been taken away again. */
    assert_int_equal(count_lines(&terminal, "prod-us  ["), 1);
    assert_int_equal(count_lines(&terminal, "needs approval"), 0);
    terminal_end(&terminal);
    stage_end(&stage);
}

static void a_no_changes_nothing(void **state)
{
    (void)state;
    static const struct run run = {"promote cart orders --to prod", NULL, NULL, false};
    struct stage stage;
    struct terminal terminal;
    AUTO_STR(requests, OUTPUT_MAX);
    stage_begin(&stage, promoting);
    terminal_begin(&terminal, &stage, &run, 50, 100);
    wait_for(&terminal, "[y/N]");
    press(&terminal, "\n");
    assert_int_equal(wait_for_end(&terminal), 1);
    assert_true(shows(&terminal, "Nothing was promoted."));
    stage_requests(&stage, &requests);
    assert_null(strstr(requests.text, "POST /api/v1/releases"));
    terminal_end(&terminal);
    stage_end(&stage);
}

static const struct answer watching[] = {
    {"GET", API "/releases/7", 200, "release.json"},
    {"GET", API "/releases/9", 200, "many.json"},
    {"GET", API "/events", 200, "silent.events"},
    {0},
};

static void control_c_leaves_the_release_alone(void **state)
{
    (void)state;
    static const struct run run = {"watch R-7", NULL, NULL, false};
    struct stage stage;
    struct terminal terminal;
    stage_begin(&stage, watching);
    terminal_begin(&terminal, &stage, &run, 24, 80);
    wait_for(&terminal, "[----------] waiting");
    press(&terminal, "\003");
    assert_int_equal(wait_for_end(&terminal), 130);
    assert_true(shows(&terminal, "R-7 continues. Re-attach: heddle watch R-7"));
    terminal_end(&terminal);
    stage_end(&stage);
}

static void the_block_is_never_higher_than_the_screen(void **state)
{
    (void)state;
    static const struct run run = {"watch R-9", NULL, NULL, false};
    struct stage stage;
    struct terminal terminal;
    stage_begin(&stage, watching);
    terminal_begin(&terminal, &stage, &run, 12, 60);
    wait_for(&terminal, ". and 32 more"); /* 11 lines: two of head, eight items, this one */
    /* Rolling ones are chosen before done and waiting ones. */
    assert_true(shows(&terminal, "workload-10"));
    assert_false(shows(&terminal, "workload-00"));
    size_t drawn = terminal.all.length;
    while (terminal.all.length < drawn + 2000) {
        assert_true(read_some(&terminal, 500)); /* some more drawings, by the clock */
    }
    assert_int_equal(terminal.scrolled, 0);
    assert_int_equal(count_lines(&terminal, "R-7 promote"), 1);
    press(&terminal, "\003");
    assert_int_equal(wait_for_end(&terminal), 130);
    terminal_end(&terminal);
    stage_end(&stage);
}

/* Make the window narrower as real terminals do: what is longer wraps, and the cursor stays with
   its text. */
static void resize(struct terminal *terminal, int columns)
{
    static char before[ROWS_MAX][COLUMNS_MAX];
    struct winsize size = {.ws_row = (unsigned short)terminal->rows,
                           .ws_col = (unsigned short)columns};
    int last = terminal->row;
    memcpy(before, terminal->cells, sizeof(before));
    memset(terminal->cells, ' ', sizeof(terminal->cells));
    terminal->row = 0;
    terminal->column = 0;
    terminal->columns = columns;
    for (int i = 0; i < last; i++) {
        int length = COLUMNS_MAX;
        while (length > 0 && before[i][length - 1] == ' ') {
            length--;
        }
        for (int n = 0; n < length; n++) {
            put(terminal, before[i][n]);
        }
        terminal->column = 0;
        line_feed(terminal);
    }
    ioctl(terminal->fd, TIOCSWINSZ, &size);
}

static void a_narrower_window_leaves_no_rubbish(void **state)
{
    (void)state;
    static const struct run run = {"watch R-7", NULL, NULL, false};
    struct stage stage;
    struct terminal terminal;
    stage_begin(&stage, watching);
    terminal_begin(&terminal, &stage, &run, 24, 100);
    wait_for(&terminal, "prod-us  [----------] waiting");
    resize(&terminal, 30);
    assert_int_equal(count_lines(&terminal, "R-7 promote"), 1);
    size_t drawn = terminal.all.length;
    while (terminal.all.length < drawn + 300) {
        assert_true(read_some(&terminal, 500));
    }
    assert_int_equal(count_lines(&terminal, "R-7 promote"), 1);
    assert_int_equal(count_lines(&terminal, "cart  prod-us"), 1);
    press(&terminal, "\003");
    assert_int_equal(wait_for_end(&terminal), 130);
    terminal_end(&terminal);
    stage_end(&stage);
}

static bool is_same_mode(const struct termios *a, const struct termios *b)
{
    return a->c_lflag == b->c_lflag && a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag;
}

static void a_list_is_ticked_with_keys(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *asked; /* NULL: nothing was promoted */
    } cases[] = {
        {" \r", "\"workloads\":[\"cart\"]"},
        {"j \r", "\"workloads\":[\"orders\"]"},
        {"\033[B \r", "\"workloads\":[\"orders\"]"},
        {"\033OB\033[A \r", "\"workloads\":[\"cart\"]"},
        {"a\r", "\"workloads\":[\"cart\",\"orders\"]"},
        {"aa\r", NULL},
        {"jjjj \r", NULL}, /* the last one cannot be promoted, and cannot be ticked */
        {" q", NULL},
        {" \003", NULL},
    };
    static const struct run run = {"promote -i --to prod --no-wait", NULL, NULL, false};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct stage stage;
        struct terminal terminal;
        struct termios before, after;
        AUTO_STR(requests, OUTPUT_MAX);
        stage_begin(&stage, promoting);
        terminal_begin(&terminal, &stage, &run, 50, 100);
        assert_int_equal(tcgetattr(terminal.fd, &before), 0);
        wait_for(&terminal, "> [ ] cart");
        assert_true(shows(&terminal, "  [ ] web                      It already has 2.0.1."));
        do { /* drawn, but does it listen already? */
            assert_int_equal(tcgetattr(terminal.fd, &after), 0);
            assert_true(read_some(&terminal, 5));
        } while (after.c_lflag & ICANON);
        press(&terminal, cases[i].keys);
        if (cases[i].asked) {
            wait_for(&terminal, "[y/N]");
            press(&terminal, "y\n");
        }
        int code = wait_for_end(&terminal);
        if (code != (cases[i].asked ? 0 : 130)) {
            print_screen(&terminal);
            fail_msg("case %zu: exit %d", i, code);
        }
        assert_int_equal(tcgetattr(terminal.fd, &after), 0);
        assert_true(is_same_mode(&before, &after));
        stage_requests(&stage, &requests);
        const char *release = strstr(requests.text, "POST /api/v1/releases");
        assert_true((release != NULL) == (cases[i].asked != NULL));
        if (release && !strstr(release, cases[i].asked)) {
            fail_msg("case %zu: %s", i, release);
        }
        terminal_end(&terminal);
        stage_end(&stage);
    }
}

static void a_killed_list_gives_the_terminal_back(void **state)
{
    (void)state;
    static const struct run run = {"promote -i --to prod", NULL, NULL, false};
    struct stage stage;
    struct terminal terminal;
    struct termios before, after;
    stage_begin(&stage, promoting);
    terminal_begin(&terminal, &stage, &run, 50, 100);
    assert_int_equal(tcgetattr(terminal.fd, &before), 0);
    wait_for(&terminal, "> [ ] cart");
    do {
        assert_int_equal(tcgetattr(terminal.fd, &after), 0);
        assert_true(read_some(&terminal, 5));
    } while (after.c_lflag & ICANON);
    kill(terminal.child, SIGTERM);
    assert_int_equal(wait_for_end(&terminal), 130);
    assert_int_equal(tcgetattr(terminal.fd, &after), 0);
    assert_true(is_same_mode(&before, &after));
    terminal_end(&terminal);
    stage_end(&stage);
}

static void a_token_is_typed_unseen(void **state)
{
    (void)state;
    static const struct run run = {"login", NULL, NULL, true};
    struct stage stage;
    struct terminal terminal;
    struct termios now;
    stage_begin(&stage, promoting);
    terminal_begin(&terminal, &stage, &run, 24, 200 - 60);
    wait_for(&terminal, "Token for http://127.0.0.1:");
    do {
        assert_int_equal(tcgetattr(terminal.fd, &now), 0);
        assert_true(read_some(&terminal, 5));
    } while (now.c_lflag & ECHO);
    press(&terminal, "hdl_tesx\177t\r");
    assert_int_equal(wait_for_end(&terminal), 0);
    assert_true(shows(&terminal, "as ada (promote)"));
    assert_null(strstr(terminal.all.text, "hdl_"));
    terminal_end(&terminal);
    stage_end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promotion_asks_and_leaves_one_record),
        cmocka_unit_test(a_no_changes_nothing),
        cmocka_unit_test(control_c_leaves_the_release_alone),
        cmocka_unit_test(the_block_is_never_higher_than_the_screen),
        cmocka_unit_test(a_narrower_window_leaves_no_rubbish),
        cmocka_unit_test(a_list_is_ticked_with_keys),
        cmocka_unit_test(a_killed_list_gives_the_terminal_back),
        cmocka_unit_test(a_token_is_typed_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
