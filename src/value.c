/* SPDX-License-Identifier: MIT */

/*
 * Values.
 *
 * A look-up walks from value to value.  Every BLOCK-th one carries a table of
 * the BLOCK - 1 above it and a filter of all keys above, so that a look-up
 * takes one step for a block, and a miss takes none.
 */

#include "internal.h"

enum { BLOCK = 8, TABLE_BITS = 4, TABLE = 1 << TABLE_BITS };

struct indexed_ctx {
    struct value_ctx value;
    uint64_t filter;                /* a bit for each key above */
    struct value_ctx *next_block;   /* the indexed one above, or NULL */
    struct value_ctx *table[TABLE]; /* open addressing, by the key's hash */
};

static uint64_t hash(const struct belay_key *key)
{
    return ((uint64_t)(uintptr_t)key >> 3) * UINT64_C(0x9E3779B97F4A7C15);
}

static unsigned slot_of(uint64_t hash)
{
    return (unsigned)(hash >> (64 - TABLE_BITS));
}

static uint64_t filter_bit(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 32 & 63);
}

/* Counts up from the root of the chain, round and round. */
static unsigned place_in_block(const struct value_ctx *value)
{
    return (unsigned)state_of(&value->base) >> INDEX_AT;
}

static bool is_indexed(const struct value_ctx *value)
{
    return place_in_block(value) == BLOCK - 1;
}

/* Enters a value, unless a nearer one has its key. */
static void enter_table(struct indexed_ctx *index, struct value_ctx *value)
{
    uint64_t h = hash(value->key);
    index->filter |= filter_bit(h);
    unsigned slot = slot_of(h);
    while (index->table[slot] != NULL) {
        if (index->table[slot]->key == value->key)
            return;
        slot = (slot + 1) % TABLE;
    }
    index->table[slot] = value;
}

static void build_index(struct indexed_ctx *index)
{
    index->filter = 0;
    index->next_block = NULL;
    for (unsigned i = 0; i < TABLE; ++i)
        index->table[i] = NULL;
    struct value_ctx *value = nearest_value(index->value.base.parent);
    for (; value != NULL && !is_indexed(value);
         value = nearest_value(value->base.parent))
        enter_table(index, value);
    if (value == NULL)
        return;
    const struct indexed_ctx *above = (const struct indexed_ctx *)value;
    index->next_block = value;
    index->filter |= above->filter | filter_bit(hash(value->key));
}

static struct value_ctx *find_in_table(const struct indexed_ctx *index,
                                       const struct belay_key *key, uint64_t h)
{
    unsigned slot = slot_of(h);
    while (index->table[slot] != NULL && index->table[slot]->key != key)
        slot = (slot + 1) % TABLE;
    return index->table[slot];
}

static struct value_ctx *find(struct value_ctx *value,
                              const struct belay_key *key)
{
    while (value != NULL && value->key != key && !is_indexed(value))
        value = nearest_value(value->base.parent);

    uint64_t h = hash(key);
    while (value != NULL && value->key != key) {
        const struct indexed_ctx *index = (const struct indexed_ctx *)value;
        if ((index->filter & filter_bit(h)) == 0)
            return NULL;
        value = find_in_table(index, key, h);
        if (value == NULL)
            value = index->next_block;
    }
    return value;
}

bool belay_value(const belay_ctx *ctx, const struct belay_key *key,
                 void **ret_value)
{
    if (ctx == NULL || key == NULL)
        return false;
    CHECK_USED(ctx);
    struct value_ctx *value = find(nearest_value(ctx), key);
    if (value == NULL)
        return false;
    *ret_value = value->value;
    return true;
}

/* --- Making ------------------------------------------------------------- */

static void destroy(const struct belay_key *key, void *value)
{
    if (key != NULL && key->destroy != NULL && value != NULL)
        key->destroy(value);
}

void belay__destroy_value(struct value_ctx *ctx)
{
    const struct belay_key *key = ctx->key;
    void *value = ctx->value;
    RELEASE_CTX(ctx);
    destroy(key, value);
}

static void init(struct value_ctx *ctx, const belay_ctx *parent, int state)
{
    atomic_init(&ctx->base.state, state);
    atomic_init(&ctx->base.refs, 1);
    ctx->base.parent = parent;
    belay__hold(parent);
}

belay_ctx *belay_with_value_at(const belay_ctx *parent,
                               const struct belay_key *key, void *value,
                               const char *where)
{
    (void)where; /* the checking build keeps it */
    parent = or_background(parent);
    CHECK_USED(parent);
    const struct value_ctx *above = nearest_value(parent);
    unsigned place = above == NULL ? 0 : (place_in_block(above) + 1) % BLOCK;
    bool indexed = place == BLOCK - 1;

    struct value_ctx *ctx =
        ALLOCATE_CTX(indexed ? sizeof(struct indexed_ctx) : sizeof *ctx, where);
    if (ctx == NULL) {
        destroy(key, value);
        return belay__refuse();
    }
    init(ctx, parent, VALUE | (int)(place << INDEX_AT));
    ctx->ender = ender(parent);
    ctx->key = key;
    ctx->value = value;
    if (indexed)
        build_index((struct indexed_ctx *)ctx);
    return &ctx->base;
}

belay_ctx *belay_without_cancel_at(const belay_ctx *parent, const char *where)
{
    (void)where;
    parent = or_background(parent);
    CHECK_USED(parent);
    struct value_ctx *ctx = ALLOCATE_CTX(sizeof *ctx, where);
    if (ctx == NULL)
        return belay__refuse();
    init(ctx, parent, DETACHED);
    ctx->ender = NULL;
    ctx->key = NULL;
    ctx->value = nearest_value(parent);
    return &ctx->base;
}
