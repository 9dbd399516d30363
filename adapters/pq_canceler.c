/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Connecting it may not make those wait for long that are connected. */
#define LONGEST_WARM_UP (1 * BELAY_SECOND)

/*
 * A backend's number means something on its own server only, and behind one
 * name there may be several: so the one that is asked says which it is.
 */
static const char CANCEL[] =
    "SELECT pg_cancel_backend(%d) "
    "WHERE extract(epoch FROM pg_postmaster_start_time())::text = '%s'";

/* `all_locked` and the lock of one are never held together, nor over a call
   to libpq: for that, one is taken, and the others wait until it is free. */
struct belay__pq_canceler {
    struct belay__pq_canceler *next; /* in all; under all_locked */
    int holders;                     /* under all_locked */
    pid_t owner;                     /* a fork()'s child leaves it alone */
    pthread_mutex_t lock;            /* guards is_taken and is_warming */
    pthread_cond_t is_free;
    bool is_taken;
    bool is_warming;
    PGconn *conn; /* whose who has taken it; NULL: not connected */
    char conninfo[];
};

static pthread_mutex_t all_locked = PTHREAD_MUTEX_INITIALIZER;
static struct belay__pq_canceler *all;

/* --- One for each conninfo ----------------------------------------------- */

static void lock_all(void)
{
    pthread_mutex_lock(&all_locked);
}

static void unlock_all(void)
{
    pthread_mutex_unlock(&all_locked);
}

static void survive_forks(void)
{
    pthread_atfork(lock_all, unlock_all, unlock_all);
}

static struct belay__pq_canceler *find(const char *conninfo)
{
    struct belay__pq_canceler *canceler = all;
    while (canceler != NULL && (canceler->owner != getpid() ||
                                strcmp(canceler->conninfo, conninfo) != 0))
        canceler = canceler->next;
    return canceler;
}

static struct belay__pq_canceler *add(const char *conninfo)
{
    size_t length = strlen(conninfo) + 1;
    struct belay__pq_canceler *canceler = calloc(1, sizeof *canceler + length);
    if (canceler == NULL)
        return NULL;
    memcpy(canceler->conninfo, conninfo, length);
    canceler->owner = getpid();
    pthread_mutex_init(&canceler->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&canceler->is_free, &monotonic);
    pthread_condattr_destroy(&monotonic);
    canceler->next = all;
    all = canceler;
    return canceler;
}

struct belay__pq_canceler *belay__pq_canceler_for(const char *conninfo)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, survive_forks);

    lock_all();
    struct belay__pq_canceler *canceler = find(conninfo);
    if (canceler == NULL)
        canceler = add(conninfo);
    if (canceler != NULL)
        ++canceler->holders;
    unlock_all();
    return canceler;
}

void belay__pq_canceler_release(struct belay__pq_canceler *canceler)
{
    if (canceler->owner != getpid())
        return; /* to say good-bye would end the parent's */

    lock_all();
    bool is_last = --canceler->holders == 0;
    struct belay__pq_canceler **link = &all;
    while (is_last && *link != canceler)
        link = &(*link)->next;
    if (is_last)
        *link = canceler->next;
    unlock_all();
    if (!is_last)
        return;
    PQfinish(canceler->conn);
    pthread_cond_destroy(&canceler->is_free);
    pthread_mutex_destroy(&canceler->lock);
    free(canceler);
}

/* --- Its connection ------------------------------------------------------ */

static void say_nothing(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

/* False: it is not free until then. */
static bool take(struct belay__pq_canceler *canceler, belay_time when)
{
    struct timespec until = {.tv_sec = when / BELAY_SECOND,
                             .tv_nsec = when % BELAY_SECOND};
    int err = 0;
    pthread_mutex_lock(&canceler->lock);
    while (canceler->is_taken && err == 0)
        err =
            pthread_cond_timedwait(&canceler->is_free, &canceler->lock, &until);
    bool is_ours = !canceler->is_taken;
    canceler->is_taken = true;
    pthread_mutex_unlock(&canceler->lock);
    return is_ours;
}

static void give_back(struct belay__pq_canceler *canceler)
{
    pthread_mutex_lock(&canceler->lock);
    canceler->is_taken = false;
    pthread_cond_signal(&canceler->is_free);
    pthread_mutex_unlock(&canceler->lock);
}

static bool is_only_one_to_warm(struct belay__pq_canceler *canceler)
{
    pthread_mutex_lock(&canceler->lock);
    bool is_first = !canceler->is_warming;
    canceler->is_warming = true;
    pthread_mutex_unlock(&canceler->lock);
    return is_first;
}

static bool is_warm(struct belay__pq_canceler *canceler, belay_time until)
{
    if (!take(canceler, until))
        return true; /* it is at work */
    bool is_alive =
        canceler->conn != NULL && belay__pq_is_alive(canceler->conn);
    give_back(canceler);
    return is_alive;
}

static void replace(struct belay__pq_canceler *canceler, PGconn *conn)
{
    if (take(canceler, belay_now() + LONGEST_WARM_UP)) {
        PGconn *cold = canceler->conn;
        canceler->conn = conn;
        conn = cold;
        give_back(canceler);
    }
    PQfinish(conn);
}

/* Connects while others cancel over what there is. */
void belay__pq_canceler_warm(struct belay__pq_canceler *canceler,
                             const belay_ctx *ctx)
{
    belay_ctx *soon = belay_with_timeout(ctx, LONGEST_WARM_UP);
    if (is_only_one_to_warm(canceler)) {
        PGconn *conn;
        if (!is_warm(canceler, belay_now()) &&
            belay__pq_dial(soon, canceler->conninfo, "belay cancel", &conn) ==
                0) {
            PQsetNoticeReceiver(conn, say_nothing, NULL);
            replace(canceler, conn);
        }
        pthread_mutex_lock(&canceler->lock);
        canceler->is_warming = false;
        pthread_mutex_unlock(&canceler->lock);
    }
    belay_end(soon);
}

static enum belay__pq_told ask(PGconn *conn, const char *sql,
                               belay_time give_up)
{
    struct belay__pq_flight flight = belay__pq_take_off(NULL, conn);
    belay__pq_let_run_out(&flight);
    flight.give_up = give_up;
    PGresult *result =
        PQsendQuery(conn, sql) == 1 ? belay__pq_collect(&flight) : NULL;
    belay__pq_land(&flight);

    bool is_told = PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    if (PQstatus(conn) != CONNECTION_OK)
        return BELAY__PQ_IN_DOUBT;
    return is_told ? BELAY__PQ_TOLD : BELAY__PQ_NOT_TOLD;
}

enum belay__pq_told belay__pq_canceler_tell(struct belay__pq_canceler *canceler,
                                            int backend, const char *server,
                                            belay_time give_up)
{
    char sql[sizeof CANCEL + 64];
    snprintf(sql, sizeof sql, CANCEL, backend, server);
    if (!take(canceler, give_up))
        return BELAY__PQ_IN_DOUBT;

    enum belay__pq_told told = BELAY__PQ_NOT_TOLD;
    PGconn *conn = canceler->conn;
    if (conn != NULL && belay__pq_is_alive(conn))
        told = ask(conn, sql, give_up);
    give_back(canceler);
    return told;
}
