/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: lua5.4
 */
#include "bridge.h"

#include <lualib.h>

#define main example_main
#include "../../examples/bridges/lua.c"
#undef main

static int run_new(const belay_ctx *ctx, const char *script)
{
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    int err = run(ctx, lua, script);
    lua_close(lua);
    return err;
}

TEST(an_end_stops_a_loop)
{
    belay_ctx *ctx = soon();

    int err = run_new(ctx, "while true do end");
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"Lua",
                            LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
                                              "." LUA_VERSION_RELEASE,
                            "asks",
                            "a count hook asks `belay_err()` every 1000 "
                            "instructions, and throws",
                            "a C function, such as `string.find` with a "
                            "pathological pattern",
                            "a child process: `belay_process_run()`"},
              within);
    belay_end(ctx);
}

TEST(an_end_stops_a_coroutine)
{
    belay_ctx *ctx = soon();
    CHECK(run_new(ctx, "coroutine.wrap(function() while true do end end)()") ==
          BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(an_end_that_the_script_catches_is_thrown_again)
{
    belay_ctx *ctx = soon();
    CHECK(run_new(ctx,
                  "local function f() while true do end end "
                  "while true do pcall(f) end") == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(an_end_that_the_script_catches_in_coroutines_is_thrown_again)
{
    belay_ctx *ctx = soon();
    CHECK(run_new(ctx, "local function f() while true do end end "
                       "while true do pcall(coroutine.wrap(f)) end") ==
          BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(a_coroutine_of_an_earlier_run_has_the_context_of_this_one)
{
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    CHECK(run(NULL, lua,
              "c = coroutine.wrap(function() coroutine.yield() "
              "while true do end end) c()") == 0);
    belay_ctx *ctx = soon();

    CHECK(run(ctx, lua, "c()") == BELAY_DEADLINE_EXCEEDED);

    belay_end(ctx);
    lua_close(lua);
}

TEST(the_state_runs_again_with_another_context)
{
    lua_State *lua = luaL_newstate();
    belay_ctx *first = soon();
    belay_ctx *second = belay_with_cancel(NULL);

    CHECK(run(first, lua, "while true do end") != 0);
    belay_end(first);

    CHECK(run(second, lua, "for i = 1, 10000 do end") == 0);
    belay_end(second);
    lua_close(lua);
}

TEST(an_ended_context_starts_nothing)
{
    belay_ctx *ctx = already();
    CHECK(run_new(ctx, "x = 1") == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(an_error_of_the_script_is_its_own)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(run_new(ctx, "error('no')") == -EINVAL);
    belay_end(ctx);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_stops_a_loop),
        cmocka_unit_test(an_end_stops_a_coroutine),
        cmocka_unit_test(an_end_that_the_script_catches_is_thrown_again),
        cmocka_unit_test(
            an_end_that_the_script_catches_in_coroutines_is_thrown_again),
        cmocka_unit_test(
            a_coroutine_of_an_earlier_run_has_the_context_of_this_one),
        cmocka_unit_test(the_state_runs_again_with_another_context),
        cmocka_unit_test(an_ended_context_starts_nothing),
        cmocka_unit_test(an_error_of_the_script_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
