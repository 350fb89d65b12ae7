#include "policy/python_files.h"

#include <string.h>

#include "policy/python_database.h"

#define OBJECT (-1) /* the path is what the method is of */

bool python_is_own_place(const char *path)
{
    static const char *const leads[] = {"..", "~", ":", "\\", "*", "?"};
    for (size_t i = 0; i < COUNT_OF(leads); i++)
        if (strstr(path, leads[i]))
            return false;
    return path[0] && (path[0] != '/' || strncmp(path, "/tmp/", 5) == 0);
}

static const struct node *argument(const struct python *python, const struct node *call, int place,
                                   const char *keyword)
{
    const struct node *list = python_child(call, PYTHON_arguments);
    int number = 0;
    if (place == OBJECT)
        return python_child(python_child(call, PYTHON_function), PYTHON_object);
    NODE_EACH(item, list)
    {
        bool named = python_is(item, KIND_keyword_argument);
        if (named && keyword &&
            bytes_equal(python_bytes(python, python_child(item, PYTHON_name)), bytes_of(keyword)))
            return python_child(item, PYTHON_value);
        if (!named && !python_is(item, KIND_comment) && number++ == place)
            return item;
    }
    return NULL;
}

/* All that a path may be, when all of them are seen. Caller frees. */
static json_t *places_of(const struct python *python, const struct node *path)
{
    AUTO(buffer) struct buffer text = {0};
    const json_t *choices = python_texts(python, path);
    if (choices)
        return json_copy((json_t *)choices);
    json_t *places = json_array();
    if (python_fold(python, path, 0, &text) && text.len)
        json_array_append_new(places, json_string(text.data));
    return places;
}

/* A mode of open() that keeps nothing of what there was. */
static bool is_written_anew(const struct python *python, const struct node *call, int place)
{
    AUTO(buffer) struct buffer mode = {0};
    const struct node *given = argument(python, call, place, "mode");
    return given && python_fold(python, given, 0, &mode) && mode.len &&
           (mode.data[0] == 'w' || mode.data[0] == 'x');
}

static const struct {
    const char *name;
    int path, mode; /* places; a mode of OBJECT is none */
    const char *keyword;
} writers[] = {
    {"builtins.open", 0, 1, "file"},
    {"io.open", 0, 1, "file"},
    {"codecs.open", 0, 1, "filename"},
    {"gzip.open", 0, 1, "filename"},
    {"bz2.open", 0, 1, "filename"},
    {"lzma.open", 0, 1, "filename"},
    {"zipfile.ZipFile", 0, 1, "file"},
    {"tarfile.open", 0, 1, "name"},
    {"*.open", OBJECT, 0, NULL},
    {"*.write_text", OBJECT, OBJECT, NULL},
    {"*.write_bytes", OBJECT, OBJECT, NULL},
    {"*.to_csv", 0, OBJECT, "path_or_buf"},
    {"*.to_excel", 0, OBJECT, "excel_writer"},
    {"*.to_json", 0, OBJECT, "path_or_buf"},
    {"*.to_parquet", 0, OBJECT, "path"},
    {"*.to_html", 0, OBJECT, "buf"},
    {"*.to_feather", 0, OBJECT, "path"},
    {"*.to_pickle", 0, OBJECT, "path"},
    {"*.to_xml", 0, OBJECT, "path_or_buffer"},
    {"*.to_stata", 0, OBJECT, "path"},
    {"*.savefig", 0, OBJECT, "fname"},
    {"*.write_csv", 0, OBJECT, "file"},
    {"*.write_parquet", 0, OBJECT, "file"},
    {"*.write_json", 0, OBJECT, "file"},
    {"*.write_ipc", 0, OBJECT, "file"},
    {"*.write_excel", 0, OBJECT, "workbook"},
    {"*.write_html", 0, OBJECT, "file"},
    {"*.write_image", 0, OBJECT, "file"},
    {"*.sink_*", 0, OBJECT, "path"},
    {"*.write_table", 1, OBJECT, "where"},
    {"numpy.save*", 0, OBJECT, "file"},
    {"*.imsave", 0, OBJECT, "fname"},
    {"*.ExcelWriter", 0, OBJECT, "path"},
    {"*.PdfPages", 0, OBJECT, "filename"},
    {"openpyxl.*.save", 0, OBJECT, "filename"},
    {"builtins.*.save", 0, OBJECT, "filename"},
    {"joblib.dump", 1, OBJECT, "filename"},
    {"shutil.copyfile", 1, OBJECT, "dst"},
    {"shutil.copy", 1, OBJECT, "dst"},
    {"shutil.copy2", 1, OBJECT, "dst"},
    {"sqlite3.connect", 0, OBJECT, "database"},
    {"duckdb.connect", 0, OBJECT, "database"},
};

static const struct node *root_of(const struct node *node)
{
    while (node_above(node))
        node = node_above(node);
    return node;
}

static void learn_assigned(struct python *python, const struct node *node)
{
    if (!python_is(node, KIND_assignment))
        return;
    AUTO(text) char *name = python_text(python, python_child(node, PYTHON_left));
    json_object_set_new(python->assigned, name, json_true());
}

