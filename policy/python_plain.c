#include "policy/python_plain.h"

#include <ctype.h>
#include <string.h>

static bool begins_with(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

/* A name in other letters that Python reads as the same: compatibility forms of ASCII. */
bool python_is_disguised(struct bytes name)
{
    static const char *const blocks[] = {"\xef\xbc", "\xef\xbd", "\xf0\x9d", "\xe2\x84",
                                         "\xe2\x85", "\xef\xac", "\xe1\xb5", "\xe2\x82",
                                         "\xe2\x81", "\xca",     "\xcb",     "\xc2\xaa",
                                         "\xc2\xba", "\xe1\xb4", "\xe1\xb6", "\xe2\xb1"};
    const char *end = (const char *)name.data + name.len;
    for (const char *at = name.data; at < end; at++)
        for (size_t i = 0; i < COUNT_OF(blocks) && (*at & 0x80); i++)
            if (begins_with(at, end, blocks[i]))
                return true;
    return false;
}

/* "name" in globals() only asks whether there is one. */
bool python_only_asks(const struct node *node, struct bytes text)
{
    bool all = bytes_equal(text, bytes_of("globals")) || bytes_equal(text, bytes_of("locals"));
    const struct node *call = all ? node_above(node) : node;
    return all && python_is(call, KIND_call) &&
           python_is(node_above(call), KIND_comparison_operator);
}

/* os.environ["KEY"], os.getenv("KEY"): told by the key. */
const struct node *python_asked_key(const struct node *node, const char *name)
{
    static const char *const asks[] = {"os.getenv", "os.environ.get", "os.environ.setdefault"};
    const struct node *above = node_above(node);
    bool asked = false;
    if (python_is(above, KIND_subscript) && python_child(above, PYTHON_value) == node)
        return strcmp(name, "os.environ") == 0 ? python_child(above, PYTHON_subscript) : NULL;
    if (!python_is(above, KIND_call) || python_child(above, PYTHON_function) != node)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(asks); i++)
        asked = asked || strcmp(name, asks[i]) == 0;
    const struct node *first = asked ? node_part(python_child(above, PYTHON_arguments), 0) : NULL;
    bool seen = first && !python_is(first, KIND_list_splat) &&
                !python_is(first, KIND_dictionary_splat) && !python_is(first, KIND_comment);
    return seen ? first : NULL;
}

/* x.__class__.__name__ and x.__class__ is y say what something is, and lead nowhere. */
static bool names_its_class(const struct python *python, const struct node *node)
{
    static const char *const names[] = {"__name__", "__qualname__", "__module__"};
    const struct node *above = node_above(node);
    if (python_is(above, KIND_comparison_operator))
        return true;
    if (!python_is(above, KIND_attribute))
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (bytes_equal(python_bytes(python, python_child(above, PYTHON_attribute)),
                        bytes_of(names[i])))
            return true;
    return false;
}

/* x.__dict__.items() lists, x.__dict__.get() may take. */
static bool reaches(const struct python *python, const struct node *node)
{
    static const char *const lists[] = {"items", "keys", "copy"};
    const struct node *above = node_above(node);
    if (!python_is(above, KIND_attribute))
        return false;
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        if (bytes_equal(python_bytes(python, python_child(above, PYTHON_attribute)),
                        bytes_of(lists[i])))
            return false;
    return true;
}

/* x.__dict__ of the program's own values, and self.__class__, stay within them. */
static bool is_of_itself(const struct python *python, const struct node *node, const char *last)
{
    if (strcmp(last, "__class__") != 0 && strcmp(last, "__dict__") != 0)
        return false;
    const struct node *object = python_child(node, PYTHON_object);
    AUTO(text) char *name = python_text(python, object);
    size_t end = node->end;
    char after = end < python->code.len ? ((const char *)python->code.data)[end] : '\0';
    bool itself = strcmp(name, "self") == 0 || strcmp(name, "cls") == 0;
    if (strcmp(last, "__class__") == 0)
        return itself;
    bool own = python_is(object, KIND_identifier) && strncmp(name, "__", 2) != 0 &&
               !json_object_get(python->modules, name) && after != '[' && !reaches(python, node);
    return strcmp(last, "__dict__") == 0 && (itself || own);
}

/* df.os is a column. */
static bool is_column(const struct python *python, const struct node *node, const char *last)
{
    struct bytes name = python_bytes(python, python_child(node, PYTHON_object));
    return last[0] != '_' && json_is_true(python_known(python->tables, name));
}

bool python_is_plain(const struct python *python, const struct node *node, const char *last)
{
    bool named = strcmp(last, "__class__") == 0 && names_its_class(python, node);
    return named || is_of_itself(python, node, last) || is_column(python, node, last);
}

static bool is_pandas(const struct python *python, const struct node *call)
{
    AUTO(buffer) struct buffer name = {0};
    python_resolve(python, call, 0, &name);
    return strncmp(name.data, "pandas.", 7) == 0 && strpbrk(name.data, "([");
}

bool python_is_own(const struct python *python, const struct node *arguments)
{
    const struct node *object = node_part(arguments, 0);
    while (python_is(object, KIND_subscript) ||
           (python_is(object, KIND_attribute) && !python_holds_module(python, object)))
        object =
            python_child(object, python_is(object, KIND_subscript) ? PYTHON_value : PYTHON_object);
    AUTO(text) char *name = python_text(python, object);
    return strcmp(name, "self") == 0 || json_is_true(json_object_get(python->tables, name)) ||
           (python_is(object, KIND_call) && is_pandas(python, object));
}

bool python_names_field(const struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    python_resolve(python, node, 0, &name);
    return strcmp(name.data, "dataclasses.Field.name") == 0;
}

