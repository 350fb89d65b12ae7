/* The tree of a program in one array, as it is read: the grammar's own is slow to ask. */
#pragma once

#include "common/base/bytes.h"

/* X(field of the grammar) */
/* clang-format off */
#define PYTHON_FIELDS(X)                                                                           \
    X(function) X(arguments) X(object) X(attribute) X(name) X(value) X(left) X(right) X(operator)  \
    X(alias) X(module_name) X(subscript) X(condition) X(body) X(parameters)
/* clang-format on */

enum python_field {
    PYTHON_NO_FIELD,
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
    X(default_parameter) X(typed_default_parameter) X(comparison_operator) X(false) X(none)  \
    X(dictionary) X(set) X(pair) X(unary_operator) X(decorated_definition) X(type)
/* clang-format on */

enum python_kind {
    KIND_OTHER,
#define X(type) KIND_##type,
    PYTHON_KINDS(X)
#undef X
        PYTHON_KIND_COUNT
};

/* One node that has a name. Those below it follow it in the array. */
struct node {
    uint32_t start, end; /* bytes of the code */
    uint32_t size;       /* how many nodes there are from here to the next that is not below */
    uint32_t above;      /* how many places before this one what it is a part of stands */
    uint32_t parts;
    uint16_t sign;       /* the operator's symbol */
    uint8_t kind, field; /* of python_kind, and what it is to the node above, of python_field */
    bool unread;         /* an error of the code, or something that is missing from it */
};

struct python_tree {
    struct node *nodes; /* the whole program first; owned */
    uint32_t count, room;
    bool has_error;
};

/* False when it can not be read at all. */
bool python_tree_read(struct bytes code, struct python_tree *ret_tree);
void python_tree_auto(struct python_tree *tree);

/* All of these take NULL for a node that there is not, and give it. */
#define NODE_EACH(part, of)                                                                        \
    for (const struct node *part = node_first(of); part; part = node_after(of, part))
const struct node *node_first(const struct node *node);
const struct node *node_after(const struct node *node, const struct node *part);
const struct node *node_part(const struct node *node, uint32_t place);
const struct node *node_above(const struct node *node);
uint32_t node_parts(const struct node *node);
const struct node *python_child(const struct node *node, enum python_field field);
enum python_kind python_kind(const struct node *node);
bool python_is(const struct node *node, enum python_kind kind);
const char *python_sign(const struct node *node); /* of an operator; "" when there is none */
