/* SPDX-License-Identifier: MIT */

/*
 * Look-ups on threads that nothing can interrupt.
 *
 * A flight is one look-up and those who wait for it.  Whoever waits does so on
 * a child of its context, which ends when that does or when the flight has
 * landed.  That child is canceled under the mutex: nobody else knows it, so
 * that no foreign code runs there; and its owner, to leave, takes the mutex.
 */

#include "lookup.h"
#include "addresses.h"

#include <belay/resolve.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
    struct waiter *next;
    struct waiter **link; /* in its flight's waiters */
    belay_ctx *until;     /* its own */
};

enum stage { WAITING_TO_START, FLYING, LANDED };

struct flight {
    struct flight *next;
    struct flight **link; /* in sky.flights, until it has landed */
    enum stage stage;
    struct waiter *waiters;
    int holders; /* who waits or has not yet taken the answer, and the thread */
    int err;
    struct addrinfo *list; /* getaddrinfo()'s; both for good once LANDED */
    struct belay__question question; /* its texts are behind it */
};

/*
 * All under the mutex, and so is every flight.  It is taken before the core's
 * locks: by whoever cancels a waiter, and by fork(), since our handlers are
 * registered after those of the core, and prepare in the reverse order.
 */
static struct {
    pthread_mutex_t mutex;
    struct flight *flights; /* oldest first */
    struct flight **last;
    int threads;
} sky = {PTHREAD_MUTEX_INITIALIZER, NULL, &sky.flights, 0};

/* --- Once ----------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&sky.mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&sky.mutex);
}

/* Neither the threads nor those who waited are here. */
static void after_fork_in_child(void)
{
    struct flight *next;
    for (struct flight *f = sky.flights; f != NULL; f = next) {
        next = f->next;
        free(f);
    }
    sky.flights = NULL;
    sky.last = &sky.flights;
    sky.threads = 0;
    pthread_mutex_unlock(&sky.mutex);
}

/* A thread comes back from getaddrinfo() when it does, and into this library.
 */
