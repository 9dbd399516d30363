/*
 * A server whose handler works for two seconds, or until its client leaves.
 *
 *     cc article_1_listen.c $(pkg-config --cflags --libs belay-mhd) && ./a.out
 *     curl http://127.0.0.1:8000/     and now and then press Ctrl-C there
 */
#include <belay/mhd.h>

#include <stdio.h>
#include <stdlib.h>

static enum MHD_Result handle(const belay_ctx *ctx, void *arg,
                              struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    (void)arg, (void)url, (void)method, (void)version, (void)data,
        (void)data_size;
    static int begun;
    if (*state == NULL) { /* just the head of the request */
        *state = &begun;
        return MHD_YES;
    }
    puts("processing request");
    if (belay_sleep(ctx, 2 * BELAY_SECOND) != 0) {
        fputs("request canceled\n", stderr);
        return MHD_NO;
    }
    static char text[] = "request processed";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    const struct belay_mhd_settings settings = {
        .flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION,
        .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000),
        .handler = handle};
    struct belay_mhd *server;
    int err = belay_mhd_start(NULL, &settings, &server);
    return err == 0 ? belay_wait(NULL) : err; /* for ever */
}
