/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

#include <dirent.h>
#include <sys/resource.h>

/* Servers that die or stand still; each test has its own. */

static int exec(const belay_ctx *ctx, PGconn *conn, const char *sql)
{
    PGresult *result;
    int err = belay_pq_exec(ctx, conn, sql, &result);
    PQclear(result);
    return err;
}

static int parent_of(int pid)
{
    char path[64];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *stat = fopen(path, "r");
    if (stat == NULL)
        return 0;
    if (fscanf(stat, "%*d (%*[^)]) %*c %d", &parent) != 1)
        parent = 0;
    fclose(stat);
    return parent;
}

/* To the server's backends as well. */
static void signal_all(int signal)
{
    DIR *proc = opendir("/proc");
    for (struct dirent *it; (it = readdir(proc)) != NULL;)
        if (parent_of(atoi(it->d_name)) == postgres.pid)
            kill(atoi(it->d_name), signal);
    closedir(proc);
    kill(postgres.pid, signal);
}

struct blow {
    struct canceler canceler;
    int pid; /* 0: all */
    int signal;
    bool cancels;
};

static void *strike_when_busy(void *arg)
{
    struct blow *blow = arg;
    await_work(blow->canceler.observer);
    if (blow->pid == 0)
        signal_all(blow->signal);
    else
        kill(blow->pid, blow->signal);
    if (blow->cancels)
        belay_cancel(blow->canceler.ctx);
    return NULL;
}

static void start_blow(struct blow *blow)
{
    blow->canceler.observer = observe();
    blow->canceler.ctx = belay_with_cancel(NULL);
    blow->canceler.thread = start(strike_when_busy, blow);
}

TEST(a_server_that_dies_is_an_answer)
{
    postgres_start("plain");
    PGconn *conn = connect_postgres();
    struct blow blow = {.pid = PQbackendPID(conn), .signal = SIGKILL};
    start_blow(&blow);
    PGresult *result;

    CHECK(belay_pq_exec(blow.canceler.ctx, conn, ENDLESS, &result) == 0);

    CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR);
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    CHECK(*PQerrorMessage(conn) != '\0');
    PQclear(result);
    join_canceler(&blow.canceler);
    PQfinish(conn);
    postgres_stop();
}

static bool stops_though(int pid, bool is_warm, bool *ret_is_open)
{
    PGconn *conn = is_warm ? connect_postgres() : observe();
    struct blow blow = {.pid = pid, .signal = SIGSTOP, .cancels = true};
    if (pid < 0)
        blow.pid = PQbackendPID(conn);
    start_blow(&blow);

    int err = exec(blow.canceler.ctx, conn, ENDLESS);

    *ret_is_open = PQstatus(conn) == CONNECTION_OK;
    signal_all(SIGCONT);
    await_answer(blow.canceler.observer, BUSY_ONES, 0);
    join_canceler(&blow.canceler);
    PQfinish(conn);
    return err == BELAY_CANCELED;
}

TEST(a_frozen_server_costs_the_connection_and_no_more)
{
    postgres_start("plain");
    bool is_open;

    CHECK(stops_though(0, true, &is_open));
    CHECK(!is_open);
    CHECK(stops_though(0, false, &is_open));
    CHECK(!is_open);

    postgres_stop();
}

TEST(a_frozen_backend_costs_the_connection_and_no_more)
{
    postgres_start("plain");
    bool is_open;

    CHECK(stops_though(-1, true, &is_open));
    CHECK(!is_open);
    CHECK(stops_though(-1, false, &is_open));
    CHECK(!is_open);

    postgres_stop();
}

TEST(a_frozen_postmaster_costs_nothing)
{
    postgres_start("plain");
    bool is_open;

    CHECK(stops_though(postgres.pid, true, &is_open));
    CHECK(is_open);

    postgres_stop();
}

TEST(a_rollback_on_a_frozen_server_comes_to_an_end)
{
    postgres_start("plain");
    PGconn *conn = connect_postgres();
    CHECK(belay_pq_begin(NULL, conn) == 0);
    signal_all(SIGSTOP);

    belay_pq_rollback(conn);

    CHECK(PQstatus(conn) == CONNECTION_BAD);
    signal_all(SIGCONT);
    PQfinish(conn);
    postgres_stop();
}

/* --- Which server -------------------------------------------------------- */

