/* SPDX-License-Identifier: MIT */
#ifndef BELAY_BELAY_HPP
#define BELAY_BELAY_HPP

/*
 * Belay with the manners of C++: owners that give back, std::chrono, lambdas,
 * and bridges to and from std::stop_token.  C++17; the bridges are C++20.
 *
 *     belay::context ctx = belay::with_timeout(parent, 2s);
 *     int err = fetch(ctx, url);
 *
 * It adds nothing else: what is not here is called as in C.  A belay::context
 * converts to `const belay_ctx *`, so that it goes wherever a context goes.
 *
 * The place that belay_explain() shows is the caller's file; pass BELAY_HERE
 * as the last argument for the line as well.
 */

#include <belay/belay.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#if defined(__has_include) && __cplusplus >= 202002L
#if __has_include(<stop_token>)
#include <stop_token>
#endif
#endif

#if defined(__GNUC__)
#define BELAY__FILE __builtin_FILE()
#else
#define BELAY__FILE "?"
#endif

namespace belay {

/* --- Contexts ----------------------------------------------------------- */

/*
 * Owns a context that it can end, and does so when it goes.  It can be moved.
 * One that was moved from is the background: live, and not to be ended.
 */
class context {
  public:
    explicit context(belay_ctx *owned, const char *place) noexcept
        : ctx(owned), where(place)
    {
    }
    context(context &&other) noexcept
        : ctx(std::exchange(other.ctx, nullptr)), where(other.where)
    {
    }
    context &operator=(context &&other) noexcept
    {
        std::swap(ctx, other.ctx);
        std::swap(where, other.where);
        return *this;
    }
    ~context()
    {
        belay_end_at(ctx, where);
    }

    operator const belay_ctx *() const noexcept
    {
        return ctx;
    }

    /* For the functions of C that end, or give to one that does. */
    belay_ctx *get() const noexcept
    {
        return ctx;
    }

    /* As belay_cancel() and belay_cancel_cause(); the text is taken as is. */
    bool cancel(const char *place = BELAY__FILE) noexcept
    {
        return belay_cancel_at(ctx, place);
    }
    bool cancel(int code, const char *text,
                const char *place = BELAY__FILE) noexcept
    {
        if (text == nullptr)
            return belay_cancel_cause_at(ctx, place, code, nullptr);
        return belay_cancel_cause_at(ctx, place, code, "%s", text);
    }

  private:
    belay_ctx *ctx;
    const char *where;
};

using nanoseconds = std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

/* Shorter than a nanosecond is none; longer than 292 years is for ever. */
template <class Rep, class Period>
belay_duration nanoseconds_in(std::chrono::duration<Rep, Period> time)
{
    using exact = std::chrono::duration<long double, std::nano>;
    long double count = std::chrono::duration_cast<exact>(time).count();
    if (count >= static_cast<long double>(BELAY_FOREVER))
        return BELAY_FOREVER;
    if (count <= static_cast<long double>(INT64_MIN))
        return INT64_MIN;
    return std::chrono::duration_cast<nanoseconds>(time).count();
}

inline context with_cancel(const belay_ctx *parent,
                           const char *where = BELAY__FILE) noexcept
{
    return context(belay_with_cancel_at(parent, where), where);
}

template <class Rep, class Period>
context with_timeout(const belay_ctx *parent,
                     std::chrono::duration<Rep, Period> after,
                     const char *where = BELAY__FILE) noexcept
{
    return context(belay_with_timeout_at(parent, nanoseconds_in(after), where),
                   where);
}

/* The steady clock is CLOCK_MONOTONIC wherever Belay runs. */
inline context with_deadline(const belay_ctx *parent, time_point when,
                             const char *where = BELAY__FILE) noexcept
{
    return context(belay_with_deadline_at(
                       parent, nanoseconds_in(when.time_since_epoch()), where),
                   where);
}

inline context without_cancel(const belay_ctx *parent,
                              const char *where = BELAY__FILE) noexcept
{
    return context(belay_without_cancel_at(parent, where), where);
}

/* The value belongs to the library from here on, as key.destroy says. */
inline context with_value(const belay_ctx *parent, const belay_key &key,
                          void *value, const char *where = BELAY__FILE) noexcept
{
    return context(belay_with_value_at(parent, &key, value, where), where);
}

/* The value for key, or NULL; as belay_value() where NULL is one, too. */
template <class Value>
Value *value(const belay_ctx *ctx, const belay_key &key) noexcept
{
    void *found = nullptr;
    return belay_value(ctx, &key, &found) ? static_cast<Value *>(found)
                                          : nullptr;
}

/* A reference, for whoever keeps a context beyond the call he got it in. */
class kept {
  public:
    explicit kept(const belay_ctx *to_keep) noexcept : ctx(belay_ref(to_keep))
    {
    }
    kept(const kept &other) noexcept : ctx(belay_ref(other.ctx))
    {
    }
    kept(kept &&other) noexcept : ctx(std::exchange(other.ctx, nullptr))
    {
    }
    kept &operator=(kept other) noexcept
    {
        std::swap(ctx, other.ctx);
        return *this;
    }
    ~kept()
    {
        belay_unref(ctx);
    }
    operator const belay_ctx *() const noexcept
    {
        return ctx;
    }

