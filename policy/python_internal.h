/* What the files that read Python share: the tree, and what is known of its names. */
#pragma once

#include "policy/judge.h"
#include "policy/python_tree.h"

#define PYTHON_TEXT_MAX 4096 /* longer texts are not put together */
#define PYTHON_DEPTH_MAX 32  /* of an expression that is put together */

struct python {
    struct judge *judge;
    struct bytes code;
    json_t *modules;   /* name → what it stands for, with dots */
    json_t *texts;     /* name → the texts that it is given; null when also something else */
    json_t *numbers;   /* name → the number that it was given */
    json_t *functions; /* name → the names of its parameters; null when anything may call it */
    json_t *tables;   /* name → whether it is only ever a table of pandas; "tempfile.mkdtemp()" of
                         what is only ever that */
    json_t *written;  /* paths that the program writes itself */
    json_t *assigned; /* what stands before an `=`, as it is written */
    size_t changes;   /* of what others may have been given before */
    struct {
        size_t named, opened; /* functions that open one, and calls that do so in memory */
        bool used, other;     /* one in memory that needs no opening; one that is not known */
        size_t files;         /* of those opened, how many are in files of the run */
        bool frames, foreign; /* DuckDB's; asked for what is not seen, or to take something away */
        json_t *made; /* tables by name: false of those that are made only if there is none */
        json_t *asked, *replaced; /* whether they are written to; those whose rows are replaced */
        bool own;                 /* all that is asked for was made */
    } databases;
};

/* With nothing known, and what is known given back. */
void python_open(struct python *python);
void python_close(const struct python *python);

struct bytes python_bytes(const struct python *python, const struct node *node);
char *python_text(const struct python *python, const struct node *node); /* caller frees */

/* The text that an expression gives whatever runs before, as far as it can be seen: literals,
 * sums, joins, chr() and names that are given one. Text in `ret_text`. */
bool python_fold(const struct python *python, const struct node *node, int depth,
                 struct buffer *ret_text);

/* What a set of names says of one, NULL when nothing. Borrowed. */
const json_t *python_known(const json_t *names, struct bytes name);

/* What an expression stands for, "pandas.read_csv", "os.system", "pandas.DataFrame().eval";
 * what is not known is "?". Adds to `ret_name`. */
void python_resolve(const struct python *python, const struct node *node, int depth,
                    struct buffer *ret_name);

/* Whether a call gives what its argument names: getattr() and the like. */
bool python_gives_named(const char *callee);

/* The texts that an identifier may stand for; NULL when they are not all known. Borrowed. */
const json_t *python_texts(const struct python *python, const struct node *node);

/* Whether a module or one of its functions was ever kept under the name of an attribute. */
bool python_holds_module(const struct python *python, const struct node *attribute);
