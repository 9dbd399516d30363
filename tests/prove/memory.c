/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <string.h>

/*
 * Never used twice in a run, so that whoever writes where it was given back
 * leaves a mark.  Under the address sanitizer reading does, too.
 */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)0)
#endif

enum { ARENA = 1 << 20, FRESH = 0xA5, GONE = 0xEE, GAP = 32 };

struct block {
    _Alignas(16) size_t size;
    bool is_gone;
};

static struct {
    _Alignas(16) char memory[ARENA];
    size_t used;
    unsigned outstanding;
} arena;

void *memory_allocate(size_t size)
{
    size_t whole = (sizeof(struct block) + size + GAP + 15) & ~(size_t)15;
    if (whole > ARENA - arena.used)
        fail("more memory than a run should need");
    struct block *block = (struct block *)(arena.memory + arena.used);
    arena.used += whole;
    ++arena.outstanding;
    ASAN_UNPOISON_MEMORY_REGION(block, sizeof *block + size);
    block->size = size;
    block->is_gone = false;
    return memset(block + 1, FRESH, size);
}

void memory_release(void *memory)
{
    if (memory == NULL)
        return;
    struct block *block = (struct block *)memory - 1;
    if (block->is_gone)
        fail("memory is given back twice");
    block->is_gone = true;
    --arena.outstanding;
    memset(memory, GONE, block->size);
    ASAN_POISON_MEMORY_REGION(memory, block->size);
}

void memory_check(void)
{
    ASAN_UNPOISON_MEMORY_REGION(arena.memory, sizeof arena.memory);
    size_t next;
    for (size_t at = 0; at < arena.used; at = next) {
        struct block *block = (struct block *)(arena.memory + at);
        const unsigned char *memory = (const unsigned char *)(block + 1);
        next = at + ((sizeof *block + block->size + GAP + 15) & ~(size_t)15);
        for (size_t i = 0; block->is_gone && i < block->size; ++i)
            if (memory[i] != GONE)
                fail("memory is written to after it was given back");
    }
    if (arena.outstanding != 0)
        fail("%u pieces of memory are left", arena.outstanding);
}

void memory_reset(void)
{
    ASAN_POISON_MEMORY_REGION(arena.memory, sizeof arena.memory);
    arena.used = 0;
    arena.outstanding = 0;
}
