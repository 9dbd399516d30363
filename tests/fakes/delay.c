/* SPDX-License-Identifier: MIT */
#include "../check.h"

#include "delay.h"

#include <string.h>

enum { PLACES = 32 };
enum state { FREE, WANTED, HELD };

static struct {
    int (*real_wait)(atomic_int *word, int expected, belay_time until);
    void (*real_relax)(unsigned round);
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct place {
        const char *name;
        enum state state;
        pthread_t controller;
    } places[PLACES];
} fake = {.mutex = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

/* Under the mutex: the place of that name, or a new one. */
static struct place *find(const char *name)
{
    struct place *place = fake.places;
    while (place->name != NULL && strcmp(place->name, name) != 0)
        if (++place == fake.places + PLACES)
            abort();
    place->name = name;
    return place;
}

static bool is_a_library_thread(void)
{
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return strncmp(name, "belay-", 6) == 0;
}

static void delay(const char *name)
{
    pthread_mutex_lock(&fake.mutex);
    struct place *place = find(name);
    if (place->state == WANTED && !is_a_library_thread() &&
        !pthread_equal(place->controller, pthread_self())) {
        place->state = HELD;
        pthread_cond_broadcast(&fake.changed);
        while (place->state == HELD)
            pthread_cond_wait(&fake.changed, &fake.mutex);
    }
    pthread_mutex_unlock(&fake.mutex);
}

static int wait(atomic_int *word, int expected, belay_time until)
{
    delay("sleep");
    return fake.real_wait(word, expected, until);
}

static void relax(unsigned round)
{
    delay("relax");
    fake.real_relax(round);
}

void delay_install(void)
{
    fake.real_wait = belay__seams.wait;
    fake.real_relax = belay__seams.relax;
    belay__seams.wait = wait;
    belay__seams.relax = relax;
    belay__seams.delay = delay;
}

void delay_hold(const char *name)
{
    pthread_mutex_lock(&fake.mutex);
    struct place *place = find(name);
    place->state = WANTED;
    place->controller = pthread_self();
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.mutex);
}

void delay_await(const char *name)
{
    pthread_mutex_lock(&fake.mutex);
    while (find(name)->state != HELD)
        pthread_cond_wait(&fake.changed, &fake.mutex);
    pthread_mutex_unlock(&fake.mutex);
}

void delay_release(const char *name)
{
    pthread_mutex_lock(&fake.mutex);
    find(name)->state = FREE;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.mutex);
}