  private:
    const belay_ctx *ctx;
};

/* --- Waiting ------------------------------------------------------------ */

template <class Rep, class Period>
int sleep(const belay_ctx *ctx, std::chrono::duration<Rep, Period> time)
{
    return belay_sleep(ctx, nanoseconds_in(time));
}

/* --- Being told --------------------------------------------------------- */

/*
 * Calls fn(err) when ctx ends, as belay_watch() does, and takes it back when
 * it goes, waiting for a call in progress.  Where ctx has ended already, fn is
 * not called, and the watch is false.  Stays where it was made.  fn must not
 * throw: nobody is there to catch it.
 */
template <class Fn> class watch {
  public:
    watch(const belay_ctx *ctx, Fn to_call) : fn(std::move(to_call))
    {
        is_registered = belay_watch(ctx, &registered, call, this);
    }
    watch(const watch &) = delete;
    watch &operator=(const watch &) = delete;
    ~watch()
    {
        belay_unwatch(&registered);
    }
    explicit operator bool() const noexcept
    {
        return is_registered;
    }

  private:
    static void call(void *self, int err) noexcept
    {
        std::invoke(static_cast<watch *>(self)->fn, err);
    }

    struct ::belay_watch registered = {};
    Fn fn;
    bool is_registered;
};

#if defined(__cpp_lib_jthread)

/* --- std::stop_token, both ways ----------------------------------------- */

/* A context that ends when stop is requested as well, with that cause. */
class until_stop {
  public:
    until_stop(const belay_ctx *parent, std::stop_token token,
               const char *where = BELAY__FILE)
        : ctx(with_cancel(parent, where)),
          callback(std::move(token), end{ctx.get(), where})
    {
    }
    operator const belay_ctx *() const noexcept
    {
        return ctx;
    }

  private:
    struct end {
        belay_ctx *ctx;
        const char *where;
        void operator()() const noexcept
        {
            belay_cancel_cause_at(ctx, where, BELAY_CANCELED, "stop requested");
        }
    };

    context ctx;
    std::stop_callback<end> callback; /* gone before ctx is */
};

/* A std::stop_source that is requested to stop when ctx ends. */
class stop_by {
  public:
    explicit stop_by(const belay_ctx *ctx) : bridge(ctx, request{source})
    {
        if (!bridge)
            source.request_stop();
    }
    std::stop_token token() const noexcept
    {
        return source.get_token();
    }

  private:
    struct request {
        std::stop_source source;
        void operator()(int) noexcept
        {
            source.request_stop();
        }
    };

    std::stop_source source;
    watch<request> bridge;
};

#endif
} // namespace belay

#endif
