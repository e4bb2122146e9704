/* Renders folders: "ROOT<tab>FOLDER" on each line of standard input; a line of JSON for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "trees.h"

#define LINE_BYTES_MAX 8192

static void print_target(const char *root, const char *folder)
{
    struct manifest_tree tree = folder_face(root);
    AUTO(render_cache_free) struct render_cache *cache = render_cache_new();
    AUTO(render_result_done) struct render_result result = {0};
    struct err err = {0};
    AUTO_JSON *answer = json_pack("{s:s, s:s, s:[]}", "root", root, "folder", folder, "objects");
    if (!render_target(cache, &tree, folder, &result, &err)) {
        json_put_text(answer, "problem", err.text);
    } else if (result.problems) {
        json_put(answer, "problem",
                 json_text_safe(result.problems->text, strlen(result.problems->text)));
    }
    for (size_t i = 0; i < result.count; i++) {
        json_array_append_new(json_object_get(answer, "objects"),
                              json_loads(result.objects[i].json, 0, NULL));
    }
    AUTO(xfree) char *text = json_text(answer);
    puts(text);
}

int main(void)
{
    char line[LINE_BYTES_MAX];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab) {
            return 2;
        }
        *tab = '\0';
        print_target(line, tab + 1);
    }
    return 0;
}
