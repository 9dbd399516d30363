/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <stdatomic.h>
#include <stdlib.h>

#ifdef LIBPQ_HAS_ASYNC_CANCEL

/* A connection for the purpose, encrypted as conn is; it never blocks. */
static bool ask(PGconn *conn, belay_time give_up)
{
    PGcancelConn *request = PQcancelCreate(conn);
    PostgresPollingStatusType next = PGRES_POLLING_FAILED;
    if (request != NULL && PQcancelStart(request) == 1)
        next = PGRES_POLLING_WRITING;
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        belay_duration left = give_up - belay_now();
        struct pollfd fd = {PQcancelSocket(request), POLLIN, 0};
        if (next == PGRES_POLLING_WRITING)
            fd.events = POLLOUT;
        if (left <= 0 || belay_poll(NULL, &fd, 1, left) <= 0)
            break;
        next = PQcancelPoll(request);
    }
    PQcancelFinish(request);
    return next == PGRES_POLLING_OK;
}

#else

/*
 * PQcancel() blocks for as long as it likes: nobody answers when the server is
 * frozen.  So a thread of the library calls it, and may be left behind; there
 * are never more than MOST of them.
 */
enum { MOST = 32 };
static atomic_int errands;

struct errand {
    PGcancel *request;
    belay_ctx *done;
    atomic_int holders; /* whoever waits, and whoever asks */
    bool is_answered;   /* before done has ended by a cancel */
};

static void let_go(struct errand *errand)
{
    if (atomic_fetch_sub(&errand->holders, 1) > 1)
        return;
    PQfreeCancel(errand->request);
    belay_end(errand->done);
    free(errand);
    atomic_fetch_sub(&errands, 1);
}

static void run(void *arg)
{
    struct errand *errand = arg;
    char message[256];
    errand->is_answered =
        PQcancel(errand->request, message, sizeof message) == 1;
    belay_cancel(errand->done);
    let_go(errand);
}

/* Takes the errand, and calls run() for it on another thread, at once. */
static bool send_off(struct errand *errand)
{
    belay_ctx *now = belay_with_timeout(NULL, 0);
    struct belay_after *after = belay_after_func(now, run, errand);
    belay_after_stop(after);
    belay_end(now);
    return after != NULL;
}

static bool ask(PGconn *conn, belay_time give_up)
{
    struct errand *errand = NULL;
    if (atomic_fetch_add(&errands, 1) < MOST)
        errand = malloc(sizeof *errand);
    if (errand == NULL) {
        atomic_fetch_sub(&errands, 1);
        return false;
    }
    *errand = (struct errand){.request = PQgetCancel(conn)};
    errand->done = belay_with_deadline(NULL, give_up);
    atomic_init(&errand->holders, 2);
    if (errand->request == NULL || !send_off(errand)) {
        belay_cancel(errand->done);
        let_go(errand); /* for whom there is not */
    }

    bool is_answered =
        belay_wait(errand->done) == BELAY_CANCELED && errand->is_answered;
    let_go(errand);
    return is_answered;
}

#endif

bool belay__pq_kick(PGconn *conn, belay_time give_up)
{
    struct belay__pq_link *link = belay__pq_link_of(conn);
    if (link != NULL && link->backend != 0) {
        enum belay__pq_told told = belay__pq_canceler_tell(
            link->canceler, link->backend, link->server, give_up);
        if (told != BELAY__PQ_NOT_TOLD)
            return told == BELAY__PQ_TOLD;
    }
    return ask(conn, give_up);
}
