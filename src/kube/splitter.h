/* splitter: objects out of a long answer, one at a time; private to kube. */
#pragma once

#include "base/str.h"

/* Of a list: {"metadata": …, "items": [object, object, …]}. */
struct list_splitter {
    struct str item; /* the object being read */
    struct str rest; /* everything but the items: itself a JSON object */
    struct str key;  /* the last text at the top level */
    int depth;
    bool in_text, is_escaped, in_items;
    void (*on_item)(void *context, struct slice item);
    void *context;
};
void list_splitter_init(struct list_splitter *splitter,
                        void (*on_item)(void *context, struct slice item), void *context);
void list_splitter_done(struct list_splitter *splitter);
/* False when an object, or what surrounds them, is larger than allowed. */
bool list_splitter_feed(struct list_splitter *splitter, struct slice bytes);

/* Of a watch: one object in each line. */
struct line_splitter {
    struct str line;
    void (*on_line)(void *context, struct slice line);
    void *context;
};
void line_splitter_init(struct line_splitter *splitter,
                        void (*on_line)(void *context, struct slice line), void *context);
void line_splitter_done(struct line_splitter *splitter);
bool line_splitter_feed(struct line_splitter *splitter, struct slice bytes);
