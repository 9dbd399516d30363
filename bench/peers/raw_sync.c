/* SPDX-License-Identifier: MIT */

/* Locks and a queue of pthreads: two conditions, and no way to give up. */

#define PEER "raw"
#include "../bench.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void take_lock(void)
{
    pthread_mutex_lock(&mutex);
}

static void leave_lock(void)
{
    pthread_mutex_unlock(&mutex);
}

/* Capacity 0 is one slot, whose sender waits until it is empty again. */
typedef struct passage {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    pthread_cond_t emptied;
    size_t capacity;
    bool meets;
    size_t sent;
    size_t received;
    long values[];
} passage;

static passage *make_passage(size_t capacity)
{
    size_t slots = capacity > 0 ? capacity : 1;
    passage *self =
        (passage *)need(calloc(1, sizeof *self + slots * sizeof(long)));
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->filled, NULL);
    pthread_cond_init(&self->emptied, NULL);
    self->capacity = slots;
    self->meets = capacity == 0;
    return self;
}

static void end_passage(passage *self)
{
    pthread_cond_destroy(&self->filled);
    pthread_cond_destroy(&self->emptied);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static void send_long(passage *self, long value)
{
    pthread_mutex_lock(&self->mutex);
    while (self->sent - self->received == self->capacity)
        pthread_cond_wait(&self->emptied, &self->mutex);
    self->values[self->sent++ % self->capacity] = value;
    pthread_cond_signal(&self->filled);
    while (self->meets && self->received < self->sent)
        pthread_cond_wait(&self->emptied, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
}

static long recv_long(passage *self)
{
    pthread_mutex_lock(&self->mutex);
    while (self->received == self->sent)
        pthread_cond_wait(&self->filled, &self->mutex);
    long value = self->values[self->received++ % self->capacity];
    pthread_cond_signal(&self->emptied);
    pthread_mutex_unlock(&self->mutex);
    return value;
}

#include "../questions/pass.h"

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s12", ask_lock, 5000000},
        {"s13", ask_pass, 50000},
    };
    return ANSWER(argc, argv, "pthreads", questions);
}
