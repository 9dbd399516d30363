/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/cares.h>
#include <belay/io.h>

#include <arpa/inet.h>
#include <netdb.h>

/*
 * A DNS server on this machine that knows one address, 192.0.2.1, for every
 * name but these: "none..." does not exist, "fail..." is refused, and to
 * "slow..." it never answers.
 */
struct server {
    int fd;
    belay_ctx *ctx;
    pthread_t thread;
    sem_t asked;
    ares_channel channel; /* that asks it */
};

enum { HEADER = 12, REFUSED = 5, NO_SUCH_NAME = 3 };

/* Turns a question into its answer: the new length; 0: none. */
static size_t answer(unsigned char *message, size_t length)
{
    static const unsigned char record[] = {0xc0, HEADER, 0, 1, 0,   1, 0, 0,
                                           0,    60,     0, 4, 192, 0, 2, 1};
    const char *name = (const char *)message + HEADER + 1;
    if (strncmp(name, "slow", 4) == 0)
        return 0;
    message[2] |= 0x80; /* an answer */
    message[3] = strncmp(name, "none", 4) == 0   ? NO_SUCH_NAME
                 : strncmp(name, "fail", 4) == 0 ? REFUSED
                                                 : 0;
    bool is_for_v4 = message[length - 3] == 1;
    message[11] = 0; /* no additional record */
    if (message[3] != 0 || !is_for_v4)
        return length;
    message[7] = 1;
    memcpy(message + length, record, sizeof record);
    return length + sizeof record;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    unsigned char bytes[512];
    for (;;) {
        struct sockaddr_in client;
        struct iovec vector = {bytes, sizeof bytes / 2};
        struct msghdr message = {.msg_name = &client,
                                 .msg_namelen = sizeof client,
                                 .msg_iov = &vector,
                                 .msg_iovlen = 1};
        ssize_t length = belay_recvmsg(server->ctx, server->fd, &message, 0);
        if (length < 0)
            return NULL;
        sem_post(&server->asked);
        vector.iov_len = answer(bytes, (size_t)length);
        if (vector.iov_len > 0)
            (void)belay_sendmsg(server->ctx, server->fd, &message, 0);
    }
}

static void start_server(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char lookups[] = "b";
    char where[32];
    struct ares_options options = {.lookups = lookups};
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(bind(server->fd, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(server->fd, (struct sockaddr *)&address, &size) == 0);
    snprintf(where, sizeof where, "127.0.0.1:%d", ntohs(address.sin_port));
    CHECK(ares_init_options(&server->channel, &options, ARES_OPT_LOOKUPS) == 0);
    CHECK(ares_set_servers_ports_csv(server->channel, where) == 0);
    sem_init(&server->asked, 0, 0);
    server->ctx = belay_with_cancel(NULL);
    server->thread = start(serve, server);
}

static void stop_server(struct server *server)
{
    belay_cancel(server->ctx);
    join(server->thread);
    belay_end(server->ctx);
    ares_destroy(server->channel);
    close(server->fd);
}

static const struct addrinfo streams = {.ai_family = AF_INET,
                                        .ai_socktype = SOCK_STREAM};

TEST(a_name_is_resolved)
{
    struct server server;
    struct addrinfo *list = NULL;
    start_server(&server);
    errno = 12345;

    CHECK(belay_cares_resolve(NULL, server.channel, "some.test.", "80",
                              &streams, &list) == 0);

    const struct sockaddr_in *address = (const void *)list->ai_addr;
    CHECK(list->ai_family == AF_INET && list->ai_socktype == SOCK_STREAM);
    CHECK(address->sin_addr.s_addr == htonl(0xc0000201));
    CHECK(address->sin_port == htons(80) && list->ai_next == NULL);
    CHECK(errno == 12345);
    belay_resolve_free(list);
    stop_server(&server);
}

TEST(a_failure_is_an_errno)
{
    struct server server;
    struct addrinfo *list = NULL;
    start_server(&server);

    CHECK(belay_cares_resolve(NULL, server.channel, "none.test.", "80",
                              &streams, &list) == -ENXIO);
    CHECK(belay_cares_resolve(NULL, server.channel, "fail.test.", "80",
                              &streams, &list) == -EAGAIN);
    CHECK(belay_cares_resolve(NULL, server.channel, "some.test.",
                              "no such service", &streams, &list) == -ENXIO);

    CHECK(list == NULL);
    stop_server(&server);
}

struct asker {
    const belay_ctx *ctx;
    ares_channel like;
    int result;
};

static void *ask_slowly(void *arg)
{
    struct asker *asker = arg;
    struct addrinfo *list;
    asker->result = belay_cares_resolve(asker->ctx, asker->like, "slow.test.",
                                        "80", &streams, &list);
    return NULL;
}

TEST(a_look_up_ends_with_its_context_and_leaves_others_alone)
{
    struct server server;
    struct addrinfo *list;
    start_server(&server);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct asker asker = {ctx, server.channel, 0};
    pthread_t thread = start(ask_slowly, &asker);
    await(&server.asked);

    CHECK(belay_cares_resolve(NULL, server.channel, "some.test.", "80",
                              &streams, &list) == 0);
    belay_cancel(ctx);

    join(thread);
    CHECK(asker.result == BELAY_CANCELED);
    CHECK(belay_resolve_abandoned() == 0);
    belay_resolve_free(list);
    belay_end(ctx);
    stop_server(&server);
}

TEST(a_look_up_ends_at_the_deadline)
{
    struct server server;
    start_server(&server);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct asker asker = {ctx, server.channel, 0};

    ask_slowly(&asker);

    CHECK(asker.result == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    stop_server(&server);
}

TEST(an_ended_context_asks_nobody)
{
    struct server server;
    start_server(&server);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct asker asker = {ctx, server.channel, 0};
    belay_cancel(ctx);

    ask_slowly(&asker);

    CHECK(asker.result == BELAY_CANCELED);
    CHECK(!has_come(&server.asked) && !is_readable(server.fd));
    belay_end(ctx);
    stop_server(&server);
}

TEST(figures_and_the_systems_own_settings_do_as_well)
{
    struct addrinfo *list;

    CHECK(belay_cares_resolve(NULL, NULL, "127.0.0.1", "80", NULL, &list) == 0);
    belay_resolve_free(list);
    CHECK(belay_cares_resolve(NULL, NULL, NULL, "80", &streams, &list) == 0);
    belay_resolve_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_resolved),
        cmocka_unit_test(a_failure_is_an_errno),
        cmocka_unit_test(
            a_look_up_ends_with_its_context_and_leaves_others_alone),
        cmocka_unit_test(a_look_up_ends_at_the_deadline),
        cmocka_unit_test(an_ended_context_asks_nobody),
        cmocka_unit_test(figures_and_the_systems_own_settings_do_as_well),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
