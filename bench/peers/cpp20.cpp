/* SPDX-License-Identifier: MIT */

/* The standard library's stop token. */

#define PEER "c++20"
#include <condition_variable>
#include <mutex>
#include <stop_token>

using std::stop_source;
template <typename F> using stop_callback_for = std::stop_callback<F>;

static inline std::stop_token watched(const std::stop_source &source)
{
    return source.get_token();
}

#include "stop_node.hpp"
#include "../questions/wake.h"

static std::mutex mutex;
static std::condition_variable_any never;
static std::optional<std::stop_source> source;

static void set()
{
    source.emplace();
}

static void sleep_on_condition()
{
    std::unique_lock<std::mutex> lock(mutex);
    never.wait(lock, source->get_token(), [] { return false; });
}

static void wake()
{
    source->request_stop();
}

static void clear()
{
    source.reset();
}

static void ask_wake(size_t tries)
{
    static const sleeper sleeper = {"s9.wake", set, sleep_on_condition, wake,
                                    clear};
    ask_sleeper(&sleeper, tries);
}

int main(int argc, char **argv)
{
    static const question questions[] = {STOP_NODE_QUESTIONS,
                                         {"s9.wake", ask_wake, 2000}};
    return ANSWER(argc, argv, "std::stop_token, g++ " __VERSION__, questions);
}
