/*
 * resources: CPU and memory, as Kubernetes counts them.
 */
#pragma once

#include "base/json.h"

struct resources {
    int64_t cpu_milli; /* thousandths of a core */
    int64_t memory_bytes;
};

/* "500m", "1.5", "64Mi", "2e3", "12345n" in thousandths, rounded up as the scheduler does.  False
   for what is no quantity, for a negative one, and for more than any machine has. */
bool quantity_parse(const char *text, int64_t *out_milli) MUST_CHECK;

/* {"cpu": …, "memory": …}, as under `requests` and `usage`; what is missing or is no quantity
   counts as nothing. */
struct resources resources_of(const json_t *amounts);
/* What the scheduler sets aside for a pod with this spec: its containers and sidecars together, or
   the largest of its init containers, and what it takes beside them. */
struct resources resources_of_pod(const json_t *pod_spec);

void resources_add(struct resources *sum, struct resources more);
struct resources resources_times(struct resources one, int64_t count);
bool resources_equal(struct resources a, struct resources b);

/* {"cpuMilli": 250, "memoryBytes": 67108864} */
json_t *resources_to_json(struct resources resources);
/* From untrusted JSON; nothing when it is missing (NULL). */
bool resources_from_json(const json_t *value, struct resources *out, struct err *err) MUST_CHECK;
/* "0.25 CPU", "64 MiB", "1.5 GiB": for people. */
void cpu_text(int64_t cpu_milli, struct str *out);
void memory_text(int64_t memory_bytes, struct str *out);
