/* SPDX-License-Identifier: MIT */

/*
 * s12: a lock that nobody else wants, and one that two threads want.
 * s13: elements from one thread to another, and there and back.
 *
 * A peer defines take_lock(), leave_lock(), and
 *
 *     passage                  through which longs go
 *     make_passage(capacity)
 *     end_passage(passage)
 *     send_long(passage, value), recv_long(passage)
 */

static long under_lock;

static void lock_often(size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        take_lock();
        ++under_lock;
        leave_lock();
    }
}

struct locker {
    pthread_barrier_t *gate;
    size_t n;
    int cpu;
    int64_t ns;
};

static void *lock_on_thread(void *arg)
{
    struct locker *self = (struct locker *)arg;
    pin(self->cpu);
    pthread_barrier_wait(self->gate);
    int64_t begin = wall_ns();
    lock_often(self->n);
    self->ns = wall_ns() - begin;
    return NULL;
}

static void ask_lock(size_t n)
{
    struct lap lap;
    memset(&lap, 0, sizeof lap);
    n = unless_quick(n);
    lap_begin(&lap);
    lock_often(n);
    lap_end(&lap);
    report_lap("s12.lock", &lap, n);

    pthread_barrier_t gate;
    pthread_barrier_init(&gate, NULL, 2);
    struct locker both[2] = {{&gate, n, 0, 0}, {&gate, n, 1, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        pthread_create(&threads[i], NULL, lock_on_thread, &both[i]);
    for (int i = 0; i < 2; ++i)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate);
    report("s12.contended", "ns",
           (double)(both[0].ns + both[1].ns) / 2 / (double)n);
}

/* --- s13 ---------------------------------------------------------------- */

struct line {
    passage *there;
    passage *back; /* NULL: there is none */
    size_t n;
};

static void *receive_all(void *arg)
{
    struct line *line = (struct line *)arg;
    pin(1);
    for (size_t i = 0; i < line->n; ++i) {
        long value = recv_long(line->there);
        if (line->back != NULL)
            send_long(line->back, value);
    }
    return NULL;
}

/* Wall time for each element. */
static void time_line(const char *key, size_t capacity, bool is_round, size_t n)
{
    struct line line;
    line.there = make_passage(capacity);
    line.back = is_round ? make_passage(capacity) : NULL;
    line.n = n;
    pthread_t thread;
    pin(0);
    pthread_create(&thread, NULL, receive_all, &line);

    int64_t begin = wall_ns();
    for (size_t i = 0; i < n; ++i) {
        send_long(line.there, (long)i);
        if (is_round && recv_long(line.back) != (long)i)
            abort();
    }
    pthread_join(thread, NULL);
    report(key, "ns", (double)(wall_ns() - begin) / (double)n);

    end_passage(line.there);
    if (is_round)
        end_passage(line.back);
}

static void ask_pass(size_t n)
{
    n = unless_quick(n);
    time_line("s13.pass.0", 0, false, n);
    time_line("s13.pass.100", 100, false, n * 10);
    time_line("s13.there_and_back.0", 0, true, n);
    time_line("s13.there_and_back.1", 1, true, n);
}