static void join_hosts(char *conninfo, const char *one, const char *two)
{
    sprintf(conninfo, "host=%s,%s user=app dbname=postgres", one, two);
}

static void rename_socket(const char *dir, const char *from, const char *to)
{
    char before[128], after[128];
    snprintf(before, sizeof before, "%s/%s", dir, from);
    snprintf(after, sizeof after, "%s/%s", dir, to);
    CHECK(rename(before, after) == 0);
}

/* Two behind one name: the second connection is to the other one. */
TEST(a_cancel_never_goes_to_another_server)
{
    postgres_start("plain");
    struct postgres first = postgres;
    postgres_start("plain");
    char conninfo[256];
    join_hosts(conninfo, first.dir, postgres.dir);
    PGconn *there = dial(conninfo);
    rename_socket(first.dir, ".s.PGSQL.5432", "hidden");
    PGconn *here = dial(conninfo);
    CHECK(strcmp(PQhost(there), first.dir) == 0);
    CHECK(strcmp(PQhost(here), postgres.dir) == 0);
    struct canceler canceler;
    start_canceler(&canceler);

    CHECK(exec(canceler.ctx, here, ENDLESS) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(here) && is_as_good_as_new(there));
    join_canceler(&canceler);
    PQfinish(here);
    PQfinish(there);
    postgres_stop();
    postgres = first;
    postgres_stop();
}

/* --- Encryption ---------------------------------------------------------- */

TEST(an_encrypted_connection_is_canceled_as_well)
{
    postgres_start("tls");
    PGconn *conn = connect_postgres();
    CHECK(PQsslInUse(conn));
    for (int i = 0; i < 10; ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, 3 * BELAY_MILLISECOND);
        CHECK(exec(ctx, conn, ENDLESS) == BELAY_DEADLINE_EXCEEDED);
        CHECK(is_as_good_as_new(conn));
        belay_end(ctx);
    }
    bool is_open;
    CHECK(stops_though(0, true, &is_open));
    CHECK(!is_open);
    PQfinish(conn);
    postgres_stop();
}

/* --- Descriptors and threads
 * ----------------------------------------------------------- */

TEST(without_descriptors_connecting_is_refused)
{
    postgres_start("plain");
    struct rlimit few, many;
    getrlimit(RLIMIT_NOFILE, &many);
    few = many;
    few.rlim_cur = 3;
    PGconn *conn;

    setrlimit(RLIMIT_NOFILE, &few);
    int err = belay_pq_connect(NULL, postgres.conninfo, &conn);
    setrlimit(RLIMIT_NOFILE, &many);

    CHECK(err == 0);
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    PQfinish(conn);
    postgres_stop();
}

struct call {
    PGconn *conn;
    belay_ctx *ctx;
    int err;
};

static void *make_call(void *arg)
{
    struct call *call = arg;
    call->err = exec(call->ctx, call->conn, ENDLESS);
    pthread_testcancel();
    return arg;
}

/* The request is kept until the call has ended as it would have. */
TEST(a_thread_that_is_canceled_finishes_the_call)
{
    postgres_start("plain");
    PGconn *observer = observe();
    struct call call = {connect_postgres(), belay_with_cancel(NULL), 0};
    pthread_t thread = start(make_call, &call);
    await_answer(observer, BUSY_ONES, 1);
    pthread_cancel(thread);

    belay_cancel(call.ctx);

    CHECK(join(thread) == PTHREAD_CANCELED);
    CHECK(call.err == BELAY_CANCELED);
    CHECK(is_as_good_as_new(call.conn));
    belay_end(call.ctx);
    PQfinish(call.conn);
    PQfinish(observer);
    postgres_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_dies_is_an_answer),
        cmocka_unit_test(a_frozen_server_costs_the_connection_and_no_more),
        cmocka_unit_test(a_frozen_backend_costs_the_connection_and_no_more),
        cmocka_unit_test(a_frozen_postmaster_costs_nothing),
        cmocka_unit_test(a_rollback_on_a_frozen_server_comes_to_an_end),
        cmocka_unit_test(a_cancel_never_goes_to_another_server),
        cmocka_unit_test(an_encrypted_connection_is_canceled_as_well),
        cmocka_unit_test(without_descriptors_connecting_is_refused),
        cmocka_unit_test(a_thread_that_is_canceled_finishes_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
