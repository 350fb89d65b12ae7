#include "policy/python_tree.h"

#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

#include "policy/python_memory.h"

#define SYMBOLS_MAX 4096
#define SYMBOL_ERROR UINT16_MAX

const TSLanguage *tree_sitter_python(void);

static uint8_t kind_of[SYMBOLS_MAX], field_of[256]; /* by number of the grammar */

__attribute__((constructor)) static void index_grammar(void)
{
    static const char *const kinds[] = {"",
#define X(type) #type,
                                        PYTHON_KINDS(X)
#undef X
    };
    static const char *const fields[] = {"",
#define X(name) #name,
                                         PYTHON_FIELDS(X)
#undef X
    };
    python_memory_use();
    const TSLanguage *python = tree_sitter_python();
    uint32_t count = ts_language_symbol_count(python);
    for (uint32_t i = 0; i < count && i < SYMBOLS_MAX; i++)
        for (unsigned kind = 1; kind < PYTHON_KIND_COUNT; kind++)
            if (strcmp(kinds[kind], ts_language_symbol_name(python, (TSSymbol)i)) == 0)
                kind_of[i] = (uint8_t)kind;
    for (unsigned field = 1; field < PYTHON_FIELD_COUNT; field++)
        field_of[(uint8_t)ts_language_field_id_for_name(
            python, fields[field], (uint32_t)strlen(fields[field]))] = (uint8_t)field;
}

static void more_room(struct python_tree *tree)
{
    tree->room = tree->room ? tree->room * 2 : 1024;
    struct node *nodes = reallocarray(tree->nodes, tree->room, sizeof *nodes);
    if (!nodes)
        memory_none();
    tree->nodes = nodes;
}

/* Adds what the cursor stands at, below the node at `above`. */
static void add_node(struct python_tree *tree, const TSTreeCursor *cursor, TSNode node,
                     uint32_t above)
{
    if (tree->count == tree->room)
        more_room(tree);
    TSSymbol symbol = ts_node_symbol(node);
    uint32_t at = tree->count++;
    struct node *up = &tree->nodes[above];
    up->parts += at > 0;
    tree->nodes[at] = (struct node){
        .start = ts_node_start_byte(node),
        .end = ts_node_end_byte(node),
        .above = at - above,
        .kind = symbol < SYMBOLS_MAX ? kind_of[symbol] : KIND_OTHER,
        .field = up->kind ? field_of[(uint8_t)ts_tree_cursor_current_field_id(cursor)] : 0,
        .unread = tree->has_error && (symbol == SYMBOL_ERROR || ts_node_is_missing(node)),
    };
}

/* Words and signs of the grammar are no nodes of ours, but for an operator's. */
static void note_sign(struct node *above, const TSTreeCursor *cursor, TSNode node)
{
    bool signed_kind =
        above->kind == KIND_binary_operator || above->kind == KIND_augmented_assignment;
    if (signed_kind && !above->sign &&
        field_of[(uint8_t)ts_tree_cursor_current_field_id(cursor)] == PYTHON_operator)
        above->sign = ts_node_symbol(node);
}

/* Reads what the cursor stands at and all below; returns whether it goes down to a part. */
static bool read_node(struct python_tree *tree, TSTreeCursor *cursor, uint32_t above)
{
    TSNode node = ts_tree_cursor_current_node(cursor);
    if (ts_node_is_named(node)) {
        add_node(tree, cursor, node, above);
        return ts_tree_cursor_goto_first_child(cursor);
    }
    note_sign(&tree->nodes[above], cursor, node);
    return false;
}

static void end_node(struct python_tree *tree, uint32_t at)
{
    tree->nodes[at].size = tree->count - at;
}

static void read_nodes(struct python_tree *tree, TSTreeCursor *cursor)
{
    uint32_t above = 0;
    for (;;) {
        uint32_t at = tree->count;
        if (read_node(tree, cursor, above)) {
            above = at;
            continue;
        }
        if (tree->count > at)
            end_node(tree, at);
        while (!ts_tree_cursor_goto_next_sibling(cursor)) {
            if (!ts_tree_cursor_goto_parent(cursor))
                return;
            end_node(tree, above);
            above -= tree->nodes[above].above;
        }
    }
}

bool python_tree_read(struct bytes code, struct python_tree *ret_tree)
{
    TSParser *parser = ts_parser_new();
    TSTree *tree = NULL;
    if (ts_parser_set_language(parser, tree_sitter_python()))
        tree = ts_parser_parse_string(parser, NULL, code.data ? code.data : "", (uint32_t)code.len);
    if (tree) {
        TSNode root = ts_tree_root_node(tree);
        TSTreeCursor cursor = ts_tree_cursor_new(root);
        ret_tree->has_error = ts_node_has_error(root);
        more_room(ret_tree);
        ret_tree->nodes[0] = (struct node){0}; /* what the whole program would be below */
        read_nodes(ret_tree, &cursor);
    }
    ts_parser_delete(parser); /* which frees what the grammar's scanner took elsewhere */
    python_memory_drop();     /* with the tree, and far quicker than piece by piece */
    return tree != NULL;
}

void python_tree_auto(struct python_tree *tree)
{
    free(tree->nodes);
}

const struct node *node_first(const struct node *node)
{
    return node && node->parts ? node + 1 : NULL;
}

const struct node *node_after(const struct node *node, const struct node *part)
{
    const struct node *next = part + part->size;
    return next < node + node->size ? next : NULL;
}

const struct node *node_part(const struct node *node, uint32_t place)
{
    NODE_EACH(part, node)
    if (place-- == 0)
        return part;
    return NULL;
}

const struct node *node_above(const struct node *node)
{
    return node && node->above ? node - node->above : NULL;
}

uint32_t node_parts(const struct node *node)
{
    return node ? node->parts : 0;
}

const struct node *python_child(const struct node *node, enum python_field field)
{
    NODE_EACH(part, node)
    if (part->field == field)
        return part;
    return NULL;
}

enum python_kind python_kind(const struct node *node)
{
    return node ? node->kind : KIND_OTHER;
}

bool python_is(const struct node *node, enum python_kind kind)
{
    return python_kind(node) == kind;
}

const char *python_sign(const struct node *node)
{
    return node && node->sign ? ts_language_symbol_name(tree_sitter_python(), node->sign) : "";
}
