/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: hiredis
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/hiredis.c"
#undef main

#include <fcntl.h>
#include <sys/socket.h>

static int server; /* the other end */

static redisContext *connect_pair(void)
{
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    server = ends[1];
    redisContext *redis = redisConnectFd(ends[0]);
    redis->flags &= ~REDIS_BLOCK;
    return redis;
}

static void disconnect(redisContext *redis)
{
    redisFree(redis);
    close(server);
}

TEST(an_end_interrupts_the_wait_for_a_reply)
{
    redisContext *redis = connect_pair();
    redisReply *reply;
    belay_ctx *ctx = soon();

    int err = command(ctx, redis, &reply, "BLPOP queue 0");
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR,
             HIREDIS_PATCH);
    print_row(&(struct row){"hiredis", version, "waits on a descriptor",
                            "`belay_poll()` on the socket, between write and "
                            "read",
                            "the command on the server, which goes on",
                            "close the connection, which ends what blocks, "
                            "such as `BLPOP`"},
              within);
    belay_end(ctx);
    disconnect(redis);
}

TEST(a_reply_that_comes_in_pieces_is_put_together)
{
    redisContext *redis = connect_pair();
    redisReply *reply = NULL;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(write(server, "+PO", 3) == 3);
    CHECK(write(server, "NG\r\n", 4) == 4);

    CHECK(command(ctx, redis, &reply, "PING") == 0);

    CHECK(strcmp(reply->str, "PONG") == 0);
    freeReplyObject(reply);
    belay_end(ctx);
    disconnect(redis);
}

TEST(an_ended_context_sends_nothing)
{
    redisContext *redis = connect_pair();
    redisReply *reply;
    belay_ctx *ctx = already();

    CHECK(command(ctx, redis, &reply, "PING") == BELAY_CANCELED);

    CHECK(!is_readable(server));
    belay_end(ctx);
    disconnect(redis);
}

TEST(a_server_that_leaves_is_an_error_of_its_own)
{
    redisContext *redis = connect_pair();
    redisReply *reply;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(shutdown(server, SHUT_WR) == 0);

    CHECK(command(ctx, redis, &reply, "PING") == -EIO);

    belay_end(ctx);
    disconnect(redis);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_the_wait_for_a_reply),
        cmocka_unit_test(a_reply_that_comes_in_pieces_is_put_together),
        cmocka_unit_test(an_ended_context_sends_nothing),
        cmocka_unit_test(a_server_that_leaves_is_an_error_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
