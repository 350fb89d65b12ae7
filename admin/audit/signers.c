#include "admin/audit/signers.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 16
#define FEW_ROWS 64  /* not worth a thread */
#define PART 50      /* so many rows are checked by one thread before it looks again */
#define PAGES_WAIT 4 /* so that memory is bounded */

struct signed_page {
    struct rows *rows;
    bool *checked;
    size_t next, busy; /* the first row that no thread took; parts that threads are at */
    struct signed_page *behind;
};

struct signers {
    const struct public_keys *keys;
    pthread_mutex_t lock;
    pthread_cond_t work, room;
    pthread_t threads[THREADS_MAX];
    size_t thread_count;
    struct signed_page *first, *last;
    size_t page_count;
    bool ending;
    const char *fault; /* NULL: none so far */
    int64_t id;        /* the decision that has it */
};

struct part {
    struct signed_page *page;
    size_t row, end;
};

static void free_page(struct signed_page *page)
{
    rows_free(page->rows);
    free(page->checked);
    free(page);
}

/* The lock is held. Nothing is taken behind a fault, so that all before it is looked at. */
static bool next_part(struct signers *signers, struct part *ret_part)
{
    struct signed_page *page = signers->first;
    while (page && page->next == rows_count(page->rows))
        page = page->behind;
    if (!page || signers->fault)
        return false;
    size_t count = rows_count(page->rows);
    size_t end = count - page->next > PART ? page->next + PART : count;
    *ret_part = (struct part){page, page->next, end};
    page->next = end;
    page->busy++;
    return true;
}

/* The lock is held. Pages go in their order. */
static void end_part(struct signers *signers, struct part *part, const char *fault)
{
    int64_t id = fault ? rows_integer(part->page->rows, part->row, 0) : 0;
    if (fault && (!signers->fault || id < signers->id)) {
        signers->fault = fault;
        signers->id = id;
    }
    part->page->busy--;
    while (signers->first && !signers->first->busy &&
           signers->first->next == rows_count(signers->first->rows)) {
        struct signed_page *page = signers->first;
        signers->first = page->behind;
        signers->page_count--;
        free_page(page);
    }
    if (!signers->first)
        signers->last = NULL;
    pthread_cond_broadcast(&signers->room);
}

/* The lock is held, but not while rows are looked at. */
static bool take_part(struct signers *signers, struct buffer *message)
{
    struct part part;
    const char *fault = NULL;
    if (!next_part(signers, &part))
        return false;
    pthread_mutex_unlock(&signers->lock);
    for (; part.row < part.end; part.row++) {
        fault = decision_fault(part.page->rows, part.row, part.page->checked[part.row],
                               signers->keys, message);
        if (fault)
            break;
    }
    pthread_mutex_lock(&signers->lock);
    end_part(signers, &part, fault);
    return true;
}

static void *work(void *context)
{
    struct signers *signers = context;
    AUTO(buffer) struct buffer message = {0};
    pthread_mutex_lock(&signers->lock);
    for (;;)
        if (!take_part(signers, &message)) {
            if (signers->ending)
                break;
            pthread_cond_wait(&signers->work, &signers->lock);
        }
    pthread_mutex_unlock(&signers->lock);
    return NULL;
}

struct signers *signers_new(const struct public_keys *keys)
{
    struct signers *signers = memory_new(1, sizeof *signers);
    signers->keys = keys;
    pthread_mutex_init(&signers->lock, NULL);
    pthread_cond_init(&signers->work, NULL);
    pthread_cond_init(&signers->room, NULL);
    return signers;
}

/* Without any, those who bring pages do all of it. */
static void start_threads(struct signers *signers)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    while (signers->thread_count < THREADS_MAX && (long)signers->thread_count < processors &&
           pthread_create(&signers->threads[signers->thread_count], NULL, work, signers) == 0)
        signers->thread_count++;
}

static void add_page(struct signers *signers, struct signed_page *page)
{
    if (signers->last)
        signers->last->behind = page;
    else
        signers->first = page;
    signers->last = page;
    signers->page_count++;
    pthread_cond_broadcast(&signers->work);
}

bool signers_have_room(struct signers *signers)
{
    pthread_mutex_lock(&signers->lock);
    bool have = signers->page_count < 2; /* one that they are at, and one more */
    pthread_mutex_unlock(&signers->lock);
    return have;
}

void signers_take(struct signers *signers, struct rows *take_rows, bool *take_checked)
{
    AUTO(buffer) struct buffer message = {0};
    struct signed_page *page = memory_new(1, sizeof *page);
    *page = (struct signed_page){.rows = take_rows, .checked = take_checked};
    if (!signers->thread_count && rows_count(take_rows) > FEW_ROWS)
        start_threads(signers);
    pthread_mutex_lock(&signers->lock);
    add_page(signers, page);
    while (signers->page_count > PAGES_WAIT && !signers->fault)
        if (!take_part(signers, &message))
            pthread_cond_wait(&signers->room, &signers->lock);
    pthread_mutex_unlock(&signers->lock);
}

static void drain(struct signers *signers)
{
    AUTO(buffer) struct buffer message = {0};
    pthread_mutex_lock(&signers->lock);
    while (take_part(signers, &message))
        ;
    signers->ending = true;
    pthread_cond_broadcast(&signers->work);
    pthread_mutex_unlock(&signers->lock);
    for (size_t i = 0; i < signers->thread_count; i++)
        pthread_join(signers->threads[i], NULL);
}

bool signers_end(struct signers *signers, struct error *err)
{
    drain(signers);
    bool good = !signers->fault ||
                fail(err, ERR_CONFLICT, "decision %" PRId64 ": %s", signers->id, signers->fault);
    while (signers->first) { /* behind a fault */
        struct signed_page *page = signers->first;
        signers->first = page->behind;
        free_page(page);
    }
    pthread_cond_destroy(&signers->work);
    pthread_cond_destroy(&signers->room);
    pthread_mutex_destroy(&signers->lock);
    free(signers);
    return good;
}
