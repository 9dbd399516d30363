/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <stdlib.h>

/* Trees: what is true of many contexts at once. */

enum { FAN_OUT = 4, TREE = 101, CANCELERS = 4 };

struct tree {
    belay_ctx *nodes[TREE];
    int order[TREE];
    struct belay_watch watches[TREE];
    int told[TREE];
    atomic_int winners;
};

static int parent_of(int node)
{
    return (node - 1) / FAN_OUT;
}

static void grow(struct tree *tree)
{
    *tree = (struct tree){0};
    for (int i = 0; i < TREE; ++i) {
        const belay_ctx *parent = i == 0 ? NULL : tree->nodes[parent_of(i)];
        tree->nodes[i] = belay_with_cancel(parent);
        CHECK(belay_watch(tree->nodes[i], &tree->watches[i], count_call,
                          &tree->told[i]));
        tree->order[i] = i;
    }
}

static void fell(struct tree *tree)
{
    for (int i = 0; i < TREE; ++i)
        belay_end(tree->nodes[i]);
}

static void shuffle(int *numbers, int count, unsigned seed)
{
    for (int i = count - 1; i > 0; --i) {
        seed = seed * 1103515245 + 12345;
        int other = (int)(seed >> 8) % (i + 1);
        int kept = numbers[i];
        numbers[i] = numbers[other];
        numbers[other] = kept;
    }
}

static void *cancel_in_order(void *arg)
{
    struct tree *tree = arg;
    for (int i = 0; i < TREE; ++i)
        if (belay_cancel(tree->nodes[tree->order[i]]))
            atomic_fetch_add(&tree->winners, 1);
    return NULL;
}

/* CA11: every cancel returns, every context has ended, every watch was told. */
TEST(a_tree_may_be_canceled_everywhere_at_once)
{
    for (unsigned round = 0; round < 50; ++round) {
        static struct tree tree;
        grow(&tree);
        shuffle(tree.order, TREE, round);
        pthread_t threads[CANCELERS];

        for (int i = 0; i < CANCELERS; ++i)
            threads[i] = start(cancel_in_order, &tree);
        for (int i = 0; i < CANCELERS; ++i)
            join(threads[i]);

        for (int i = 0; i < TREE; ++i)
            CHECK(belay_err(tree.nodes[i]) == BELAY_CANCELED &&
                  tree.told[i] == 1);
        CHECK(tree.winners >= 1 && tree.winners <= TREE);
        fell(&tree);
    }
}

TEST(canceling_a_node_ends_exactly_what_is_below_it)
{
    static struct tree tree;
    grow(&tree);
    bool below[TREE] = {false};
    below[2] = true;
    for (int i = 3; i < TREE; ++i)
        below[i] = below[parent_of(i)];

    CHECK(belay_cancel(tree.nodes[2]));

    for (int i = 0; i < TREE; ++i) {
        CHECK(belay_err(tree.nodes[i]) == (below[i] ? BELAY_CANCELED : 0));
        CHECK(tree.told[i] == (below[i] ? 1 : 0));
    }
    fell(&tree);
}

/* Rule 5: whoever is given back first, the rest stays as it was. */
TEST(a_tree_may_be_given_back_in_any_order)
{
    for (unsigned round = 0; round < 100; ++round) {
        static struct tree tree;
        grow(&tree);
        shuffle(tree.order, TREE, round);

        for (int i = 0; i < TREE; ++i)
            belay_end(tree.nodes[tree.order[i]]);

        for (int i = 0; i < TREE; ++i)
            CHECK(tree.told[i] == 1);
    }
}

/* --- CA13: layers of everything ----------------------------------------- */

enum { LAYERS = 40 };

struct layers {
    belay_ctx *made[LAYERS];
    struct belay_key keys[LAYERS];
    int values[LAYERS];
    int kind[LAYERS]; /* 0 value, 1 cancel, 2 timeout */
};

static void pile_up(struct layers *layers, unsigned seed)
{
    const belay_ctx *parent = NULL;
    for (int i = 0; i < LAYERS; ++i) {
        seed = seed * 1103515245 + 12345;
        layers->kind[i] = i == 0 ? 1 : (int)(seed >> 16) % 3;
        layers->keys[i] = (struct belay_key){"layer", NULL};
        layers->made[i] =
            layers->kind[i] == 0
                ? belay_with_value(parent, &layers->keys[i], &layers->values[i])
            : layers->kind[i] == 1 ? belay_with_cancel(parent)
                                   : belay_with_timeout(parent, BELAY_HOUR);
        parent = layers->made[i];
    }
}

static void check_values(struct layers *layers)
{
    for (int i = 0; i < LAYERS; ++i) {
        void *found = NULL;
        bool stored =
            belay_value(layers->made[LAYERS - 1], &layers->keys[i], &found);
        CHECK(stored == (layers->kind[i] == 0));
        CHECK(!stored || found == &layers->values[i]);
    }
}

/* CA13 */
TEST(values_are_found_through_layers_before_and_after_an_end)
{
    for (unsigned seed = 0; seed < 100; ++seed) {
        struct layers layers;
        pile_up(&layers, seed);
        int chosen = (int)(seed % LAYERS);
        while (layers.kind[chosen] == 0)
            --chosen;

        check_values(&layers);
        CHECK(belay_cancel(layers.made[chosen]));
        check_values(&layers);

        CHECK(belay_err(layers.made[LAYERS - 1]) == BELAY_CANCELED);
        CHECK(chosen == 0 || belay_err(layers.made[chosen - 1]) == 0);
        for (int i = LAYERS - 1; i >= 0; --i)
            belay_end(layers.made[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_may_be_canceled_everywhere_at_once),
        cmocka_unit_test(canceling_a_node_ends_exactly_what_is_below_it),
        cmocka_unit_test(a_tree_may_be_given_back_in_any_order),
        cmocka_unit_test(
            values_are_found_through_layers_before_and_after_an_end),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
