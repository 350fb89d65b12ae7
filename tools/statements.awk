# Turns sql/queries/*.sql into build/gen/statements.h and .c: one `struct
# statement` and one typed inline function for each "-- name:" block.
#   -- name: request_get(request_id int8, person_id int8) [binary|copied]

BEGIN {
    header = out ".h"
    source = out ".c"
    ctype["int8"] = "int64_t";        kind["int8"] = "DB_INT8"
    ctype["int4"] = "int32_t";        kind["int4"] = "DB_INT4"
    ctype["bool"] = "bool";           kind["bool"] = "DB_BOOL"
    ctype["text"] = "const char *";   kind["text"] = "DB_TEXT"
    ctype["jsonb"] = "const char *";  kind["jsonb"] = "DB_TEXT"
    ctype["bytea"] = "struct bytes "; kind["bytea"] = "DB_BYTEA"
    print "/* Generated from sql/queries: change those files instead. */" > header
    print "#pragma once\n\n#include \"common/io/db.h\"\n" > header
    print "#include \"statements.h\"\n" > source
    count = 0
}

/^-- name:/ {
    finish()
    if (!match($0, /^-- name: [a-z_0-9]+\([^)]*\)( binary| copied)?$/))
        stop("a name line must read: -- name: verb_object(param type, ...) [binary|copied]")
    line = FNR
    file = FILENAME
    form = / binary$/ ? "ROWS_BINARY" : / copied$/ ? "ROWS_COPIED" : "ROWS_TEXT"
    name = $0
    sub(/^-- name: /, "", name)
    params = name
    sub(/\(.*/, "", name)
    sub(/^[^(]*\(/, "", params)
    sub(/\).*/, "", params)
    if (name in seen)
        stop("the name " name " is taken by " seen[name])
    seen[name] = file ":" line
    text = ""
    next
}

name != "" && !/^ *--/ { text = text $0 "\n" }

END { finish(); table() }

function stop(why) {
    print FILENAME ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function quoted(sql,    n, parts, i, result) {
    gsub(/\\/, "\\\\", sql)
    gsub(/"/, "\\\"", sql)
    n = split(sql, parts, "\n")
    for (i = 1; i <= n; i++)
        if (parts[i] ~ /[^ ]/)
            result = result "\n    \"" parts[i] "\\n\""
    return result
}

function finish(    n, list, i, words, args, values) {
    if (name == "")
        return
    sub(/;[ \n]*$/, "", text)
    n = split(params, list, /, */)
    for (i = 1; i <= n; i++) {
        split(list[i], words, " ")
        if (!(words[2] in ctype))
            stop("unknown parameter type " words[2] " in " name)
        if (form == "ROWS_COPIED" && words[2] !~ /^(int8|int4|text)$/)
            stop("what is copied takes int8, int4 and text: " name)
        args = args ", " ctype[words[2]] (ctype[words[2]] ~ /[ *]$/ ? "" : " ") words[1]
        values = values "\n        " value(words[1], words[2])
    }
    upper = "SQL_" toupper(name)
    print "extern const struct statement " upper ";" > header
    print "MUST_CHECK static inline bool sql_" name "(struct db *db" args \
        ", struct rows **ret_rows,\n                          struct error *err)\n{" > header
    if (n)
        print "    const struct db_param params[] = {" values "\n    };" > header
    print "    return db_run(db, &" upper ", " (n ? "params" : "NULL") \
        ", ret_rows, err);\n}\n" > header
    print "const struct statement " upper " = {\"" name "\"," quoted(text) ",\n    \"" file "\", " \
        line ", " n ", " form "};\n" > source
    names[count++] = upper
    name = ""
}

function value(arg, type) {
    if (type == "text" || type == "jsonb")
        return "{DB_TEXT, 0, bytes_of(" arg ")},"
    if (type == "bytea")
        return "{DB_BYTEA, 0, " arg "},"
    return "{" kind[type] ", " arg ", {0}},"
}

function table(    i) {
    if (failed)
        exit 1
    print "extern const struct statement *const statement_table[];" > header
    print "extern const size_t statement_count;" > header
    print "const struct statement *const statement_table[] = {" > source
    for (i = 0; i < count; i++)
        print "    &" names[i] "," > source
    print "    0};\nconst size_t statement_count = " count ";" > source
}
