/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

/*
 * Ends at random instants, on connections that go from hand to hand, and after
 * each a statement that must know nothing of it.  BELAY_PQ_CANCELS=100000 in
 * the environment: that many, for each way of canceling.
 */

enum { WORKERS = 4, CONNECTIONS = 3 };

static int rounds(void)
{
    const char *asked = getenv("BELAY_PQ_CANCELS");
    return (asked != NULL ? atoi(asked) : 800) / WORKERS;
}

struct worker {
    struct belay_pq_pool *pool; /* or */
    PGconn *conn;
    unsigned seed;
    int canceled;
    int finished;
    int wrong;      /* the next statement was hit, or had another's answer */
    int closed;     /* connections that were discarded */
    char what[160]; /* went wrong last */
};

static PGconn *take(struct worker *worker)
{
    PGconn *conn = worker->conn;
    if (worker->pool != NULL)
        belay_pq_pool_acquire(NULL, worker->pool, &conn);
    return conn;
}

static void put_back(struct worker *worker, PGconn *conn)
{
    worker->closed += PQstatus(conn) != CONNECTION_OK;
    if (worker->pool != NULL)
        belay_pq_pool_release(worker->pool, conn);
    else if (PQstatus(conn) != CONNECTION_OK)
        PQreset(conn);
}

static const char *const statements[] = {
    "SELECT pg_sleep(0.0003)",
    "SELECT count(*) FROM generate_series(1, 2000)",
    "SELECT repeat('x', 100000) FROM generate_series(1, 20)",
};

static void check(struct worker *worker, const PGresult *result, bool is_right)
{
    worker->wrong += !is_right;
    if (!is_right)
        snprintf(worker->what, sizeof worker->what, "%s",
                 PQresultErrorMessage(result));
}

static int run(struct worker *worker, const belay_ctx *ctx, PGconn *conn)
{
    const char *sql = statements[(size_t)rand_r(&worker->seed) % 3];
    PGresult *result;
    int err;
    if (rand_r(&worker->seed) % 2 == 0)
        err = belay_pq_exec(ctx, conn, sql, &result);
    else
        err = belay_pq_exec_params(ctx, conn, sql, 0, NULL, NULL, NULL, NULL, 0,
                                   &result);
    check(worker, result, err != 0 || PQntuples(result) > 0);
    PQclear(result);
    return err;
}

/* The next statement lasts long enough to be hit. */
static void run_next(struct worker *worker, PGconn *conn)
{
    int number = rand_r(&worker->seed);
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT %d FROM pg_sleep(0.0005)", number);
    PGresult *result;
    bool is_right = belay_pq_exec(NULL, conn, sql, &result) == 0 &&
                    PQntuples(result) == 1 &&
                    atoi(PQgetvalue(result, 0, 0)) == number;
    check(worker, result, is_right);
    PQclear(result);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < rounds(); ++i) {
        PGconn *conn = take(worker);
        int after = rand_r(&worker->seed) % 1500;
        belay_ctx *ctx =
            belay_with_timeout(NULL, after * BELAY_MICROSECOND + 1);
        int err = run(worker, ctx, conn);
        worker->canceled += err != 0;
        worker->finished += err == 0;
        put_back(worker, conn);
        belay_end(ctx);

        conn = take(worker);
        run_next(worker, conn);
        put_back(worker, conn);
    }
    return NULL;
}

static void storm(struct belay_pq_pool *pool)
{
    struct worker workers[WORKERS] = {0};
    pthread_t threads[WORKERS];
    for (unsigned i = 0; i < WORKERS; ++i) {
        workers[i].pool = pool;
        workers[i].conn = pool != NULL ? NULL : observe();
        workers[i].seed = i + 1;
        threads[i] = start(work, &workers[i]);
    }
    struct worker sum = {0};
    for (unsigned i = 0; i < WORKERS; ++i) {
        join(threads[i]);
        PQfinish(workers[i].conn);
        if (workers[i].wrong > 0)
            print_error("%s\n", workers[i].what);
        sum.wrong += workers[i].wrong;
        sum.canceled += workers[i].canceled;
        sum.finished += workers[i].finished;
        sum.closed += workers[i].closed;
    }
    print_message("%d canceled, %d finished, %d closed, %d wrong\n",
                  sum.canceled, sum.finished, sum.closed, sum.wrong);
    CHECK(sum.wrong == 0);
    CHECK(sum.canceled > 0 && sum.finished > 0);
}

TEST(no_cancel_ever_hits_the_next_statement)
{
    const struct belay_pq_limits limits = {.max_open = CONNECTIONS,
                                           .max_idle = CONNECTIONS};
    struct belay_pq_pool *pool = belay_pq_pool_open(postgres.conninfo, &limits);
    storm(pool);
    belay_pq_pool_close(pool);
}

TEST(nor_does_one_by_libpqs_means)
{
    storm(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cancel_ever_hits_the_next_statement),
        cmocka_unit_test(nor_does_one_by_libpqs_means),
    };
    if (getenv("BELAY_PQ_CANCELS") != NULL)
        signal(SIGALRM, SIG_IGN); /* as long as it takes */
    RUN_WITH_POSTGRES("plain", tests);
}
