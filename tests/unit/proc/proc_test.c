#include "../testing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/proc.h"

static struct proc_call shell(const char *script)
{
    static const char *argv[4] = {"sh", "-c", NULL, NULL};
    argv[2] = script;
    return (struct proc_call){.argv = argv};
}

static int64_t now_ms(void)
{
    return env_now_mono_ms(env_system());
}

/* Ended, though perhaps not yet reaped by the machine's first process. */
static bool is_gone(pid_t pid)
{
    char path[64];
    char state = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) {
        return true;
    }
    bool read = fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
    fclose(file);
    return !read || state == 'Z';
}

/* At most five seconds. */
static bool is_gone_soon(pid_t pid)
{
    int64_t deadline_ms = now_ms() + 5000;
    while (!is_gone(pid) && now_ms() < deadline_ms) {
        usleep(2000);
    }
    return is_gone(pid);
}

static void a_program_runs_and_its_words_come_back(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("echo out; echo bad >&2; exit 3");
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_string_equal(result.output.text, "out\n");
    assert_string_equal(result.errors.text, "bad\n");
    assert_int_equal(result.exit_code, 3);
    assert_int_equal(result.signal, 0);
}

static void a_signal_is_told_from_an_exit_code(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("kill -9 $$");
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_int_equal(result.exit_code, -1);
    assert_int_equal(result.signal, SIGKILL);
}

static void a_megabyte_goes_in_and_out_without_a_deadlock(void **state)
{
    (void)state;
    size_t length = 4U << 20;
    char *input = xcalloc(length, 1);
    memset(input, 'x', length);
    static const char *const argv[] = {"tee", "/dev/stderr", NULL};
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = {.argv = argv, .input = {input, length}};
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_int_equal(result.output.length, length);
    assert_memory_equal(result.output.text, input, length);
    assert_int_equal(result.errors.length, 64 << 10);
    free(input);
}

static void a_child_that_does_not_read_its_input_is_no_failure(void **state)
{
    (void)state;
    size_t length = 1U << 20;
    char *input = xcalloc(length, 1);
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("exec 0<&-; echo fine");
    call.input = (struct slice){input, length};
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_string_equal(result.output.text, "fine\n");
    free(input);
}

static void a_missing_program_is_named(void **state)
{
    (void)state;
    static const char *const argv[] = {"heddle-no-such-program", NULL};
    static const char *const path[] = {"/nowhere/heddle-no-such-program", NULL};
    const char *const *const cases[] = {argv, path};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO(proc_result_done) struct proc_result result = {0};
        struct proc_call call = {.argv = cases[i]};
        ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_NOT_FOUND, "heddle-no-such-program");
    }
}

static void the_environment_is_exactly_what_is_given(void **state)
{
    (void)state;
    setenv("HEDDLE_TEST_SECRET", "leak", 1);
    static const char *const env[] = {"PATH=/usr/bin:/bin", "ONE=1", NULL};
    static const char *const argv[] = {"env", NULL};
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = {.argv = argv, .env = env};
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_string_equal(result.output.text, "PATH=/usr/bin:/bin\nONE=1\n");

    proc_result_done(&result);
    call.env = NULL;
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_null(strstr(result.output.text, "HEDDLE_TEST_SECRET"));
    assert_non_null(strstr(result.output.text, "LC_ALL=C\n"));
}

static void the_program_is_looked_up_in_its_own_path(void **state)
{
    (void)state;
    static const char *const env[] = {"PATH=/nowhere", NULL};
    static const char *const argv[] = {"sh", NULL};
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = {.argv = argv, .env = env};
    ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_NOT_FOUND, "sh");
}

static void no_descriptor_is_inherited(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY); /* without close-on-exec: as a careless library would */
    assert_true(fd > 2);
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("ls /proc/$$/fd");
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_string_equal(result.output.text, "0\n1\n2\n");
    close(fd);
}

static void a_secret_is_read_by_the_child_and_by_what_it_starts(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("cat " PROC_SECRET_PATH "; sh -c 'cat " PROC_SECRET_PATH "'; "
                                  "echo no >" PROC_SECRET_PATH "; env; ls /proc/$$/fd");
    call.secret = slice_of("s3cret\n");
    ASSERT_OK(proc_run(&call, &result, &err), err);
    const char *twice = "s3cret\ns3cret\n";
    assert_memory_equal(result.output.text, twice, strlen(twice));
    assert_null(strstr(result.output.text + strlen(twice), "s3cret"));
    assert_non_null(strstr(result.output.text, "\n0\n1\n2\n3\n"));
    assert_non_null(strstr(result.errors.text, "Operation not permitted")); /* to change it */
}

static void it_runs_in_the_folder_it_is_told(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("pwd");
    call.folder = "/usr";
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_string_equal(result.output.text, "/usr\n");
}

static void the_wall_clock_ends_the_whole_group(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("sleep 600 & echo $!; wait");
    call.limits.wall_ms = 300;
    int64_t began_ms = now_ms();
    ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_TIMEOUT, "sh did not finish in time");
    assert_true(result.timed_out);
    assert_true(now_ms() - began_ms < 5000);
    assert_true(is_gone_soon((pid_t)atoi(result.output.text)));
}

static void what_a_program_leaves_running_is_ended_with_it(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("sleep 600 & echo $!");
    int64_t began_ms = now_ms();
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_true(now_ms() - began_ms < 5000);
    assert_true(is_gone_soon((pid_t)atoi(result.output.text)));
}

static void a_program_that_says_too_much_is_stopped(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("while :; do echo 0123456789; done");
    call.limits.output_bytes_max = 1000;
    ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_INVALID, "more than 1000 bytes");
    assert_true(result.said_too_much);
    assert_int_equal(result.output.length, 1000);
}

