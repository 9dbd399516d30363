/*
 * An HTTP server whose handler works for an hour, and a client that leaves.
 *
 *     cc mhd.c $(pkg-config --cflags --libs belay-mhd) && ./a.out
 */
#include <belay/io.h>
#include <belay/mhd.h>
#include <belay/sync.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

static struct belay_semaphore begun = BELAY_SEMAPHORE_INIT(1);

static enum MHD_Result handle(const belay_ctx *ctx, void *arg,
                              struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    (void)arg, (void)connection, (void)method, (void)version, (void)data;
    if (*state == NULL || *data_size > 0) { /* there is more to come */
        *state = "begun";
        *data_size = 0;
        return MHD_YES;
    }
    printf("%s: at work\n", url);
    belay_semaphore_release(&begun, 1);
    if (belay_sleep(ctx, BELAY_HOUR) != 0) /* a heavy query */
        printf("%s: %s\n", url, belay_cause(ctx)->text);
    return MHD_NO; /* nobody is there to be answered */
}

/* Asks, and leaves as soon as somebody is at work for it. */
static void come_and_go(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int err =
        belay_connect(NULL, fd, (struct sockaddr *)&address, sizeof address);
    if (err == 0)
        err = belay_write_full(NULL, fd, "GET /sum HTTP/1.0\r\n\r\n", 21, NULL);
    if (err == 0)
        err = belay_semaphore_acquire(NULL, &begun, 1);
    close(fd);
}

int main(void)
{
    const struct belay_mhd_settings settings = {
        .flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION,
        .handler = handle};
    struct belay_mhd *server;
    if (belay_semaphore_try_acquire(&begun, 1) != 0 ||
        belay_mhd_start(NULL, &settings, &server) != 0)
        return 1;
    come_and_go(
        MHD_get_daemon_info(belay_mhd_daemon(server), MHD_DAEMON_INFO_BIND_PORT)
            ->port);
    belay_mhd_drain(NULL, server); /* an hour, had the client stayed */
    return belay_mhd_stop(NULL, server) == 0 ? 0 : 1;
}
