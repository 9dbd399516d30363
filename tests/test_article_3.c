/* SPDX-License-Identifier: MIT */
#include "web.h"

#include <sys/wait.h>

#include <belay/curl.h>

/* examples/article_3_timeout, against a server that is fast, slow, or absent.
   Where the program is, ARTICLE_3 says. */

static char *program;

/* What it prints for those milliseconds and that path. */
static int run(const char *milliseconds, const char *url, const char *path,
               char *printed, size_t size)
{
    char command[256];
    snprintf(command, sizeof command, "no_proxy='*' %s -t %s %s%s", program,
             milliseconds, url, path);
    FILE *output = popen(command, "r");
    CHECK(output != NULL);
    size_t length = fread(printed, 1, size - 1, output);
    printed[length] = '\0';
    return WEXITSTATUS(pclose(output));
}

TEST(a_fast_server_has_its_status_printed)
{
    struct web *web = web_open();
    char printed[256];

    CHECK(run("60000", web->url, "/", printed, sizeof printed) == 0);

    CHECK(strcmp(printed, "Response received, status code: 200\n") == 0);
    web_close(web);
}

TEST(a_slow_server_is_given_up)
{
    struct web *web = web_open();
    char printed[256];
    char expected[256];

    CHECK(run("5", web->url, "/silent", printed, sizeof printed) == 1);

    snprintf(expected, sizeof expected,
             "Request failed: Get %s/silent: context deadline exceeded\n",
             web->url);
    CHECK(strcmp(printed, expected) == 0);
    web_close(web);
}

TEST(a_server_that_is_not_there_is_not_called_slow)
{
    char url[64];
    char printed[256];
    int fd = listen_somewhere(-1, url, sizeof url);

    CHECK(run("60000", url, "/", printed, sizeof printed) == 1);

    CHECK(strncmp(printed, "Request failed: Get http://127", 30) == 0);
    CHECK(strstr(printed, "deadline") == NULL);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_server_has_its_status_printed),
        cmocka_unit_test(a_slow_server_is_given_up),
        cmocka_unit_test(a_server_that_is_not_there_is_not_called_slow),
    };
    program = getenv("ARTICLE_3");
    if (program == NULL) {
        puts("needs the example: ARTICLE_3=... in the environment");
        return 77;
    }
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
