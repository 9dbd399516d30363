/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libgit2
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/git2.c"
#undef main

#include <ftw.h>
#include <sys/stat.h>

enum { BLOBS = 1000 };

/* A directory with a repository in it, and place for a clone. */
struct place {
    char root[64];
    char url[96];
    char clone[96];
};

static void insert_blobs(git_repository *repository, git_treebuilder *builder)
{
    for (int i = 0; i < BLOBS; ++i) {
        char name[16];
        int length = snprintf(name, sizeof name, "%d", i);
        git_oid id;
        CHECK(git_blob_create_from_buffer(&id, repository, name,
                                          (size_t)length) == 0);
        CHECK(git_treebuilder_insert(NULL, builder, name, &id,
                                     GIT_FILEMODE_BLOB) == 0);
    }
}

static void commit_tree(git_repository *repository, const git_oid *tree_id)
{
    git_tree *tree;
    git_signature *author;
    git_oid id;
    CHECK(git_tree_lookup(&tree, repository, tree_id) == 0);
    CHECK(git_signature_new(&author, "A", "a@example.com", 1, 0) == 0);
    CHECK(git_commit_create_v(&id, repository, "HEAD", author, author, NULL,
                              "All", tree, 0) == 0);
    git_signature_free(author);
    git_tree_free(tree);
}

static void make_place(struct place *place)
{
    git_repository *repository;
    git_treebuilder *builder;
    git_oid tree;
    strcpy(place->root, "/tmp/belay-git2-XXXXXX");
    CHECK(mkdtemp(place->root) != NULL);
    snprintf(place->url, sizeof place->url, "file://%s/origin", place->root);
    snprintf(place->clone, sizeof place->clone, "%s/clone", place->root);
    CHECK(git_repository_init(&repository, place->url + strlen("file://"), 1) ==
          0);
    CHECK(git_treebuilder_new(&builder, repository, NULL) == 0);
    insert_blobs(repository, builder);
    CHECK(git_treebuilder_write(&tree, builder) == 0);
    commit_tree(repository, &tree);
    git_treebuilder_free(builder);
    git_repository_free(repository);
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_place(struct place *place)
{
    CHECK(nftw(place->root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* In the middle of a clone, which may be too fast for another thread. */
static int cancel_and_ask(const git_indexer_progress *progress, void *ctx)
{
    if (progress->received_objects == BLOBS / 2)
        belay_cancel(ctx);
    return ask(progress, ctx);
}

TEST(an_end_stops_a_clone_and_leaves_nothing_of_it)
{
    struct place place;
    make_place(&place);
    belay_ctx *ctx = belay_with_cancel(NULL);
    git_clone_options options;
    git_clone_options_init(&options, GIT_CLONE_OPTIONS_VERSION);
    options.fetch_opts.callbacks.transfer_progress = cancel_and_ask;
    options.fetch_opts.callbacks.payload = ctx;
    git_repository *repository = NULL;

    int err = git_clone(&repository, place.url, place.clone, &options);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_CANCELED && repository == NULL);
    CHECK(access(place.clone, F_OK) != 0);
    print_row(&(struct row){"libgit2", LIBGIT2_VERSION, "asks",
                            "`transfer_progress` asks `belay_err()` for each "
                            "object received",
                            "a wait for a server that says nothing; a name "
                            "that is looked up",
                            "a child process: `belay_process_run()`"},
              within);
    belay_end(ctx);
    remove_place(&place);
}

TEST(a_live_context_clones)
{
    struct place place;
    make_place(&place);
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(clone_into(ctx, place.url, place.clone) == 0);

    CHECK(access(place.clone, F_OK) == 0);
    belay_end(ctx);
    remove_place(&place);
}

TEST(an_ended_context_starts_nothing)
{
    belay_ctx *ctx = already();
    CHECK(clone_into(ctx, "file:///no/such", "/no/such/clone") ==
          BELAY_CANCELED);
    belay_end(ctx);
}

int main(void)
{
    watchdog();
    git_libgit2_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_stops_a_clone_and_leaves_nothing_of_it),
        cmocka_unit_test(a_live_context_clones),
        cmocka_unit_test(an_ended_context_starts_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    git_libgit2_shutdown();
    return failed;
}
