/* SPDX-License-Identifier: MIT */
#include <belay/belay.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

/* What <belay/belay.hpp> adds.  A program of its own: cmocka is C. */

#define CHECK(claim) ((claim) ? (void)0 : refute(#claim, __LINE__))

using namespace std::chrono_literals;

static void refute(const char *claim, int line)
{
    std::fprintf(stderr, "not true, line %d: %s\n", line, claim);
    std::exit(1);
}

static const belay_key name = {"name", nullptr};

static void a_context_is_ended_when_its_owner_goes()
{
    const belay_ctx *left = nullptr;
    {
        belay::context ctx = belay::with_cancel(nullptr);
        left = belay_ref(ctx);
        CHECK(belay_err(ctx) == 0);
    }
    CHECK(belay_err(left) == BELAY_CANCELED);
    belay_unref(left);
}

static void an_owner_can_be_moved_and_leaves_the_background()
{
    belay::context first = belay::with_cancel(nullptr);
    belay::context second = std::move(first);
    CHECK(first.get() == nullptr && belay_err(first) == 0);
    first = belay::with_cancel(second);
    CHECK(second.cancel());
    CHECK(belay_err(first) == BELAY_CANCELED);
    belay::kept kept(first);
    belay::kept copy = kept;
    CHECK(belay_err(copy) == BELAY_CANCELED);
}

static void a_time_of_chrono_is_a_deadline()
{
    belay_time when = 0;
    belay::context ctx = belay::with_timeout(nullptr, 1h);
    CHECK(belay_remaining(ctx) > BELAY_HOUR / 2);
    auto at = std::chrono::steady_clock::now() + 30min;
    belay::context at_once = belay::with_deadline(ctx, at);
    CHECK(belay_deadline(at_once, &when));
    CHECK(when == at.time_since_epoch().count());
    belay::context never =
        belay::with_timeout(nullptr, std::chrono::hours(INT64_MAX));
    CHECK(!belay_deadline(never, &when));
    belay::context past = belay::with_timeout(nullptr, -1s);
    CHECK(belay_err(past) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay::sleep(past, 1h) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay::sleep(ctx, 1us) == 0);
}

static void a_cause_has_its_text_as_it_is_and_the_callers_file()
{
    belay::context ctx = belay::with_cancel(nullptr);
    CHECK(ctx.cancel(-EPIPE, "100 %s"));
    CHECK(std::strcmp(belay_cause(ctx)->text, "100 %s") == 0);
    CHECK(std::strstr(belay_cause(ctx)->where, "manners.cpp") != nullptr);
    belay::context other = belay::with_cancel(nullptr);
    CHECK(other.cancel(-EPIPE, nullptr, BELAY_HERE));
    CHECK(std::strcmp(belay_cause(other)->text, belay_strerror(-EPIPE)) == 0);
    CHECK(std::strstr(belay_cause(other)->where, "manners.cpp:") != nullptr);
}

static void a_value_has_its_type_back()
{
    std::string text = "Ines";
    belay::context ctx = belay::with_value(nullptr, name, &text);
    belay::context detached = belay::without_cancel(ctx);
    CHECK(*belay::value<std::string>(detached, name) == "Ines");
    CHECK(belay::value<std::string>(nullptr, name) == nullptr);
}

static void a_watch_calls_what_it_was_given_or_takes_it_back()
{
    int err = 0;
    belay::context ctx = belay::with_cancel(nullptr);
    {
        belay::watch taken(ctx, [&](int) { err = 1; });
        CHECK(taken);
    }
    belay::watch told(ctx, [&](int told_err) { err = told_err; });
    ctx.cancel();
    CHECK(err == BELAY_CANCELED);
    belay::watch late(ctx, [&](int) { err = 1; });
    CHECK(!late && err == BELAY_CANCELED);
}

#if defined(__cpp_lib_jthread)

static void a_stop_ends_a_context()
{
    std::stop_source source;
    belay::context parent = belay::with_cancel(nullptr);
    belay::until_stop ctx(parent, source.get_token());
    CHECK(belay_err(ctx) == 0);
    source.request_stop();
    CHECK(belay_err(ctx) == BELAY_CANCELED && belay_err(parent) == 0);
    CHECK(std::strcmp(belay_cause(ctx)->text, "stop requested") == 0);
    belay::until_stop late(parent, source.get_token());
    CHECK(belay_err(late) == BELAY_CANCELED);
}

static void an_end_stops_a_thread()
{
    belay::context ctx = belay::with_cancel(nullptr);
    belay::stop_by bridge(ctx);
    std::thread worker([token = bridge.token()] {
        while (!token.stop_requested())
            std::this_thread::yield();
    });
    ctx.cancel();
    worker.join();
    CHECK(belay::stop_by(ctx).token().stop_requested());
}

#endif

int main()
{
    a_context_is_ended_when_its_owner_goes();
    an_owner_can_be_moved_and_leaves_the_background();
    a_time_of_chrono_is_a_deadline();
    a_cause_has_its_text_as_it_is_and_the_callers_file();
    a_value_has_its_type_back();
    a_watch_calls_what_it_was_given_or_takes_it_back();
#if defined(__cpp_lib_jthread)
    a_stop_ends_a_context();
    an_end_stops_a_thread();
#endif
    return 0;
}
