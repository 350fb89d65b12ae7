#include "policy/python_import.h"

void python_each_import(struct python *python, const struct node *node, const char *module,
                        python_import_fn *each)
{
    const struct node *from = module ? python_child(node, PYTHON_module_name) : NULL;
    NODE_EACH(item, node)
    if (item != from && (python_is(item, KIND_dotted_name) || python_is(item, KIND_aliased_import)))
        each(python, module, item);
}

static void tell(struct python *python, enum fact_kind kind, const char *name,
                 const struct node *node)
{
    /* Of code with errors a part may be missing. */
    judge_fact(python->judge, kind, name, node ? node->start : 0, node ? node->end : 0);
}

static void tell_plain(struct python *python, const char *module, const struct node *item)
{
    (void)module;
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *name = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    tell(python, FACT_IMPORT, name, item);
}

static void tell_from(struct python *python, const char *module, const struct node *item)
{
    bool aliased = python_is(item, KIND_aliased_import);
    AUTO(text) char *name = python_text(python, aliased ? python_child(item, PYTHON_name) : item);
    AUTO(buffer) struct buffer full = {0};
    buffer_printf(&full, "%s.%s", module, name);
    tell(python, FACT_NAME, full.data, item);
    if (!rules_let_pass(python->judge->rules, FACT_NAME, full.data))
        tell(python, FACT_ATTRIBUTE, name, item);
}

void python_tell_import(struct python *python, const struct node *node)
{
    if (python_is(node, KIND_import_statement)) {
        python_each_import(python, node, NULL, tell_plain);
        return;
    }
    AUTO(text) char *module = python_text(python, python_child(node, PYTHON_module_name));
    AUTO(buffer) struct buffer all = {0};
    tell(python, FACT_IMPORT, module, python_child(node, PYTHON_module_name));
    python_each_import(python, node, module, tell_from);
    const struct node *last = node_part(node, node_parts(node) - 1);
    buffer_printf(&all, "import.star.%s", module);
    if (python_is(last, KIND_wildcard_import))
        tell(python, FACT_CLAUSE, all.data, node);
}
