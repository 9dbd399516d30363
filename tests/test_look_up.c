/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Looking up values, compared with the simplest thing that could be right. */

enum { KEYS = 24, DEPTH = 60 };

static const struct belay_key keys[KEYS];

/* What a chain should answer: for each level, the values in sight. */
struct model {
    belay_ctx *made[DEPTH];
    const void *seen[DEPTH][KEYS];
};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 12;
}

static const belay_ctx *parent_of(const struct model *model, int level)
{
    return level == 0 ? NULL : model->made[level - 1];
}

static void add_value(struct model *model, int level, unsigned key)
{
    void *value = &model->made[level];
    model->seen[level][key] = value;
    model->made[level] =
        belay_with_value(parent_of(model, level), &keys[key], value);
}

static void build(struct model *model, unsigned seed, unsigned key_count)
{
    *model = (struct model){0};
    for (int level = 0; level < DEPTH; ++level) {
        if (level > 0)
            memcpy(model->seen[level], model->seen[level - 1],
                   sizeof model->seen[level]);
        switch (next_random(&seed) % 8) {
        case 0:
            model->made[level] = belay_with_cancel(parent_of(model, level));
            break;
        case 1:
            model->made[level] = belay_without_cancel(parent_of(model, level));
            break;
        default:
            add_value(model, level, next_random(&seed) % key_count);
        }
    }
}

static void check_level(const struct model *model, int level)
{
    for (unsigned key = 0; key < KEYS; ++key) {
        void *value = NULL;
        bool is_found = belay_value(model->made[level], &keys[key], &value);
        CHECK(is_found == (model->seen[level][key] != NULL));
        CHECK(value == model->seen[level][key]);
    }
}

/* VA01, S51, S57 */
TEST(every_chain_answers_as_its_model)
{
    for (unsigned seed = 0; seed < 400; ++seed) {
        static struct model model;
        build(&model, seed, 1 + seed % KEYS);

        for (int level = 0; level < DEPTH; ++level)
            check_level(&model, level);

        for (int level = DEPTH - 1; level >= 0; --level)
            belay_end(model.made[level]);
    }
}

TEST(a_chain_answers_as_its_model_when_its_middle_was_given_back)
{
    for (unsigned seed = 1000; seed < 1200; ++seed) {
        static struct model model;
        build(&model, seed, 1 + seed % KEYS);

        for (int level = 0; level < DEPTH - 1; ++level)
            belay_end(model.made[level]);

        check_level(&model, DEPTH - 1);
        belay_end(model.made[DEPTH - 1]);
    }
}

/* Class K: a look-up does not recurse. */
TEST(a_value_is_found_under_a_million_levels)
{
    int number;
    void *value = NULL;
    int levels = SANITIZED ? 100000 : 1000000;
    belay_ctx *top = belay_with_value(NULL, &keys[0], &number);
    const belay_ctx *leaf = belay_ref(top);
    belay_end(top);
    for (int i = 0; i < levels; ++i) {
        const belay_ctx *parent = leaf;
        leaf = belay_with_value(parent, &keys[1], NULL);
        belay_unref(parent);
    }

    CHECK(belay_value(leaf, &keys[0], &value) && value == &number);
    CHECK(!belay_value(leaf, &keys[2], &value));
    belay_unref(leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chain_answers_as_its_model),
        cmocka_unit_test(
            a_chain_answers_as_its_model_when_its_middle_was_given_back),
        cmocka_unit_test(a_value_is_found_under_a_million_levels),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
