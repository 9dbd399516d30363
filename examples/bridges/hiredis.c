/*
 * A Redis command that is given up when a context ends: hiredis in pieces, and
 * belay_poll() between them.
 *
 * pkg-config: hiredis
 *
 *     cc hiredis.c $(pkg-config --cflags --libs hiredis belay) && ./a.out
 */
#include <belay/belay.h>

#include <hiredis/hiredis.h>
#include <stdio.h>

/* 0, and *ret_reply is yours; belay_err(ctx); or -EIO, and redis->errstr says
   why.  After an error the connection is redisFree()d: the reply may still
   come, and would be taken for the next command's. */
static int command(const belay_ctx *ctx, redisContext *redis,
                   redisReply **ret_reply, const char *line)
{
    struct pollfd asked = {redis->fd, POLLOUT, 0};
    int is_sent = 0;
    void *reply = NULL;
    int err = belay_poll(ctx, &asked, 1, -1);
    if (err < 0)
        return err;
    if (redisAppendCommand(redis, line) != REDIS_OK)
        return -EIO;
    while (err >= 0 && reply == NULL) {
        int result = is_sent ? redisBufferRead(redis)
                             : redisBufferWrite(redis, &is_sent);
        if (result != REDIS_OK ||
            redisGetReplyFromReader(redis, &reply) != REDIS_OK)
            return -EIO;
        asked.events = is_sent ? POLLIN : POLLOUT;
        if (reply == NULL)
            err = belay_poll(ctx, &asked, 1, -1);
    }
    if (err < 0)
        return err;
    *ret_reply = reply;
    return 0;
}

int main(void)
{
    redisContext *redis = redisConnectNonBlock("127.0.0.1", 6379);
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);
    redisReply *reply = NULL;
    int err = command(ctx, redis, &reply, "BLPOP queue 0");
    printf("%s\n", err == 0 ? "an element has come" : belay_strerror(err));
    freeReplyObject(reply);
    redisFree(redis);
    belay_end(ctx);
    return 0;
}
