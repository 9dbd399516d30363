/* SPDX-License-Identifier: MIT */

/* s12, s13: locks and channels.  s9.wake_*: from the cancel until a thread is
   back that waited for one. */

#include "belay_node.h"
#include "questions/wake.h"

#include <belay/channel.h>

/* --- s12 and s13 -------------------------------------------------------- */

static struct belay_mutex mutex = BELAY_MUTEX_INIT;

static void take_lock(void)
{
    if (belay_mutex_lock(NULL, &mutex) != 0)
        abort();
}

static void leave_lock(void)
{
    belay_mutex_unlock(&mutex);
}

typedef struct belay_channel passage;

static passage *make_passage(size_t capacity)
{
    return belay_channel_make(sizeof(long), capacity);
}

static void end_passage(passage *self)
{
    belay_channel_end(self);
}

static void send_long(passage *self, long value)
{
    if (belay_channel_send(NULL, self, &value) != 0)
        abort();
}

static long recv_long(passage *self)
{
    long value;
    if (belay_channel_recv(NULL, self, &value) != 0)
        abort();
    return value;
}

#include "questions/pass.h"

/* --- s9.wake_* ---------------------------------------------------------- */

static belay_ctx *ctx;
static struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(1);
static passage *channel;

static void set(void)
{
    ctx = belay_with_cancel(NULL);
}

static void wake(void)
{
    belay_cancel(ctx);
}

static void clear(void)
{
    belay_end(ctx);
}

static void be_surprised(int result)
{
    if (result == 0)
        abort();
}

static void sleep_in_lock(void)
{
    be_surprised(belay_mutex_lock(ctx, &mutex));
}

static void sleep_in_acquire(void)
{
    be_surprised(belay_semaphore_acquire(ctx, &tokens, 1));
}

static void sleep_in_recv(void)
{
    long value;
    be_surprised(belay_channel_recv(ctx, channel, &value));
}

static void ask_wake(size_t tries)
{
    static const struct sleeper sleepers[] = {
        {"s9.wake_lock", set, sleep_in_lock, wake, clear},
        {"s9.wake_acquire", set, sleep_in_acquire, wake, clear},
        {"s9.wake_recv", set, sleep_in_recv, wake, clear},
    };
    channel = make_passage(0);
    take_lock();
    if (belay_semaphore_try_acquire(&tokens, 1) != 0)
        abort();
    for (size_t i = 0; i < sizeof sleepers / sizeof *sleepers; ++i)
        ask_sleeper(&sleepers[i], tries);
    end_passage(channel);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s9.wake_sync", ask_wake, 2000},
        {"s12", ask_lock, 5000000},
        {"s13", ask_pass, 50000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
