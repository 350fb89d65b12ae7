/* Tables page by page: the database makes a page while the one before it is taken. */
#pragma once

#include "common/io/db.h"

struct verify;

#define TABLE_KEYS 4

struct table {
    int32_t most;              /* rows of a page */
    int key[TABLE_KEYS];       /* columns that order the rows */
    int64_t first[TABLE_KEYS]; /* what is less than each key */
    bool known;                /* its rows were counted as those of another table */
    bool uneven;               /* pages may have fewer rows, but for the last none */
    /* One of these two: by one key, or by all. */
    bool (*read)(struct db *db, int64_t after, int32_t most, struct rows **ret_rows,
                 struct error *err);
    bool (*read_by_all)(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                        struct rows **ret_rows, struct error *err);
    /* One of these two: a row, or all of them, which it may keep. */
    bool (*take)(struct verify *verify, const struct rows *rows, size_t row, struct error *err);
    bool (*take_page)(struct verify *verify, struct rows **io_rows, struct error *err);
};

/* One table after the other. Statements that `take` runs itself need verify->db_lock. */
bool verify_pages(struct verify *verify, const struct table *tables, size_t count,
                  struct error *err);
