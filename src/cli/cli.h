/*
 * cli: the command line.
 *
 * One file per command; each is a row of a const table with its flags and examples.  All but the
 * offline commands ask the server over its HTTP API: nothing here reads a registry or a cluster.
 * Data goes to standard output, talk to standard error.  The roles (`heddle server`, …) live in
 * modules above this one: main.c gives their rows to cli_main().
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

struct cli;

enum cli_kind {
    CLI_TEXT,     /* const char * */
    CLI_SWITCH,   /* bool */
    CLI_NUMBER,   /* int64_t, 0 or more */
    CLI_DURATION, /* int64_t, milliseconds */
    CLI_LIST,     /* struct cli_list; may be given again, or as a,b,c */
};

struct cli_list {
    const char **items;
    size_t count;
};

/* A flag is also the variable HEDDLE_<NAME>, and a key of the same name in the file that the
   flag --config names, where a command has one.  Flag before variable before file. */
struct cli_flag {
    const char *name; /* "dry-run" */
    char letter;      /* 'n', or 0 */
    enum cli_kind kind;
    size_t offset;           /* of the value in the command's options; see enum cli_kind */
    const char *placeholder; /* "STAGE"; NULL for switches */
    const char *help;
    const char *fallback; /* the value when nobody says one, or NULL */
    const char *choices;  /* "table|json|name", or NULL: anything */
};

struct cli_flags {
    const struct cli_flag *flags;
    size_t count;
    void *values; /* the options that the offsets count in; zeroed by the caller */
};

/* Read flags (anywhere among the words, --flag=value too), variables and the file into the values.
   All texts live in `arena` or in argv.  argv[0] is the first argument, not the program. */
bool cli_parse(const struct cli_flags *sets, size_t set_count, struct cli_list arguments,
               struct arena *arena, struct cli_list *out_words, struct err *err) MUST_CHECK;

struct cli_command {
    const char *name;     /* "promote", or two words: "cluster add" */
    const char *usage;    /* what follows the name */
    const char *summary;  /* one line, for the list */
    const char *text;     /* more about it, whole lines; or NULL */
    const char *examples; /* whole lines */
    const struct cli_flag *flags;
    size_t flag_count;
    size_t options_bytes; /* what the flags' offsets count in */
    size_t words_min, words_max;
    const char *complete; /* what words are: "workload", "release", "cluster"; or NULL */
    bool is_role;         /* no client: it has none of the client's common flags */
    bool is_hidden;
    bool (*run)(struct cli *cli, const void *options, struct err *err);
};

struct cli_setup {
    const struct cli_command *roles;
    size_t role_count;
    const struct env *env;
};

/* Run one command; the exit code is one of `heddle help exit-codes`. */
int cli_main(const struct cli_setup *setup, int argc, char *const *argv);

/* Write to standard output, for roles that print: as it is, or exit code 1 when that fails. */
bool cli_write(struct cli *cli, const char *text, struct err *err) MUST_CHECK;
