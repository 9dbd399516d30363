/* SPDX-License-Identifier: MIT */
#include "convert.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum { WIDTH = 512, HEIGHT = 384 };

static uint8_t picture[HEIGHT][WIDTH], blurred[HEIGHT][WIDTH];

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void draw(void)
{
    for (int y = 0; y < HEIGHT; ++y) {
        for (int x = 0; x < WIDTH; ++x)
            picture[y][x] = (uint8_t)(x * y ^ x);
    }
}

static void blur(void)
{
    for (int y = 1; y < HEIGHT - 1; ++y) {
        for (int x = 1; x < WIDTH - 1; ++x) {
            int sum = picture[y - 1][x] + picture[y + 1][x] +
                      picture[y][x - 1] + picture[y][x + 1];
            blurred[y][x] = (uint8_t)((picture[y][x] * 4 + sum) / 8);
        }
    }
    for (int y = 1; y < HEIGHT - 1; ++y) {
        for (int x = 1; x < WIDTH - 1; ++x)
            picture[y][x] = blurred[y][x];
    }
}

int convert(int work_ms)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the server be killed */
    draw();
    while (cpu_ms() < work_ms)
        blur();
    return picture[HEIGHT / 2][WIDTH / 2] == 1 ? EXIT_FAILURE : EXIT_SUCCESS;
}