bool python_is_prefixed(const char *text)
{
    const char *unknown = text ? strchr(text, '?') : NULL;
    const char *line = text ? strchr(text, '_') : NULL;
    return unknown && line && line < unknown && isalpha((unsigned char)text[0]);
}

static bool fits_one(const char *text, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pattern_fits(patterns[i], text))
            return true;
    return false;
}

static bool only_calls_plain(const struct python *python, const struct node *node)
{
    static const char *const plain[] = {
        "builtins.print",       "builtins.len",   "builtins.hasattr",    "builtins.self.*close",
        "builtins.self.*flush", "builtins.log.*", "builtins.logger.*",   "logging.*",
        "builtins.type",        "builtins.str",   "builtins.self.*clear"};
    AUTO(buffer) struct buffer name = {0};
    if (python_is(node, KIND_call)) {
        python_resolve(python, python_child(node, PYTHON_function), 0, &name);
        if (!fits_one(name.data, plain, COUNT_OF(plain)))
            return false;
    }
    NODE_EACH(part, node)
    if (!only_calls_plain(python, part))
        return false;
    return true;
}

bool python_ends_plainly(const struct python *python, const struct node *function)
{
    return bytes_equal(python_bytes(python, python_child(function, PYTHON_name)),
                       bytes_of("__del__")) &&
           only_calls_plain(python, python_child(function, PYTHON_body));
}

/* title="…" of whatever draws; what dict(title="…") holds comes out again. */
static bool is_caption(const struct python *python, const struct node *keyword, const char *callee)
{
    static const char *const names[] = {"title",       "label",  "xlabel", "ylabel",
                                        "suptitle",    "help",   "desc",   "title_text",
                                        "description", "legend", "caption"};
    AUTO(text) char *name = python_text(python, python_child(keyword, PYTHON_name));
    return fits_one(name, names, COUNT_OF(names)) && strcmp(callee, "builtins.dict") != 0;
}

/* print(…, file=f) is no show. */
static bool has_keyword(const struct python *python, const struct node *list, const char *name)
{
    NODE_EACH(item, list)
    if (python_is(item, KIND_dictionary_splat) ||
        bytes_equal(python_bytes(python, python_child(item, PYTHON_name)), bytes_of(name)))
        return true;
    return false;
}

static bool is_log(const char *callee)
{
    static const char *const logs[] = {"builtins.log.*", "builtins.logger.*", "logging.*"};
    static const char *const methods[] = {".debug", ".info",     ".warning",  ".warn",
                                          ".error", ".critical", ".exception"};
    const char *last = strrchr(callee, '.');
    return last && fits_one(callee, logs, COUNT_OF(logs)) &&
           fits_one(last, methods, COUNT_OF(methods));
}

/* What the call gives is nothing of the text, or nothing takes it; its function is not the
 * program's own. */
static bool is_show(const struct python *python, const struct node *call, const char *callee)
{
    static const char *const shows[] = {"builtins.print",
                                        "*.title",
                                        "*.set_title",
                                        "*.suptitle",
                                        "*.xlabel",
                                        "*.ylabel",
                                        "*.set_xlabel",
                                        "*.set_ylabel",
                                        "*.annotate",
                                        "warnings.warn",
                                        "builtins.ValueError",
                                        "builtins.TypeError",
                                        "builtins.RuntimeError",
                                        "builtins.KeyError",
                                        "builtins.OSError",
                                        "builtins.FileNotFoundError",
                                        "builtins.IndexError",
                                        "builtins.NotImplementedError",
                                        "builtins.ImportError",
                                        "builtins.AssertionError",
                                        "builtins.Exception",
                                        "builtins.SystemExit"};
    static const char *const counts[] = {"*.str.contains", "*.str.match", "*.str.count"};
    const char *last = strrchr(callee, '.');
    const struct node *above = node_above(call);
    bool alone = python_is(above, KIND_expression_statement) ||
                 (python_is(above, KIND_raise_statement) && node_part(above, 0) == call);
    bool shown = alone && (fits_one(callee, shows, COUNT_OF(shows)) || is_log(callee));
    return last && !json_object_get(python->functions, last + 1) &&
           (shown || fits_one(callee, counts, COUNT_OF(counts))) &&
           !has_keyword(python, python_child(call, PYTHON_arguments), "file");
}

enum python_use python_use_of(const struct python *python, const struct node *text)
{
    static const char *const seeks[] = {"re.compile", "re.search",   "re.findall",
                                        "re.match",   "re.finditer", "re.fullmatch"};
    AUTO(buffer) struct buffer name = {0};
    const struct node *above = node_above(text);
    for (int depth = 0;
         depth < PYTHON_DEPTH_MAX &&
         (python_is(above, KIND_binary_operator) || python_is(above, KIND_concatenated_string) ||
          python_is(above, KIND_parenthesized_expression) || python_is(above, KIND_string));
         depth++)
        above = node_above(above);
    const struct node *keyword = python_is(above, KIND_keyword_argument) ? above : NULL;
    const struct node *arguments = keyword ? node_above(keyword) : above;
    const struct node *call = node_above(arguments);
    if (!python_is(call, KIND_call) || python_child(call, PYTHON_arguments) != arguments)
        return PYTHON_TAKEN;
    python_resolve(python, python_child(call, PYTHON_function), 0, &name);
    bool raised = python_is(node_above(call), KIND_raise_statement); /* of a class of its own */
    if (keyword ? is_caption(python, keyword, name.data)
                : fits_one(name.data, seeks, COUNT_OF(seeks)))
        return PYTHON_HELD;
    if (!keyword && is_show(python, call, name.data))
        return PYTHON_SHOWN;
    return raised && pattern_fits("builtins.*Error", name.data) ? PYTHON_HELD : PYTHON_TAKEN;
}
