/*
 * A server that stops in two phases: first it lets nobody in, and those inside
 * have three seconds; then their contexts end.
 *
 *     cc mhd.c $(pkg-config --cflags --libs belay-mhd) && ./a.out
 */
#include <belay/mhd.h>

#include <stdio.h>
#include <string.h>

static enum MHD_Result handle(const belay_ctx *ctx, void *arg,
                              struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    (void)arg, (void)url, (void)method, (void)version, (void)data;
    if (*state == NULL || *data_size > 0) { /* there is more to come */
        *state = "begun";
        *data_size = 0;
        return MHD_YES;
    }
    int err = belay_sleep(ctx, 10 * BELAY_SECOND); /* as if working */
    const char *text = err == 0 ? "done" : belay_cause(ctx)->text;
    puts(text);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result =
        MHD_queue_response(connection, err == 0 ? 200 : 503, response);
    MHD_destroy_response(response);
    return result;
}

int main(void)
{
    const struct belay_mhd_settings settings = {
        .flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION,
        .port = 8000,
        .handler = handle};
    struct belay_mhd *server;
    if (belay_mhd_start(NULL, &settings, &server) != 0)
        return 1;
    puts("http://127.0.0.1:8000/, until Enter is pressed");
    getchar();
    belay_ctx *grace = belay_with_timeout(NULL, 3 * BELAY_SECOND);
    belay_mhd_drain(grace, server);
    belay_end(grace);
    return belay_mhd_stop(NULL, server) == 0 ? 0 : 1;
}
