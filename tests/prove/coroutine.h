/* SPDX-License-Identifier: MIT */
#ifndef PROVE_COROUTINE_H
#define PROVE_COROUTINE_H

#include <stddef.h>
#include <ucontext.h>

/*
 * One of several stacks on which a single thread goes on by turns.
 *
 * What the program keeps for each thread (_Thread_local) is exchanged with the
 * stack, so that whoever uses it sees threads.
 */

enum { COROUTINES = 32, COROUTINE_TLS = 256 };

struct coroutine {
    ucontext_t context;
    char tls[COROUTINE_TLS];
    const void *stack;
    size_t size;
    void *fake_stack; /* the address sanitizer's */
};

void coroutine_setup(void); /* once, before all else */

/* The number says which stack it has; run() must not return. */
void coroutine_init(struct coroutine *coroutine, unsigned number,
                    void (*run)(void));
void coroutine_begin(struct coroutine *host, struct coroutine *first);
void coroutine_switch(struct coroutine *from, struct coroutine *to);
/* As coroutine_switch(), and `from` never goes on. */
_Noreturn void coroutine_leave(struct coroutine *from, struct coroutine *to);
void coroutine_arrive(void); /* the first that run() does */

#endif
