#include "common/io/batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One waiting caller; lives on that caller's stack. */
struct ticket {
    char *text; /* the element as JSON */
    struct ticket *next;
    json_t *result;
    struct error err;
    bool fine;
    bool done;
    bool leads;
    pthread_cond_t changed;
};

struct batch {
    struct db_pool *pool;
    const struct statement *statement;
    pthread_mutex_t lock;
    struct ticket *first;
    struct ticket **last;
    bool led; /* somebody's commit is in flight */
};

struct batch *batch_new(struct db_pool *pool, const struct statement *statement)
{
    struct batch *batch = memory_new(1, sizeof *batch);
    batch->pool = pool;
    batch->statement = statement;
    batch->last = &batch->first;
    pthread_mutex_init(&batch->lock, NULL);
    return batch;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    pthread_mutex_destroy(&batch->lock);
    free(batch);
}

static bool fail_from_json(const json_t *error, struct error *err)
{
    const char *message = json_text_of(error, "message");
    const char *field = json_text_of(error, "field");
    fail_field(err, error_from_name(json_text_of(error, "code")), field ? field : "", "%s",
               message ? message : "");
    err->retry_after_s = (int)json_integer_of(error, "retry_after", 0);
    return false;
}

static void settle(struct ticket *ticket, const char *text)
{
    AUTO(json) json_t *result = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *error = json_object_get(result, "error");
    if (!json_is_object(result))
        fail(&ticket->err, ERR_INTERNAL, "the database gave no result for an element");
    else if (error)
        fail_from_json(error, &ticket->err);
    else {
        ticket->fine = true;
        ticket->result = TAKE(result);
    }
}

/* One statement for the `count` tickets from `first` on. */
static bool run_together(struct batch *batch, struct ticket *first, size_t count, struct error *err)
{
    AUTO(buffer) struct buffer items = {0};
    struct ticket *by_number[BATCH_MAX];
    struct ticket *ticket = first;
    for (size_t i = 0; i < count; i++, ticket = ticket->next) {
        buffer_add_text(&items, i ? "," : "[");
        buffer_add_text(&items, ticket->text);
        by_number[i] = ticket;
    }
    buffer_add_text(&items, "]");
    const struct db_param params[] = {{DB_TEXT, 0, buffer_bytes(&items)}};
    AUTO(rows) struct rows *rows = NULL;
    if (!db_pool_run(batch->pool, batch->statement, params, &rows, err))
        return false;
    const char *texts[BATCH_MAX] = {0};
    for (size_t i = 0; i < rows_count(rows); i++) {
        int64_t n = rows_integer(rows, i, 0);
        if (n >= 0 && n < (int64_t)count)
            texts[n] = rows_text(rows, i, 1);
    }
    for (size_t i = 0; i < count; i++)
        settle(by_number[i], texts[i]);
    return true;
}

static void run_tickets(struct batch *batch, struct ticket *first, size_t count)
{
    struct error err = {0};
    if (run_together(batch, first, count, &err))
        return;
    /* Rolled back as a whole because of one element: let that one fail alone.
     * Not when the database is away or the outcome unknown. */
    bool again = count > 1 && (err.code == ERR_INTERNAL || err.code == ERR_BUSY);
    for (struct ticket *ticket = first; count > 0; count--, ticket = ticket->next)
        if (!again || !run_together(batch, ticket, 1, &ticket->err))
            ticket->err = again ? ticket->err : err;
}

static void enqueue(struct batch *batch, struct ticket *ticket)
{
    *batch->last = ticket;
    batch->last = &ticket->next;
}

/* Takes at most BATCH_MAX tickets off the queue's head. Called locked. */
static struct ticket *dequeue(struct batch *batch, size_t *ret_count)
{
    struct ticket *first = batch->first;
    struct ticket *end = first;
    size_t count = 0;
    while (end && count < BATCH_MAX) {
        end = end->next;
        count++;
    }
    batch->first = end;
    if (!end)
        batch->last = &batch->first;
    *ret_count = count;
    return first;
}

/* Commits what waits, this caller's ticket among it, then lets the next one
 * in the queue lead: nobody works for others for longer than one commit. */
static void lead(struct batch *batch)
{
    size_t count;
    struct ticket *first = dequeue(batch, &count);
    pthread_mutex_unlock(&batch->lock);
    run_tickets(batch, first, count);
    pthread_mutex_lock(&batch->lock);
    while (count-- > 0) {
        struct ticket *ticket = first;
        first = first->next; /* read first: its owner may be gone after the signal */
        ticket->done = true;
        pthread_cond_signal(&ticket->changed);
    }
    batch->led = batch->first != NULL;
    if (batch->first) {
        batch->first->leads = true;
        pthread_cond_signal(&batch->first->changed);
    }
}

/* Queues the tickets together and waits for all of them, leading when it is
 * this caller's turn. */
static void run_all(struct batch *batch, struct ticket *tickets, size_t count)
{
    pthread_mutex_lock(&batch->lock);
    for (size_t i = 0; i < count; i++) {
        pthread_cond_init(&tickets[i].changed, NULL);
        enqueue(batch, &tickets[i]);
    }
    if (!batch->led && count > 0) {
        batch->led = true;
        tickets[0].leads = true;
    }
    for (size_t i = 0; i < count; i++) {
        while (!tickets[i].done && !tickets[i].leads)
            pthread_cond_wait(&tickets[i].changed, &batch->lock);
        if (!tickets[i].done)
            lead(batch);
    }
    pthread_mutex_unlock(&batch->lock);
    for (size_t i = 0; i < count; i++)
        pthread_cond_destroy(&tickets[i].changed);
}

bool batch_call(struct batch *batch, const json_t *item, json_t **ret_result, struct error *err)
{
    AUTO(text) char *text = json_text(item);
    struct ticket ticket = {.text = text};
    run_all(batch, &ticket, 1);
    *err = ticket.err;
    if (ticket.fine)
        *ret_result = ticket.result;
    return ticket.fine;
}

void batch_call_all(struct batch *batch, struct batch_element *elements, size_t count)
{
    struct ticket *tickets = memory_new(count + 1, sizeof *tickets);
    for (size_t i = 0; i < count; i++)
        tickets[i].text = json_text(elements[i].item);
    run_all(batch, tickets, count);
    for (size_t i = 0; i < count; i++) {
        elements[i].err = tickets[i].err;
        elements[i].result = tickets[i].fine ? tickets[i].result : NULL;
        free(tickets[i].text);
    }
    free(tickets);
}
