#include "admin/audit/verify_pages.h"

#include <pthread.h>
#include <string.h>

#include "admin/audit/verify_internal.h"

struct page {
    struct verify *verify;
    const struct table *table, *end; /* what is read next; behind the last one */
    int64_t after[TABLE_KEYS];
    struct rows *rows;
    bool good;
    struct error err;
};

static void *fetch(void *context)
{
    struct page *page = context;
    const struct table *table = page->table;
    pthread_mutex_lock(&page->verify->db_lock);
    page->good =
        table->read
            ? table->read(page->verify->db, page->after[0], table->most, &page->rows, &page->err)
            : table->read_by_all(page->verify, page->after, table->most, &page->rows, &page->err);
    pthread_mutex_unlock(&page->verify->db_lock);
    return NULL;
}

static void begin(struct page *page)
{
    if (page->table < page->end)
        memcpy(page->after, page->table->first, sizeof page->after);
}

/* Behind these rows, or in the next table. */
static void go_on(struct page *page, const struct rows *rows)
{
    size_t got = rows_count(rows);
    if (page->table->uneven ? got > 0 : got == (size_t)page->table->most) {
        for (size_t i = 0; i < COUNT_OF(page->after); i++)
            page->after[i] = rows_integer(rows, got - 1, page->table->key[i]);
    } else {
        page->table++;
        begin(page);
    }
}

static bool take_rows(struct verify *verify, const struct table *table, struct rows **io_rows,
                      struct error *err)
{
    if (table->take_page)
        return table->take_page(verify, io_rows, err);
    for (size_t i = 0; i < rows_count(*io_rows); i++)
        if (!table->take(verify, *io_rows, i, err))
            return false;
    return true;
}

static bool take(struct page *page, struct error *err)
{
    pthread_t thread;
    AUTO(rows) struct rows *rows = TAKE(page->rows);
    const struct table *table = page->table;
    page->verify->result.rows += table->known ? 0 : (int64_t)rows_count(rows);
    go_on(page, rows);
    bool more = page->table < page->end;
    if (more && pthread_create(&thread, NULL, fetch, page) != 0)
        return fail(err, ERR_INTERNAL, "no thread can be started");
    bool good = take_rows(page->verify, table, &rows, err);
    if (more)
        pthread_join(thread, NULL);
    return good;
}

bool verify_pages(struct verify *verify, const struct table *tables, size_t count,
                  struct error *err)
{
    struct page page = {.verify = verify, .table = tables, .end = tables + count};
    begin(&page);
    fetch(&page);
    bool good = true;
    while (good && page.good && page.rows)
        good = take(&page, err);
    if (good && !page.good)
        good = fail(err, page.err.code, "%s", page.err.text);
    rows_free(page.rows);
    return good;
}
