/*
 * Work that outlives the function which started it, done right; and, with the
 * argument `wrong`, done wrong, which the checking build reports.
 *
 *     cc -pthread article_4_detach.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void *store(void *arg)
{
    belay_sleep(NULL, 100 * BELAY_MILLISECOND); /* handle() returns meanwhile */
    int err = belay_sleep(arg, 100 * BELAY_MILLISECOND);
    printf("stored: %s\n", err == 0 ? "all" : belay_strerror(err));
    return NULL;
}

static void *store_and_end(void *arg)
{
    store(arg);
    belay_end(arg);
    return NULL;
}

/* Answers at once and stores later.  Returns 0 or -errno. */
static int handle(const belay_ctx *server, bool wrong, pthread_t *ret_thread)
{
    belay_ctx *request = belay_with_timeout(server, 1 * BELAY_SECOND);
    belay_ctx *rest = wrong ? NULL : belay_without_cancel(request);

    /* Wrong: what is handed over is given back, below, while in use. */
    int err = wrong ? pthread_create(ret_thread, NULL, store, request)
                    : pthread_create(ret_thread, NULL, store_and_end, rest);
    if (err != 0)
        belay_end(rest);
    printf("answered\n");
    belay_end(request);
    return -err;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    bool wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    return handle(NULL, wrong, &thread) == 0 ? pthread_join(thread, NULL) : 1;
}
