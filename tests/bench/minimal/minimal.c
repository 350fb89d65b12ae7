/* The least that an approval and its pick-up can cost: one thread commits the approval of the
 * reference (tests/bench/reference_approve.sql) and pushes the id to a Redis list; the other pops
 * it and commits the claim. Times each from before the first to after the second commit.
 *
 *   minimal DATABASE REDIS_SOCKET COUNT GAP_US
 *
 * The jobs 1 to COUNT of the reference wait with status 0. Prints {"p50_us", "p99_us"}. */
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

#define LIST "bench:minimal"
#define APPROVE                                                                                    \
    "with job as (update reference.job set status = 1, at = now() where id = $1 and status = 0 "   \
    "returning id) insert into reference.audit (request_id, actor, action, at, body) "             \
    "select id, 2, 'approve', now(), '{\"revision\": 1, \"state\": \"approved\"}' from job"
#define CLAIM                                                                                      \
    "with job as (update reference.job set status = 2, worker = 1, attempt = attempt + 1, "        \
    "at = now() where id = $1 and status = 1 returning id) "                                       \
    "insert into reference.audit (request_id, actor, action, at, body) "                           \
    "select id, 3, 'claim', now(), '{\"worker\": 1, \"state\": \"running\"}' from job"

/* One of the two threads' connections. */
struct end {
    PGconn *db;
    redisContext *redis;
};

struct race {
    struct end approver;
    struct end worker;
    int count;
    sem_t claimed;
    int64_t claimed_us; /* when the newest was */
};

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "minimal: %s\n", what);
    exit(1);
}

static void open_end(struct end *end, char **argv, const char *statement)
{
    end->db = PQconnectdb(argv[1]);
    end->redis = redisConnectUnix(argv[2]);
    if (PQstatus(end->db) != CONNECTION_OK)
        stop(PQerrorMessage(end->db));
    if (!end->redis || end->redis->err)
        stop("Redis can not be reached");
    PGresult *prepared = PQprepare(end->db, "move", statement, 1, NULL);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        stop(PQerrorMessage(end->db));
    PQclear(prepared);
}

static void close_end(struct end *end)
{
    PQfinish(end->db);
    redisFree(end->redis);
}

static void move(struct end *end, const char *id)
{
    PGresult *result = PQexecPrepared(end->db, "move", 1, &id, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK || strcmp(PQcmdTuples(result), "1") != 0)
        stop("a move changed nothing");
    PQclear(result);
}

static void *claim_all(void *context)
{
    struct race *race = context;
    for (int i = 0; i < race->count; i++) {
        redisReply *popped = redisCommand(race->worker.redis, "BLPOP " LIST " 0");
        if (!popped || popped->type != REDIS_REPLY_ARRAY || popped->elements != 2)
            stop("nothing was popped");
        move(&race->worker, popped->element[1]->str);
        race->claimed_us = clock_monotonic_us();
        sem_post(&race->claimed);
        freeReplyObject(popped);
    }
    return NULL;
}

static int64_t approve_one(struct race *race, int number)
{
    char id[24];
    snprintf(id, sizeof id, "%d", number);
    int64_t began_us = clock_monotonic_us();
    move(&race->approver, id);
    redisReply *pushed = redisCommand(race->approver.redis, "RPUSH " LIST " %s", id);
    if (!pushed || pushed->type != REDIS_REPLY_INTEGER)
        stop("nothing was pushed");
    freeReplyObject(pushed);
    sem_wait(&race->claimed);
    return race->claimed_us - began_us;
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "use: minimal DATABASE REDIS_SOCKET COUNT GAP_US\n");
        return 2;
    }
    struct race race = {.count = (int)strtol(argv[3], NULL, 10)};
    useconds_t gap_us = (useconds_t)strtol(argv[4], NULL, 10);
    int64_t *times_us = memory_new((size_t)race.count, sizeof *times_us);
    pthread_t worker;
    open_end(&race.approver, argv, APPROVE);
    open_end(&race.worker, argv, CLAIM);
    if (sem_init(&race.claimed, 0, 0) != 0 || pthread_create(&worker, NULL, claim_all, &race) != 0)
        stop("no thread can be started");
    for (int i = 0; i < race.count; i++) {
        times_us[i] = approve_one(&race, i + 1);
        usleep(gap_us);
    }
    pthread_join(worker, NULL);
    qsort(times_us, (size_t)race.count, sizeof *times_us, compare);
    printf("{\"p50_us\":%lld,\"p99_us\":%lld}\n", (long long)times_us[(race.count - 1) / 2],
           (long long)times_us[(race.count - 1) * 99 / 100]);
    close_end(&race.approver);
    close_end(&race.worker);
    free(times_us);
    return 0;
}