/* Of a loop's name all are written; of one that is given another text later, it is not seen. */
static bool is_any_of(const struct python *python, const struct node *path)
{
    return python_known(python->assigned, python_bytes(python, path));
}

/* False of what may be a folder, and hold what others wrote: copy("a", "b") writes into one. */
static void note_written(struct python *python, const struct node *path, bool file)
{
    size_t i;
    json_t *place;
    AUTO(json) json_t *places = places_of(python, path);
    if (json_array_size(places) > 1 && is_any_of(python, path))
        return;
    json_array_foreach (places, i, place) {
        if (python_is_own_place(json_string_value(place)))
            json_object_set_new(python->written, json_string_value(place), json_boolean(file));
    }
}

static void learn_written(struct python *python, const struct node *node)
{
    AUTO(buffer) struct buffer name = {0};
    if (!python_is(node, KIND_call))
        return;
    python_resolve(python, python_child(node, PYTHON_function), 0, &name);
    if (python_opens_database(name.data) && !python_in_memory(python))
        return; /* it may hold what others wrote */
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        __auto_type writer = &writers[i];
        if (pattern_fits(writer->name, name.data) &&
            (writer->mode == OBJECT || is_written_anew(python, node, writer->mode))) {
            bool into =
                strcmp(name.data, "shutil.copy") == 0 || strcmp(name.data, "shutil.copy2") == 0;
            note_written(python, argument(python, node, writer->path, writer->keyword), !into);
            return;
        }
    }
}

/* Most programs remove nothing: only then all that is written is looked for. */
static void learn_all_written(struct python *python, const struct node *node)
{
    if (python->written)
        return;
    const struct node *root = root_of(node);
    python->written = json_object();
    python->assigned = json_object();
    for (const struct node *at = root; at < root + root->size; at++)
        learn_assigned(python, at);
    for (const struct node *at = root; at < root + root->size; at++)
        learn_written(python, at);
}

/* Temporary files and folders, which nothing else knows of. */
static bool is_temporary(const struct python *python, const struct node *path)
{
    bool field = python_is(path, KIND_attribute);
    const struct node *name = field ? python_child(path, PYTHON_object) : path;
    const char *maker = json_string_value(python_known(python->tables, python_bytes(python, name)));
    if (!maker || !python_is(name, KIND_identifier))
        return false;
    bool file = strcmp(maker, "tempfile.NamedTemporaryFile()") == 0;
    return field ? file && bytes_equal(python_bytes(python, python_child(path, PYTHON_attribute)),
                                       bytes_of("name"))
                 : !file;
}

enum taken { FILES, EITHER, FOLDERS };

/* A folder holds what others wrote, unless nothing else knows of it. */
static bool is_own(const struct python *python, const struct node *path, enum taken taken)
{
    size_t i;
    json_t *place;
    if (is_temporary(python, path) || taken == FOLDERS)
        return is_temporary(python, path);
    AUTO(json) json_t *places = places_of(python, path);
    json_array_foreach (places, i, place) {
        const json_t *file = json_object_get(python->written, json_string_value(place));
        if (!file || (taken == EITHER && !json_is_true(file)))
            return false;
    }
    return json_array_size(places) > 0;
}

/* Where something is moved to, is written by that. */
static bool is_place(const struct python *python, const struct node *path)
{
    size_t i;
    json_t *place;
    AUTO(json) json_t *places = places_of(python, path);
    json_array_foreach (places, i, place) {
        if (!python_is_own_place(json_string_value(place)))
            return false;
    }
    return json_array_size(places) > 0;
}

void python_name_removed(struct python *python, const struct node *function,
                         struct buffer *ret_name)
{
    static const struct {
        const char *name;
        int path, to; /* places; `to` of OBJECT is none */
        enum taken taken;
    } removers[] = {{"os.remove", 0, OBJECT, FILES},
                    {"os.unlink", 0, OBJECT, FILES},
                    {"*.unlink", OBJECT, OBJECT, FILES},
                    {"os.rename", 0, 1, EITHER},
                    {"os.replace", 0, 1, EITHER},
                    {"shutil.move", 0, 1, EITHER},
                    {"shutil.rmtree", 0, OBJECT, FOLDERS},
                    {"pathlib.Path().rename", OBJECT, 0, EITHER},
                    {"pathlib.Path().replace", OBJECT, 0, EITHER}};
    const struct node *call = node_above(function);
    if (!python_is(call, KIND_call) || python_child(call, PYTHON_function) != function)
        return;
    for (size_t i = 0; i < COUNT_OF(removers) && ret_name->data; i++) {
        __auto_type of = &removers[i];
        if (!pattern_fits(of->name, ret_name->data))
            continue;
        learn_all_written(python, function);
        if (is_own(python, argument(python, call, of->path, NULL), of->taken) &&
            (of->to == OBJECT || is_place(python, argument(python, call, of->to, NULL)))) {
            ret_name->data[ret_name->len = 0] = '\0';
            buffer_add_text(ret_name, "run.removed");
            return;
        }
    }
}
