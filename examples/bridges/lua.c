/*
 * A Lua script that ends with a context: a count hook asks, and throws.
 *
 * pkg-config: lua5.4
 *
 *     cc lua.c $(pkg-config --cflags --libs lua5.4 belay) && ./a.out
 */
#include <belay/belay.h>

#include <lauxlib.h>
#include <stdio.h>

/* The main thread's: a coroutine may be resumed in a later run. */
static const belay_ctx **context_of(lua_State *lua)
{
    lua_rawgeti(lua, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    lua_State *main_thread = lua_tothread(lua, -1);
    lua_pop(lua, 1);
    return (const belay_ctx **)lua_getextraspace(main_thread);
}

/* Who catches this in a loop gets it at the next instruction, too. */
static void throw_if_ended(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    int err = belay_err(*context_of(lua));
    lua_sethook(lua, throw_if_ended, LUA_MASKCOUNT, err != 0 ? 1 : 1000);
    if (err != 0)
        luaL_error(lua, "%s", belay_strerror(err));
}

/* -EINVAL: an error of the script's own, whose text is on the stack.  The hook
   stays, for the coroutines, which have it from the thread that makes them. */
static int run(const belay_ctx *ctx, lua_State *lua, const char *script)
{
    if (belay_err(ctx) != 0)
        return belay_err(ctx);
    *context_of(lua) = ctx;
    lua_sethook(lua, throw_if_ended, LUA_MASKCOUNT, 1000);
    bool has_failed = luaL_dostring(lua, script);
    *context_of(lua) = NULL;
    return !has_failed ? 0 : belay_err(ctx) != 0 ? belay_err(ctx) : -EINVAL;
}

int main(void)
{
    lua_State *lua = luaL_newstate();
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    printf("%s\n", belay_strerror(run(ctx, lua, "while true do end")));
    belay_end(ctx);
    lua_close(lua);
    return 0;
}
