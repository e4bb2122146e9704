/* A text of any length, read once and not kept. */
#include <string.h>
#include <yaml.h>

#include "yaml/yaml.h"

struct streaming {
    yaml_parser_t parser;
    const struct yaml_source *source;
    size_t since_step; /* bytes read since something came of them */
    unsigned depth;
    struct err *err;
};

static int read_more(void *context, unsigned char *buffer, size_t size, size_t *out_length)
{
    struct streaming *streaming = context;
    *out_length = 0;
    if (streaming->since_step > YAML_STREAM_VALUE_BYTES_MAX) {
        return err_set(streaming->err, ERR_INVALID,
                       "line %zu: a value or a comment is longer than %u MiB",
                       streaming->parser.mark.line + 1, YAML_STREAM_VALUE_BYTES_MAX >> 20);
    }
    if (!streaming->source->read(streaming->source->context, (char *)buffer, size, out_length,
                                 streaming->err)) {
        return 0;
    }
    streaming->since_step += *out_length;
    return 1;
}

/* Unless who reads has failed, and said so. */
static bool fail(const struct streaming *streaming)
{
    const yaml_parser_t *parser = &streaming->parser;
    return streaming->err->kind == ERR_NONE &&
           err_set(streaming->err, ERR_INVALID, "line %zu: %s", parser->problem_mark.line + 1,
                   parser->problem ? parser->problem : "not YAML");
}

static bool open_one(struct streaming *streaming, struct yaml_step *step, enum yaml_step_kind kind)
{
    step->kind = kind;
    return ++streaming->depth <= YAML_STREAM_DEPTH_MAX ||
           err_set(streaming->err, ERR_INVALID, "line %u: it is nested deeper than %d", step->line,
                   YAML_STREAM_DEPTH_MAX);
}

/* *out_is_step: is it one for who listens? */
static bool read_event(struct streaming *streaming, const yaml_event_t *event,
                       struct yaml_step *step, bool *out_is_step)
{
    *step = (struct yaml_step){.text = "", .line = (unsigned)event->start_mark.line + 1};
    *out_is_step = true;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        step->text = (const char *)event->data.scalar.value;
        step->text_length = event->data.scalar.length;
        return true;
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_MAPPING_START_EVENT:
        return open_one(streaming, step, YAML_STEP_MAPPING);
    case YAML_SEQUENCE_START_EVENT:
        return open_one(streaming, step, YAML_STEP_SEQUENCE);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        streaming->depth--;
        step->kind = YAML_STEP_END;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    *out_is_step = false;
    return true;
}

static bool run(struct streaming *streaming,
                bool (*on_step)(void *context, const struct yaml_step *step, struct err *err),
                void *context)
{
    for (bool is_over = false; !is_over;) {
        yaml_event_t event;
        struct yaml_step step;
        bool is_step = false;
        if (!yaml_parser_parse(&streaming->parser, &event)) {
            return fail(streaming);
        }
        streaming->since_step = 0;
        is_over = event.type == YAML_DOCUMENT_END_EVENT || event.type == YAML_STREAM_END_EVENT;
        bool is_good = read_event(streaming, &event, &step, &is_step) &&
                       (!is_step || on_step(context, &step, streaming->err));
        yaml_event_delete(&event);
        if (!is_good) {
            return false;
        }
    }
    return true;
}

bool yaml_stream(const struct yaml_source *source,
                 bool (*on_step)(void *context, const struct yaml_step *step, struct err *err),
                 void *context, struct err *err)
{
    struct streaming streaming = {.source = source, .err = err};
    if (!yaml_parser_initialize(&streaming.parser)) {
        return err_set(err, ERR_INTERNAL, "no memory for the YAML parser");
    }
    err->kind = ERR_NONE;
    yaml_parser_set_encoding(&streaming.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&streaming.parser, read_more, &streaming);
    bool done = run(&streaming, on_step, context);
    yaml_parser_delete(&streaming.parser);
    return done;
}
