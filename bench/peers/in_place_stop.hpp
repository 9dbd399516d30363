/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEERS_IN_PLACE_STOP_HPP
#define BENCH_PEERS_IN_PLACE_STOP_HPP

/*
 * An in-place stop source with intrusive callbacks: our restatement of the
 * contract of P2300's inplace_stop_source and inplace_stop_callback.  Nothing
 * is allocated.  A source that a parent's callback stops costs three locked
 * instructions: registering, stopping, taking back.
 */

#include <atomic>
#include <cstdint>
#include <pthread.h>

class in_place_stop_callback_base;

class in_place_stop_source {
  public:
    in_place_stop_source() = default;
    in_place_stop_source(const in_place_stop_source &) = delete;

    bool stop_requested() const noexcept
    {
        return (state.load(std::memory_order_acquire) & stopped) != 0;
    }

    bool request_stop() noexcept;

  private:
    friend class in_place_stop_callback_base;
    static constexpr std::uint8_t stopped = 1;
    static constexpr std::uint8_t locked = 2;

    std::uint8_t lock() noexcept;
    bool lock_unless_stopped(std::uint8_t next) noexcept;
    void unlock(std::uint8_t next) noexcept
    {
        state.store(next, std::memory_order_release);
    }
    bool add(in_place_stop_callback_base *callback) noexcept;
    void remove(in_place_stop_callback_base *callback) noexcept;

    std::atomic<std::uint8_t> state{0};
    in_place_stop_callback_base *callbacks = nullptr;
    pthread_t stopper{};
};

class in_place_stop_callback_base {
  protected:
    using run_fn = void(in_place_stop_callback_base *) noexcept;

    in_place_stop_callback_base(in_place_stop_source *source, run_fn *run)
        : source(source), run(run)
    {
    }
    /* Called once the derived object is whole: it may run at once. */
    void enter() noexcept
    {
        if (!source->add(this)) {
            source = nullptr;
            run(this);
        }
    }
    void leave() noexcept
    {
        if (source != nullptr)
            source->remove(this);
    }

  private:
    friend class in_place_stop_source;
    in_place_stop_source *source;
    run_fn *run;
    in_place_stop_callback_base *next = nullptr;
    in_place_stop_callback_base **link = nullptr; /* null: not in the list */
    bool *gone = nullptr; /* set while it runs: to say that it is destroyed */
    std::atomic<bool> has_run{false};
};

template <typename F>
class in_place_stop_callback : in_place_stop_callback_base {
  public:
    in_place_stop_callback(in_place_stop_source *source, F fn) noexcept
        : in_place_stop_callback_base(source, call), fn(fn)
    {
        enter();
    }
    in_place_stop_callback(const in_place_stop_callback &) = delete;
    ~in_place_stop_callback()
    {
        leave();
    }

  private:
    static void call(in_place_stop_callback_base *self) noexcept
    {
        static_cast<in_place_stop_callback *>(self)->fn();
    }
    F fn;
};

inline std::uint8_t in_place_stop_source::lock() noexcept
{
    std::uint8_t old = state.load(std::memory_order_relaxed);
    for (;;) {
        if ((old & locked) != 0) {
            __builtin_ia32_pause();
            old = state.load(std::memory_order_relaxed);
        } else if (state.compare_exchange_weak(old, old | locked,
                                               std::memory_order_acq_rel)) {
            return old;
        }
    }
}

inline bool
in_place_stop_source::lock_unless_stopped(std::uint8_t next) noexcept
{
    std::uint8_t old = state.load(std::memory_order_acquire);
    for (;;) {
        if ((old & stopped) != 0)
            return false;
        if ((old & locked) != 0) {
            __builtin_ia32_pause();
            old = state.load(std::memory_order_acquire);
        } else if (state.compare_exchange_weak(old, next,
                                               std::memory_order_acq_rel)) {
            return true;
        }
    }
}

inline bool
in_place_stop_source::add(in_place_stop_callback_base *callback) noexcept
{
    if (!lock_unless_stopped(locked))
        return false;
    callback->next = callbacks;
    callback->link = &callbacks;
    if (callbacks != nullptr)
        callbacks->link = &callback->next;
    callbacks = callback;
    unlock(0);
    return true;
}

inline void
in_place_stop_source::remove(in_place_stop_callback_base *callback) noexcept
{
    std::uint8_t old = lock();
    if (callback->link != nullptr) {
        *callback->link = callback->next;
        if (callback->next != nullptr)
            callback->next->link = callback->link;
        unlock(old);
        return;
    }
    pthread_t running_on = stopper;
    unlock(old);
    if (pthread_equal(running_on, pthread_self())) {
        if (callback->gone != nullptr)
            *callback->gone = true;
    } else {
        while (!callback->has_run.load(std::memory_order_acquire))
            __builtin_ia32_pause();
    }
}

inline bool in_place_stop_source::request_stop() noexcept
{
    if (!lock_unless_stopped(stopped | locked))
        return false;
    stopper = pthread_self();
    while (callbacks != nullptr) {
        in_place_stop_callback_base *callback = callbacks;
        callbacks = callback->next;
        if (callbacks != nullptr)
            callbacks->link = &callbacks;
        callback->link = nullptr;
        unlock(stopped);

        bool gone = false;
        callback->gone = &gone;
        callback->run(callback);
        if (!gone) {
            callback->gone = nullptr;
            callback->has_run.store(true, std::memory_order_release);
        }
        lock();
    }
    unlock(stopped);
    return true;
}

#endif
