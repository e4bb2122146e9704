#include "model/resources.h"

#include <string.h>

/* ---- quantities ---- */

/* More digits than this are more than any machine has, or finer than a thousandth. */
#define DIGITS_MAX 18
#define EXPONENT_MAX 18

struct unit {
    const char *suffix;
    int decimal; /* times ten to the … */
    int binary;  /* times two to the … */
};

static const struct unit units[] = {
    {"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
    {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* The digits of "12.50" as 1250 with two of them behind the point. */
static bool read_digits(const char **text, int64_t *out, int *out_fraction)
{
    bool has_point = false;
    int count = 0;
    for (; is_digit(**text) || (**text == '.' && !has_point); (*text)++) {
        if (**text == '.') {
            has_point = true;
            continue;
        }
        if (++count > DIGITS_MAX) {
            return false;
        }
        *out = *out * 10 + (**text - '0');
        *out_fraction += has_point;
    }
    return count > 0;
}

/* "e3", "E-2"; an E that no number follows is a unit. */
static bool read_exponent(const char **text, int *out)
{
    const char *at = *text;
    if (*at != 'e' && *at != 'E') {
        return true;
    }
    int sign = at[1] == '-' ? -1 : 1;
    at += at[1] == '-' || at[1] == '+' ? 2 : 1;
    if (!is_digit(*at)) {
        return true;
    }
    int exponent = 0;
    for (; is_digit(*at); at++) {
        exponent = exponent * 10 + (*at - '0');
        if (exponent > EXPONENT_MAX) {
            return false;
        }
    }
    *text = at;
    *out = sign * exponent;
    return true;
}

/* Times ten to the power, which may be negative; rounded up. */
static bool scale(int64_t *number, int power)
{
    for (; power > 0; power--) {
        if (__builtin_mul_overflow(*number, 10, number)) {
            return false;
        }
    }
    bool has_rest = false;
    for (; power < 0; power++) {
        has_rest = has_rest || *number % 10 != 0;
        *number /= 10;
    }
    return !has_rest || !__builtin_add_overflow(*number, 1, number);
}

static const struct unit *unit_of(const char *suffix)
{
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(units[i].suffix, suffix) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

bool quantity_parse(const char *text, int64_t *out_milli)
{
    int64_t number = 0;
    int fraction = 0;
    int exponent = 0;
    text += *text == '+';
    if (!read_digits(&text, &number, &fraction) || !read_exponent(&text, &exponent)) {
        return false;
    }
    const struct unit *unit = unit_of(text);
    if (!unit || __builtin_mul_overflow(number, INT64_C(1) << unit->binary, &number) ||
        !scale(&number, 3 + unit->decimal + exponent - fraction)) {
        return false;
    }
    *out_milli = number;
    return true;
}

/* ---- of objects ---- */

/* A quantity may be written as a number. */
static int64_t milli_at(const json_t *amounts, const char *resource)
{
    const json_t *value = json_object_get(amounts, resource);
    AUTO(xfree) char *number = json_is_number(value) ? json_text(value) : NULL;
    const char *text = number ? number : json_string_value(value);
    int64_t milli = 0;
    return text && quantity_parse(text, &milli) ? milli : 0;
}

struct resources resources_of(const json_t *amounts)
{
    return (struct resources){milli_at(amounts, "cpu"), milli_at(amounts, "memory") / 1000};
}

/* The API server takes a limit for a request where only that is given. */
static struct resources asked_by(const json_t *container)
{
    const json_t *requests = json_at(container, "resources.requests");
    const json_t *limits = json_at(container, "resources.limits");
    struct resources asked = resources_of(requests);
    struct resources limit = resources_of(limits);
    if (!json_object_get(requests, "cpu")) {
        asked.cpu_milli = limit.cpu_milli;
    }
    if (!json_object_get(requests, "memory")) {
        asked.memory_bytes = limit.memory_bytes;
    }
    return asked;
}

static void raise_to(struct resources *least, struct resources other)
{
    if (other.cpu_milli > least->cpu_milli) {
        least->cpu_milli = other.cpu_milli;
    }
    if (other.memory_bytes > least->memory_bytes) {
        least->memory_bytes = other.memory_bytes;
    }
}

struct resources resources_of_pod(const json_t *pod_spec)
{
    struct resources together = {0};
    struct resources peak = {0}; /* while it starts */
    size_t i = 0;
    const json_t *container = NULL;
    json_array_foreach (json_array_at(pod_spec, "initContainers"), i, container) {
        struct resources starting = together;
        resources_add(&starting, asked_by(container));
        raise_to(&peak, starting);
        if (strcmp(json_text_at(container, "restartPolicy", ""), "Always") == 0) {
            together = starting; /* a sidecar stays */
        }
    }
    json_array_foreach (json_array_at(pod_spec, "containers"), i, container) {
        resources_add(&together, asked_by(container));
    }
    raise_to(&together, peak);
    const json_t *whole = json_at(pod_spec, "resources.requests");
    if (json_object_get(whole, "cpu")) {
        together.cpu_milli = resources_of(whole).cpu_milli;
    }
    if (json_object_get(whole, "memory")) {
        together.memory_bytes = resources_of(whole).memory_bytes;
    }
    resources_add(&together, resources_of(json_object_get(pod_spec, "overhead")));
    return together;
}

/* ---- sums ---- */

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t times(int64_t a, int64_t b)
{
    int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

void resources_add(struct resources *sum, struct resources more)
{
    sum->cpu_milli = plus(sum->cpu_milli, more.cpu_milli);
    sum->memory_bytes = plus(sum->memory_bytes, more.memory_bytes);
}

struct resources resources_times(struct resources one, int64_t count)
{
    return (struct resources){times(one.cpu_milli, count), times(one.memory_bytes, count)};
}

bool resources_equal(struct resources a, struct resources b)
{
    return a.cpu_milli == b.cpu_milli && a.memory_bytes == b.memory_bytes;
}

/* ---- JSON and words ---- */

json_t *resources_to_json(struct resources resources)
{
    json_t *value = json_object();
    json_put_int(value, "cpuMilli", resources.cpu_milli);
    json_put_int(value, "memoryBytes", resources.memory_bytes);
    return value;
}

static bool read_amount(const json_t *value, const char *key, int64_t *out, struct err *err)
{
    const json_t *found = json_object_get(value, key);
    *out = json_integer_value(found);
    return ((!found || json_is_integer(found)) && *out >= 0) ||
           err_set(err, ERR_INVALID, "\"%s\" is no amount", key);
}

bool resources_from_json(const json_t *value, struct resources *out, struct err *err)
{
    *out = (struct resources){0};
    if (value && !json_is_object(value)) {
        return err_set(err, ERR_INVALID, "an amount of resources is not an object");
    }
    return read_amount(value, "cpuMilli", &out->cpu_milli, err) &&
           read_amount(value, "memoryBytes", &out->memory_bytes, err);
}

/* Two digits behind the point, without the zeros at their end. */
static void add_hundredths(int64_t hundredths, struct str *out)
{
    int64_t rest = hundredths % 100;
    str_addf(out, "%lld", (long long)(hundredths / 100));
    if (rest % 10 != 0) {
        str_addf(out, ".%02lld", (long long)rest);
    } else if (rest != 0) {
        str_addf(out, ".%lld", (long long)(rest / 10));
    }
}

void cpu_text(int64_t cpu_milli, struct str *out)
{
    if (cpu_milli % 10 != 0 && cpu_milli < 1000) {
        str_addf(out, "0.%03lld CPU", (long long)cpu_milli);
        return;
    }
    add_hundredths(plus(cpu_milli, 5) / 10, out);
    str_add(out, " CPU");
}

void memory_text(int64_t memory_bytes, struct str *out)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t name = 0;
    int64_t unit = 1024;
    while (memory_bytes / 1024 >= unit && name + 1 < COUNT_OF(names)) {
        unit *= 1024;
        name++;
    }
    int64_t whole = memory_bytes / unit;
    int64_t tenths = (memory_bytes % unit * 10 + unit / 2) / unit;
    if (whole >= 100 || name == 0) {
        long long rounded = whole + (tenths >= 5);
        str_addf(out, "%lld %s", rounded, names[name]);
    } else {
        add_hundredths(whole * 100 + tenths * 10, out);
        str_addf(out, " %s", names[name]);
    }
}
