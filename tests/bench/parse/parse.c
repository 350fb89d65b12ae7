/* tree-sitter alone: parses a file of Python so often, and prints microseconds of one time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <tree_sitter/api.h>

#define FILE_MAX_BYTES (8U << 20)

const TSLanguage *tree_sitter_python(void);

static int64_t used_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool parse(const char *text, size_t len)
{
    TSParser *parser = ts_parser_new();
    TSTree *tree = NULL;
    if (ts_parser_set_language(parser, tree_sitter_python()))
        tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)len);
    if (tree)
        ts_tree_delete(tree);
    ts_parser_delete(parser);
    return tree != NULL;
}

int main(int argc, char **argv)
{
    static char text[FILE_MAX_BYTES];
    FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
    if (!file)
        return fputs("usage: parse FILE TIMES\n", stderr), 2;
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    long times = strtol(argv[2], NULL, 10);
    int64_t begin = used_us();
    for (long i = 0; i < times; i++)
        if (!parse(text, len))
            return 1;
    printf("%lld\n", (long long)(used_us() - begin) / (times > 0 ? times : 1));
    return 0;
}
