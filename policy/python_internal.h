/* What the files that read Python share: the tree, and what is known of its names. */
#pragma once

#include <tree_sitter/api.h>

#include "policy/judge.h"

#define PYTHON_TEXT_MAX 4096 /* longer texts are not put together */
#define PYTHON_DEPTH_MAX 32  /* of an expression that is put together */

struct python {
    struct judge *judge;
    struct bytes code;
    json_t *modules; /* name → what it stands for, with dots */
    json_t *texts;   /* name → the texts that it is given; null when also something else */
    json_t *numbers; /* name → the number that it was given */
    json_t *tables;  /* name → whether it is only ever a table of pandas */
};

/* X(field of the grammar) */
/* clang-format off */
#define PYTHON_FIELDS(X)                                                                           \
    X(function) X(arguments) X(object) X(attribute) X(name) X(value) X(left) X(right) X(operator)  \
    X(alias) X(module_name) X(subscript) X(condition) X(body)
/* clang-format on */

enum python_field {
#define X(field) PYTHON_##field,
    PYTHON_FIELDS(X)
#undef X
        PYTHON_FIELD_COUNT
};

/* X(kind of node): those that anything is told of */
/* clang-format off */
#define PYTHON_KINDS(X)                                                                            \
    X(string) X(concatenated_string) X(binary_operator) X(subscript) X(string_content)             \
    X(identifier) X(attribute) X(call) X(import_statement) X(import_from_statement)                \
    X(exec_statement) X(string_start) X(interpolation) X(parenthesized_expression) X(await)        \
    X(dotted_name) X(aliased_import) X(assignment) X(named_expression) X(wildcard_import)          \
    X(keyword_argument) X(list_splat) X(dictionary_splat) X(comment) X(function_definition)        \
    X(class_definition) X(parameters) X(lambda_parameters) X(expression_statement)                 \
    X(integer) X(float) X(tuple) X(list) X(while_statement) X(for_statement)                      \
    X(break_statement) X(return_statement) X(raise_statement) X(yield) X(true) X(not_operator)     \
    X(list_comprehension) X(set_comprehension) X(dictionary_comprehension) X(for_in_clause)        \
    X(if_statement) X(conditional_expression) X(try_statement) X(match_statement)                  \
    X(boolean_operator) X(lambda) X(generator_expression) X(augmented_assignment)                  \
    X(pattern_list) X(tuple_pattern) X(expression_list) X(as_pattern_target) X(typed_parameter)    \
    X(default_parameter) X(typed_default_parameter) X(comparison_operator)
/* clang-format on */

enum python_kind {
    KIND_OTHER,
#define X(type) KIND_##type,
    PYTHON_KINDS(X)
#undef X
        PYTHON_KIND_COUNT
};

const TSLanguage *tree_sitter_python(void);
enum python_kind python_kind(TSNode node);
TSNode python_child(TSNode node, enum python_field field); /* null node when there is none */
bool python_is(TSNode node, enum python_kind kind);
struct bytes python_bytes(const struct python *python, TSNode node);
char *python_text(const struct python *python, TSNode node); /* caller frees */

/* The text that an expression gives whatever runs before, as far as it can be seen: literals,
 * sums, joins, chr() and names that are given one. Text in `ret_text`. */
bool python_fold(const struct python *python, TSNode node, int depth, struct buffer *ret_text);

/* What an expression stands for, "pandas.read_csv", "os.system", "pandas.DataFrame().eval";
 * what is not known is "?". Adds to `ret_name`. */
void python_resolve(const struct python *python, TSNode node, int depth, struct buffer *ret_name);

/* The texts that an identifier may stand for; NULL when they are not all known. Borrowed. */
const json_t *python_texts(const struct python *python, TSNode node);

/* Learns the names of imports and of what is given another name, in the whole tree. */
void python_learn(struct python *python, TSNode node);
void python_tell_import(struct python *python, TSNode node); /* the modules and names it brings */
