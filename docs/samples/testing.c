/*
 * Is a function right when it is canceled at each of its steps?  Nothing here
 * sleeps, and nothing depends on who is faster.
 *
 *     cc testing.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

/* A disk that cancels whoever uses it, at the write with this number. */
struct disk {
    belay_ctx *victim;
    int cancel_at;
    int writes;
    int undone;
};

static int write_block(const belay_ctx *ctx, struct disk *disk)
{
    if (disk->writes == disk->cancel_at)
        belay_cancel(disk->victim);
    if (belay_err(ctx) != 0)
        return belay_err(ctx);
    ++disk->writes;
    return 0;
}

/* What is tested: three blocks, or none of them. */
static int save(const belay_ctx *ctx, struct disk *disk)
{
    int err = 0;
    for (int i = 0; i < 3 && err == 0; ++i)
        err = write_block(ctx, disk);
    if (err != 0)
        disk->undone = disk->writes;
    return err;
}

static void cancel_at(int write)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct disk disk = {.victim = ctx, .cancel_at = write};
    int err = save(ctx, &disk);
    printf("canceled at write %d: %s, %d written, %d undone\n", write,
           belay_strerror(err), disk.writes, disk.undone);
    belay_end(ctx);
}

static void come_too_late(void)
{
    belay_ctx *ctx = belay_with_deadline(NULL, belay_now());
    struct disk disk = {.cancel_at = -1};
    int err = save(ctx, &disk);
    printf("too late: %s, %d written\n", belay_strerror(err), disk.writes);
    belay_end(ctx);
}

int main(void)
{
    for (int write = 0; write < 3; ++write)
        cancel_at(write);
    come_too_late();
    return 0;
}
