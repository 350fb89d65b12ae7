/* The SQL files of the repository, inside the binary: it needs no checkout. */
#pragma once

#include <stddef.h>

struct embedded_file {
    const char *path; /* from the root: "sql/schema/0001_people.sql" */
    const char *text; /* ends with NUL */
};

/* Sorted by path; made by tools/embed at build time. */
extern const struct embedded_file embedded_files[];
extern const size_t embedded_count;

/* A file that is known to be there. */
const struct embedded_file *embedded_find(const char *path);
