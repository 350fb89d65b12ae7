#include "worker/sandbox/e2b_trim.h"

/* Follows brackets and strings. */
struct walk {
    size_t depth;
    bool in_string;
    bool escaped;
};

static bool opens(char now)
{
    return now == '{' || now == '[';
}

static bool closes(char now)
{
    return now == '}' || now == ']';
}

/* True when the character stands outside of strings. */
static bool step(struct walk *walk, char now)
{
    if (walk->in_string) {
        walk->in_string = walk->escaped || now != '"';
        walk->escaped = !walk->escaped && now == '\\';
        return false;
    }
    walk->in_string = now == '"';
    if (opens(now))
        walk->depth++;
    else if (closes(now) && walk->depth > 0)
        walk->depth--;
    return true;
}

size_t e2b_values(struct bytes json)
{
    const char *text = json.data;
    struct walk walk = {0};
    size_t count = 0;
    for (size_t i = 0; i < json.len; i++)
        count += step(&walk, text[i]) && (text[i] == ',' || opens(text[i]));
    return count;
}

void e2b_trim(struct bytes json, struct buffer *ret_json)
{
    const char *text = json.data;
    struct walk walk = {0};
    for (size_t i = 0; i < json.len; i++) {
        size_t before = walk.depth;
        bool outside = step(&walk, text[i]);
        bool edge =
            outside && ((opens(text[i]) && before == 1) || (closes(text[i]) && before == 2));
        if (before <= 1 || edge)
            buffer_add(ret_json, &text[i], 1);
    }
}
