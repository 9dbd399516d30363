/* SPDX-License-Identifier: MIT */

/* The in-place stop source: our restatement of P2300. */

#define PEER "inplace"
#include "in_place_stop.hpp"

using stop_source = in_place_stop_source;
template <typename F> using stop_callback_for = in_place_stop_callback<F>;

static inline in_place_stop_source *watched(in_place_stop_source &source)
{
    return &source;
}

#include "stop_node.hpp"

int main(int argc, char **argv)
{
    static const question questions[] = {STOP_NODE_QUESTIONS};
    return ANSWER(
        argc, argv,
        "in-place stop source (our restatement of P2300), g++ " __VERSION__,
        questions);
}