static void stay_loaded(void)
{
    Dl_info self;
    if (dladdr(&sky, &self) != 0)
        dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static void prepare(void)
{
    stay_loaded();
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* --- A flight ------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_equal(const struct belay__question *a,
                     const struct belay__question *b)
{
    return is_same(a->host, b->host) && is_same(a->service, b->service) &&
           a->hints.ai_flags == b->hints.ai_flags &&
           a->hints.ai_family == b->hints.ai_family &&
           a->hints.ai_socktype == b->hints.ai_socktype &&
           a->hints.ai_protocol == b->hints.ai_protocol;
}

static struct flight *find(const struct belay__question *question)
{
    struct flight *flight = sky.flights;
    while (flight != NULL && !is_equal(&flight->question, question))
        flight = flight->next;
    return flight;
}

/* Copies a text to *place, which moves on behind it. */
static const char *keep(char **place, const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = strcpy(*place, text);
    *place += strlen(text) + 1;
    return copy;
}

static struct flight *make_flight(const struct belay__question *question)
{
    size_t texts = 0;
    if (question->host != NULL)
        texts += strlen(question->host) + 1;
    if (question->service != NULL)
        texts += strlen(question->service) + 1;
    struct flight *flight = calloc(1, sizeof *flight + texts);
    if (flight == NULL)
        return NULL;
    char *place = (char *)(flight + 1);
    flight->question.host = keep(&place, question->host);
    flight->question.service = keep(&place, question->service);
    flight->question.hints = question->hints;
    flight->link = sky.last;
    *sky.last = flight;
    sky.last = &flight->next;
    return flight;
}

static void unlink_flight(struct flight *flight)
{
    *flight->link = flight->next;
    if (flight->next != NULL)
        flight->next->link = flight->link;
    else
        sky.last = flight->link;
}

static void let_go(struct flight *flight)
{
    if (--flight->holders > 0)
        return;
    if (flight->list != NULL)
        freeaddrinfo(flight->list);
    free(flight);
}

/* --- The threads ---------------------------------------------------------- */

static void land(struct flight *flight, int err, struct addrinfo *list)
{
    flight->err = err;
    flight->list = list;
    flight->stage = LANDED;
    unlink_flight(flight);
    for (struct waiter *w = flight->waiters; w != NULL; w = w->next)
        belay_cancel(w->until);
    let_go(flight);
}

static void *fly_all(void *arg)
{
    pthread_setname_np(pthread_self(), "belay-resolve");
    pthread_mutex_lock(&sky.mutex);
    for (;;) {
        struct flight *flight = sky.flights;
        while (flight != NULL && flight->stage != WAITING_TO_START)
            flight = flight->next;
        if (flight == NULL)
            break;
        flight->stage = FLYING;
        ++flight->holders;
        pthread_mutex_unlock(&sky.mutex);

        const struct belay__question *asked = &flight->question;
        struct addrinfo *list = NULL;
        int err =
            belay__look_up(asked->host, asked->service, &asked->hints, &list);

        pthread_mutex_lock(&sky.mutex);
        land(flight, err, list);
    }
    --sky.threads;
    pthread_mutex_unlock(&sky.mutex);
    return arg;
}

/* Returns 0 if there is a thread that will come to the newest flight. */
static int add_thread(void)
{
    if (sky.threads == BELAY_RESOLVE_AT_ONCE)
        return 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int err = pthread_create(&thread, NULL, fly_all, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0) {
        pthread_detach(thread);
        ++sky.threads;
    }
    return sky.threads > 0 ? 0 : -err;
}

/* --- Those who wait ------------------------------------------------------- */

/* Boards the flight that answers the question: 0 or a negative errno. */
static int board(struct waiter *waiter, const struct belay__question *question,
                 struct flight **ret_flight)
{
    struct flight *flight = find(question);
    if (flight == NULL) {
        flight = make_flight(question);
        if (flight == NULL)
            return -ENOMEM;
        int err = add_thread();
        if (err != 0) {
            unlink_flight(flight);
            free(flight);
            return err;
        }
    }
    ++flight->holders;
    waiter->next = flight->waiters;
    waiter->link = &flight->waiters;
    if (waiter->next != NULL)
        waiter->next->link = &waiter->next;
    flight->waiters = waiter;
    *ret_flight = flight;
    return 0;
}

static void leave(struct waiter *waiter, struct flight *flight)
{
    *waiter->link = waiter->next;
    if (waiter->next != NULL)
        waiter->next->link = waiter->link;
    if (flight->stage == WAITING_TO_START && flight->waiters == NULL)
        unlink_flight(flight);
    let_go(flight);
}

int belay__fly(const belay_ctx *ctx, const struct belay__question *question,
               struct addrinfo **ret_list)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct waiter waiter = {.until = belay_with_cancel(ctx)};
    struct flight *flight;
    int err = belay_err(waiter.until);
    if (err == 0) {
        pthread_once(&once, prepare);
        pthread_mutex_lock(&sky.mutex);
        err = board(&waiter, question, &flight);
        pthread_mutex_unlock(&sky.mutex);
    }
    if (err == 0) {
        err = belay_wait(waiter.until);
        pthread_mutex_lock(&sky.mutex);
        if (flight->stage == LANDED)
            err = flight->err != 0
                      ? flight->err
                      : belay__copy_addresses(flight->list, ret_list);
        leave(&waiter, flight);
        pthread_mutex_unlock(&sky.mutex);
    }
    belay_end(waiter.until);
    return err;
}

int belay_resolve_abandoned(void)
{
    int count = 0;
    pthread_mutex_lock(&sky.mutex);
    for (struct flight *f = sky.flights; f != NULL; f = f->next)
        if (f->stage == FLYING && f->waiters == NULL)
            ++count;
    pthread_mutex_unlock(&sky.mutex);
    return count;
}
