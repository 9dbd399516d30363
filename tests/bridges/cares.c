/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include "../../examples/bridges/silent.h"

#include <belay/cares.h>

/* A name server that does not answer. */
static int bind_silently(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

TEST(an_end_interrupts_a_look_up)
{
    int port = 0;
    int server = bind_silently(&port);
    char where[32];
    snprintf(where, sizeof where, "127.0.0.1:%d", port);
    ares_channel like;
    CHECK(ares_init(&like) == ARES_SUCCESS);
    CHECK(ares_set_servers_ports_csv(like, where) == ARES_SUCCESS);
    belay_ctx *ctx = soon();

    struct addrinfo *list;
    int err = belay_cares_resolve(ctx, like, "slow.test.", "80", NULL, &list);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"c-ares", ARES_VERSION_STR, "waits on a descriptor",
                            "`belay_cares_resolve()`: `belay_poll()` on its "
                            "sockets, then `ares_cancel()`",
                            "the reading of the hosts file",
                            "nothing: it is short"},
              within);
    belay_end(ctx);
    ares_destroy(like);
    close(server);
}

int main(void)
{
    watchdog();
    ares_library_init(ARES_LIB_INIT_ALL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_a_look_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ares_library_cleanup();
    return failed;
}
