/* causes: the rows of the table that diagnose() goes through, in order. */
#pragma once

#include "base/str.h"
#include "diagnose/diagnose.h"

/* A pod or container that a cause fits; container NULL when the pod as a whole is meant. */
struct match {
    const struct workload_facts *facts;
    const struct pod_facts *pod;
    const struct container_facts *container;
    int64_t now_ms;
    int count; /* new pods that have the same cause */
};

/* A cause that is found in pods. */
struct pod_cause {
    const char *code;
    /* Exactly one of the two. */
    bool (*fits_pod)(const struct match *match);
    bool (*fits_container)(const struct match *match);
    /* One sentence without the number of pods; `out` holds what is already written. */
    void (*say)(const struct match *match, struct str *out);
    /* The field and the value that it rests on. */
    void (*prove)(const struct match *match, struct str *out);
    const char *action;
    bool (*is_terminal)(const struct match *match);
};

/* A cause that lies in the workload itself. */
struct workload_cause {
    const char *code;
    bool (*fits)(const struct workload_facts *facts);
    void (*say)(const struct workload_facts *facts, struct str *out);
    const char *evidence; /* NULL: create_failure */
    const char *action;
    bool is_terminal;
};

/* Before and after the causes found in pods. */
extern const struct workload_cause causes_before[];
extern const size_t causes_before_count;
extern const struct workload_cause causes_after[];
extern const size_t causes_after_count;
extern const struct pod_cause pod_causes[];
extern const size_t pod_cause_count;

/* Is it of a kind that keeps pods running? */
bool has_replicas(const struct workload_facts *facts);
/* Is one of the words in the text?  Case counts not. */
bool text_has_any(const char *text, const char *const *words);
#define HAS_ANY(text, ...) text_has_any((text), (const char *const[]){__VA_ARGS__, NULL})
