/*
 * libgit2 clones until a context ends: its progress callback may stop it.
 *
 * pkg-config: libgit2
 *
 *     cc git2.c $(pkg-config --cflags --libs libgit2 belay)
 *     ./a.out https://example.com/repository.git directory
 */
#include <belay/belay.h>

#include <git2.h>
#include <stdio.h>

/* What a callback returns, git_clone() returns. */
static int ask(const git_indexer_progress *progress, void *ctx)
{
    (void)progress;
    return belay_err(ctx);
}

/* Of a clone that fails, nothing is left in the directory. */
static int clone_into(const belay_ctx *ctx, const char *url, const char *path)
{
    git_clone_options options;
    git_clone_options_init(&options, GIT_CLONE_OPTIONS_VERSION);
    options.fetch_opts.callbacks.transfer_progress = ask;
    options.fetch_opts.callbacks.payload = (void *)ctx;
    int err = belay_err(ctx);
    git_repository *repository = NULL;
    if (err == 0)
        err = git_clone(&repository, url, path, &options);
    git_repository_free(repository);
    return err;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    git_libgit2_init();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    int err = clone_into(ctx, argv[1], argv[2]);
    if (err != 0)
        printf("%s\n", err == belay_err(ctx) ? belay_strerror(err)
                                             : git_error_last()->message);
    belay_end(ctx);
    git_libgit2_shutdown();
    return err == 0 ? 0 : 1;
}