static void the_ceiling_itself_is_allowed(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("printf 0123456789");
    call.limits.output_bytes_max = 10;
    ASSERT_OK(proc_run(&call, &result, &err), err);
    proc_result_done(&result);
    call.limits.output_bytes_max = 9;
    ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_INVALID, "9 bytes");
}

static void processor_time_is_limited(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("while :; do :; done");
    call.limits.cpu_s = 1;
    call.limits.wall_ms = 30000;
    ASSERT_FAILS(proc_run(&call, &result, &err), err, ERR_TIMEOUT, "processor time");
}

static void memory_is_limited(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct proc_call call = shell("sleep 0.2; head -c 200000000 /dev/zero | sort -S 150M");
    call.limits.memory_bytes = 64 << 20;
    ASSERT_OK(proc_run(&call, &result, &err), err);
    assert_int_not_equal(result.exit_code, 0);
}

static void a_pipe_answers_line_by_line_and_by_length(void **state)
{
    (void)state;
    static const char *const argv[] = {"cat", NULL};
    struct proc_call call = {.argv = argv};
    struct err err = {0};
    AUTO(proc_close) struct proc_pipe *pipe = NULL;
    ASSERT_OK(proc_open(&call, &pipe, &err), err);
    for (int i = 0; i < 200; i++) {
        AUTO_STR(line, 100);
        AUTO_STR(bytes, 100);
        ASSERT_OK(proc_write(pipe, slice_of("hello\n12\n45"), &err), err);
        ASSERT_OK(proc_read_line(pipe, &line, &err), err);
        ASSERT_OK(proc_read_bytes(pipe, 5, &bytes, &err), err);
        assert_string_equal(line.text, "hello");
        assert_string_equal(bytes.text, "12\n45");
    }
}

static void a_pipe_takes_many_requests_before_an_answer_is_read(void **state)
{
    (void)state;
    static const char *const argv[] = {"cat", NULL};
    struct proc_call call = {.argv = argv};
    struct err err = {0};
    AUTO(proc_close) struct proc_pipe *pipe = NULL;
    ASSERT_OK(proc_open(&call, &pipe, &err), err);
    size_t length = 3U << 20;
    char *requests = xcalloc(length, 1);
    memset(requests, '\n', length);
    ASSERT_OK(proc_write(pipe, (struct slice){requests, length}, &err), err);
    AUTO_STR(answers, length);
    ASSERT_OK(proc_read_bytes(pipe, length, &answers, &err), err);
    assert_memory_equal(answers.text, requests, length);
    free(requests);
}

static void a_pipe_whose_child_died_gives_its_last_words(void **state)
{
    (void)state;
    struct proc_call call = shell("read line; echo broken index >&2; exit 1");
    struct err err = {0};
    AUTO(proc_close) struct proc_pipe *pipe = NULL;
    ASSERT_OK(proc_open(&call, &pipe, &err), err);
    ASSERT_OK(proc_write(pipe, slice_of("go\n"), &err), err);
    AUTO_STR(line, 100);
    ASSERT_FAILS(proc_read_line(pipe, &line, &err), err, ERR_UNAVAILABLE, "broken index");
    ASSERT_FAILS(proc_write(pipe, slice_of("go\n"), &err), err, ERR_UNAVAILABLE, "broken index");
}

static void a_silent_pipe_times_out(void **state)
{
    (void)state;
    struct proc_call call = shell("sleep 600");
    call.limits.wall_ms = 200;
    struct err err = {0};
    AUTO(proc_close) struct proc_pipe *pipe = NULL;
    ASSERT_OK(proc_open(&call, &pipe, &err), err);
    AUTO_STR(line, 100);
    ASSERT_FAILS(proc_read_line(pipe, &line, &err), err, ERR_TIMEOUT, "in time");
}

static void closing_a_pipe_ends_its_child(void **state)
{
    (void)state;
    struct proc_call call = shell("echo $$; exec sleep 600");
    struct err err = {0};
    struct proc_pipe *pipe = NULL;
    ASSERT_OK(proc_open(&call, &pipe, &err), err);
    AUTO_STR(line, 100);
    ASSERT_OK(proc_read_line(pipe, &line, &err), err);
    proc_close(&pipe);
    assert_null(pipe);
    assert_true(is_gone_soon((pid_t)atoi(line.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_runs_and_its_words_come_back),
        cmocka_unit_test(a_signal_is_told_from_an_exit_code),
        cmocka_unit_test(a_megabyte_goes_in_and_out_without_a_deadlock),
        cmocka_unit_test(a_child_that_does_not_read_its_input_is_no_failure),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(the_environment_is_exactly_what_is_given),
        cmocka_unit_test(the_program_is_looked_up_in_its_own_path),
        cmocka_unit_test(no_descriptor_is_inherited),
        cmocka_unit_test(a_secret_is_read_by_the_child_and_by_what_it_starts),
        cmocka_unit_test(it_runs_in_the_folder_it_is_told),
        cmocka_unit_test(the_wall_clock_ends_the_whole_group),
        cmocka_unit_test(what_a_program_leaves_running_is_ended_with_it),
        cmocka_unit_test(a_program_that_says_too_much_is_stopped),
        cmocka_unit_test(the_ceiling_itself_is_allowed),
        cmocka_unit_test(processor_time_is_limited),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(a_pipe_answers_line_by_line_and_by_length),
        cmocka_unit_test(a_pipe_takes_many_requests_before_an_answer_is_read),
        cmocka_unit_test(a_pipe_whose_child_died_gives_its_last_words),
        cmocka_unit_test(a_silent_pipe_times_out),
        cmocka_unit_test(closing_a_pipe_ends_its_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
