/* SPDX-License-Identifier: MIT */

/* s1 through the shared library: each call passes the linker's table. */

#include "belay_node.h"
#include "questions/child.h"

static void ask_shared_child(size_t n)
{
    time_children("s1.child.shared", unless_quick(n));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s1", ask_shared_child, 1000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
