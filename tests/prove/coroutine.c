/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "coroutine.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)0)
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)0)
#endif

enum { STACK = 128 * 1024 };

static char stacks[COROUTINES][STACK] __attribute__((aligned(64)));

/* This program's own block; that of a shared library is not touched. */
static char *tls;
static size_t tls_size;
static struct coroutine *host_here;
static char tls_at_birth[COROUTINE_TLS];

static int find_tls(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; ++i)
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            tls = info->dlpi_tls_data;
            tls_size = info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the program is the first */
}

void coroutine_setup(void)
{
    dl_iterate_phdr(find_tls, NULL);
    if (tls_size > COROUTINE_TLS) {
        fprintf(stderr, "more is kept for each thread than expected\n");
        exit(2);
    }
    if (tls_size > 0)
        memcpy(tls_at_birth, tls, tls_size);
}

void coroutine_init(struct coroutine *coroutine, unsigned number,
                    void (*run)(void))
{
    memcpy(coroutine->tls, tls_at_birth, sizeof tls_at_birth);
    coroutine->fake_stack = NULL;
    coroutine->stack = stacks[number];
    coroutine->size = STACK;
    getcontext(&coroutine->context);
    coroutine->context.uc_stack.ss_sp = stacks[number];
    coroutine->context.uc_stack.ss_size = STACK;
    coroutine->context.uc_link = NULL;
    makecontext(&coroutine->context, run, 0);
}

/* The first to arrive comes from the host, and learns what stack that has. */
void coroutine_arrive(void)
{
    const void *bottom = NULL;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(NULL, &bottom, &size);
    if (host_here->stack == NULL) {
        host_here->stack = bottom;
        host_here->size = size;
    }
}

static void exchange(struct coroutine *from, struct coroutine *to)
{
    if (tls_size > 0) {
        memcpy(from->tls, tls, tls_size);
        memcpy(tls, to->tls, tls_size);
    }
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->size);
}

void coroutine_switch(struct coroutine *from, struct coroutine *to)
{
    exchange(from, to);
    swapcontext(&from->context, &to->context);
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
}

void coroutine_begin(struct coroutine *host, struct coroutine *first)
{
    host_here = host;
    coroutine_switch(host, first);
}

_Noreturn void coroutine_leave(struct coroutine *from, struct coroutine *to)
{
    exchange(from, to);
    setcontext(&to->context);
    abort();
}
