/*
 * Start here: count the words below a directory, in so many milliseconds.
 *
 *     cc 01_deadline.c -lbelay && ./a.out . 1000 && ./a.out /usr 5
 */
#define _XOPEN_SOURCE 700
#include <belay/belay.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

/* Whatever may take long takes a context, first, and says why it stopped. */
static int count_words(const belay_ctx *ctx, FILE *file, long *words)
{
    int last = ' ';
    for (int c; belay_err(ctx) == 0 && (c = getc(file)) != EOF; last = c)
        *words += last <= ' ' && c > ' ';
    return belay_err(ctx);
}

static const belay_ctx *budget; /* nftw() passes on nothing of ours */
static long words;

static int visit(const char *path, const struct stat *info, int type,
                 struct FTW *place)
{
    (void)place;
    bool is_file = type == FTW_F && S_ISREG(info->st_mode);
    FILE *file = is_file ? fopen(path, "r") : NULL;
    if (file == NULL)
        return belay_err(budget);
    int err = count_words(budget, file, &words);
    fclose(file);
    return err;
}

int main(int argc, char **argv)
{
    long limit = argc > 2 ? atol(argv[2]) : 1000;
    belay_ctx *ctx = belay_with_timeout(NULL, limit * BELAY_MILLISECOND);
    budget = ctx;
    int err = nftw(argc > 1 ? argv[1] : ".", visit, 16, FTW_PHYS);
    const char *why = err ? belay_strerror(err < -1 ? err : errno) : "all";
    printf("%ld words: %s\n", words, why);
    belay_end(ctx);
    return err == -1;
}
