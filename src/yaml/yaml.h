/*
 * yaml: read YAML with the place of every scalar, and change scalars in place.
 *
 * Reading follows sigs.k8s.io/yaml (what Kubernetes reads) on libyaml's events.  Input is
 * untrusted: bytes, depth, nodes and alias expansion are bounded; duplicate keys, UTF-16 and broken
 * UTF-8 are errors.  Nodes live in the caller's arena and point into the caller's text.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

/* Generated files of 10 MB exist; a dense one of 16 MiB takes half a GiB while it is edited. */
#define YAML_BYTES_MAX (16U << 20)
/* Everything that walks nodes does so by recursion: tests do it on a stack of 2 MiB. */
#define YAML_DEPTH_MAX 1024
#define YAML_NODES_MAX 2000000
/* Nodes that aliases repeat, counted each time: a bomb of 1 kB could name billions. */
#define YAML_ALIASED_MAX 200000

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };
enum yaml_style { YAML_PLAIN, YAML_SINGLE_QUOTED, YAML_DOUBLE_QUOTED, YAML_LITERAL, YAML_FOLDED };

struct yaml_node {
    enum yaml_kind kind;
    enum yaml_style style; /* of a scalar */
    const char *text;      /* of a scalar: its value, NUL-terminated */
    size_t text_length;
    const char *tag;                /* as resolved ("tag:yaml.org,2002:str"), or NULL */
    const char *anchor;             /* or NULL; of an alias: the name it uses */
    bool is_alias;                  /* this is `*name`; the fields show what it stands for */
    const struct yaml_node *target; /* of an alias: the node that it stands for */
    unsigned alias_count;           /* of an anchored node: how many aliases stand for it */
    unsigned line, column;          /* from 1, in the file */
    size_t start, end;        /* bytes [start, end) in the file: the scalar with its quotes, without
                                 anchor and tag; the whole of a collection */
    struct yaml_node **items; /* sequence: the items; mapping: key, value, key, value, … */
    size_t item_count;        /* of a mapping: twice its pairs */
};

struct yaml_document {
    struct yaml_node *root; /* NULL: empty or only comments */
    unsigned index;         /* from 0, empty documents counted */
    unsigned line;          /* its first line */
    struct yaml_document *next;
};

/* Read all documents; *out is NULL when there is nothing but comments.  Errors are
   ERR_INVALID and name line and column and, where one is known, the remedy; the caller
   wraps them with the file's name. */
bool yaml_parse(struct arena *arena, struct slice text, struct yaml_document **out,
                struct err *err) MUST_CHECK;

/* ---- what is too long to be kept ---- */

enum yaml_step_kind { YAML_STEP_SCALAR, YAML_STEP_MAPPING, YAML_STEP_SEQUENCE, YAML_STEP_END };
/* One thing of the first document, in order; an alias is an empty scalar. */
struct yaml_step {
    enum yaml_step_kind kind;
    const char *text; /* of a scalar; for the call */
    size_t text_length;
    unsigned line; /* from 1 */
};
/* Much deeper than a list of things with properties ever is. */
#define YAML_STREAM_DEPTH_MAX 64
/* A value, and a comment, is shorter; so memory does not grow with the text. */
#define YAML_STREAM_VALUE_BYTES_MAX (1U << 20)
struct yaml_source {
    /* Up to `size` bytes into `buffer`; 0 at the end. */
    bool (*read)(void *context, char *buffer, size_t size, size_t *out_length, struct err *err);
    void *context;
};
/* Read a text of any length, keeping none of it.  `on_step` may refuse.  ERR_INVALID names the
   line. */
bool yaml_stream(const struct yaml_source *source,
                 bool (*on_step)(void *context, const struct yaml_step *step, struct err *err),
                 void *context, struct err *err) MUST_CHECK;

/* Mapping lookups; NULL when it is no mapping or has no such key.  Merge keys (<<) are
   followed, as in yaml_to_json().  A path is dotted keys and [n]:
   "spec.template.spec.containers[0].image". */
struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
struct yaml_node *yaml_at(const struct yaml_node *node, const char *path);
/* The scalar's text under a key, or NULL; also NULL for a plain null (`name:`, `name: ~`). */
const char *yaml_text(const struct yaml_node *mapping, const char *key);

/* Is the document encrypted by SOPS?  It signs the whole of it: any edit would break it. */
bool yaml_is_encrypted(const struct yaml_node *root);

/* The JSON value that sigs.k8s.io/yaml would give; NULL and err for what JSON cannot carry.  New
   reference. */
json_t *yaml_to_json(const struct yaml_node *node, struct err *err) MUST_CHECK;
/* The same as the kustomize program reads it: y, n, yes, no, on and off are text, not truth values.
 */
json_t *yaml_to_json_kustomize(const struct yaml_node *node, struct err *err) MUST_CHECK;

/* One scalar to change: the bytes [start, end) of the text become a scalar whose value is
   `value`.  The quoting of the old scalar stays where it can.  The bytes of an alias say that this
   use of an anchored scalar shall have the value. */
struct yaml_edit {
    size_t start, end;
    const char *value;
};

/*
 * Apply the edits (any order, not overlapping) to `text` and append the result to `out`.  The
 * result is parsed again and must differ from the old text in exactly these scalars, each with
 * exactly the wanted value, as a string; otherwise nothing is written and the error says which
 * was refused.  A scalar that aliases repeat is edited where it stands when all of its uses shall
 * get the value; an alias whose anchor is not to change becomes a value of its own.  ERR_REFUSED:
 * keys, scalars of several lines, scalars of which other uses shall stay, and what stands in a
 * collection that aliases repeat.
 */
bool yaml_edit(struct slice text, const struct yaml_edit *edits, size_t count, struct str *out,
               struct err *err) MUST_CHECK;

/* Does the scalar's value stand on one line, behind its key or as a block text (>-, |-)?  Others
   are refused by yaml_edit(). */
bool yaml_is_one_line(struct slice text, const struct yaml_node *scalar);

/* One change of a file's structure, or of a scalar in it. */
enum yaml_amend_kind {
    YAML_AMEND_SET,    /* the scalar `at` gets `value` */
    YAML_AMEND_ADD,    /* the mapping `in` gets `key` behind the value `at`, or at its end: `value`,
                          or, where items are given, a list of them, or, where a tree is, that */
    YAML_AMEND_APPEND, /* the sequence `in` gets the items at its end; once for each sequence */
    YAML_AMEND_REMOVE, /* the mapping `in` loses the pair with the value `at` */
};
struct yaml_pair {
    const char *key, *value;
};
struct yaml_item {
    const struct yaml_pair *pairs;
    size_t count;
};
struct yaml_amendment {
    enum yaml_amend_kind kind;
    const struct yaml_node *in, *at; /* of `documents` */
    const char *key, *value;
    const struct yaml_item *items;
    size_t item_count;
    const json_t *tree; /* objects of objects and texts, none of them empty; the caller's */
};

/*
 * Apply the amendments to `text`, whose parse is `documents`, in the style of what stands around
 * them: indentation, line ends, flow or block.  Like yaml_edit(), the result is parsed again and
 * must be the old documents but for the amendments; else nothing is written.  ERR_REFUSED also says
 * where the file leaves no place for a change.
 */
bool yaml_amend(struct slice text, const struct yaml_document *documents,
                const struct yaml_amendment *amendments, size_t count, struct str *out,
                struct err *err) MUST_CHECK;

/* Would this plain text be read back as a string, by YAML 1.1 and 1.2 alike? */
bool yaml_plain_is_string(const char *text);
/* Append `text` as a scalar, quoted only when it must be.  For files that heddle writes. */
void yaml_write_scalar(struct str *out, const char *text);
/* Append a JSON value as block YAML, in the order of its keys: for people to read. */
void yaml_print(struct str *out, const json_t *value);
