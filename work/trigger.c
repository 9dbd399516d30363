/* SPDX-License-Identifier: MIT */

/*
 * A trigger: a word for the handler, a context of its own (`kick`) for the
 * relay to cancel, and an after-function of that, which cancels the program's
 * context and may meet watches as slow as they please.
 */

#include "quiet.h"
#include "relay.h"

static struct belay_trigger *triggers; /* under the lock */

bool belay__triggers_exist(void)
{
    return triggers != NULL;
}

/* Watches may give the trigger back: it is not touched behind the cancel. */
static void cancel(void *arg)
{
    const struct belay_trigger *trigger = arg;
    if (trigger->text == NULL)
        belay_cancel_cause_at(trigger->ctx, trigger->where, trigger->code,
                              NULL);
    else
        belay_cancel_cause_at(trigger->ctx, trigger->where, trigger->code, "%s",
                              trigger->text);
}

/*
 * The after-functions of before a fork() are not called in the child; one of a
 * kick that has ended runs at once, so that no end gets lost in between.
 */
static void arm_again(struct belay_trigger *trigger)
{
    belay_after_stop(trigger->after);
    trigger->forks = belay__relay_forks;
    trigger->after = belay_after_func(trigger->kick, cancel, trigger);
    if (trigger->after == NULL)
        cancel(trigger); /* no memory: rather under the lock than not at all */
}

void belay__trigger_fire(struct belay_trigger *trigger)
{
    __atomic_store_n(&trigger->pulled, 1, __ATOMIC_RELAXED);
    if (trigger->forks != belay__relay_forks)
        arm_again(trigger);
    belay_cancel(trigger->kick);
}

static void look(struct belay_trigger *trigger)
{
    if (__atomic_load_n(&trigger->pulled, __ATOMIC_ACQUIRE) != 0)
        belay__trigger_fire(trigger);
}

void belay__triggers_look(void)
{
    struct belay_trigger *next;
    for (struct belay_trigger *each = triggers; each != NULL; each = next) {
        next = each->next;
        look(each);
    }
}

static void link_trigger(struct belay_trigger *trigger)
{
    trigger->forks = belay__relay_forks;
    trigger->next = triggers;
    trigger->link = &triggers;
    if (triggers != NULL)
        triggers->link = &trigger->next;
    triggers = trigger;
}

static void unlink_trigger(struct belay_trigger *trigger)
{
    *trigger->link = trigger->next;
    if (trigger->next != NULL)
        trigger->next->link = trigger->link;
}

static int begin(struct belay_trigger *trigger)
{
    trigger->after = belay_after_func(trigger->kick, cancel, trigger);
    if (trigger->after == NULL)
        return -ENOMEM;
    struct quiet quiet = be_quiet();
    pthread_mutex_lock(&belay__relay_lock);
    int err = belay__relay_need();
    if (err == 0)
        link_trigger(trigger);
    pthread_mutex_unlock(&belay__relay_lock);
    be_loud(quiet);
    if (err != 0)
        belay_after_stop(trigger->after);
    return err;
}

int belay_trigger_begin_at(struct belay_trigger *trigger, belay_ctx *ctx,
                           int code, const char *text, const char *where)
{
    *trigger = (struct belay_trigger){
        .ctx = ctx, .code = code, .text = text, .where = where};
    trigger->kick = belay_with_cancel(NULL);
    int err = belay_err(trigger->kick);
    if (err == 0)
        err = begin(trigger);
    if (err != 0) {
        belay_end(trigger->kick);
        *trigger = (struct belay_trigger){.ctx = NULL};
        return err;
    }
    belay_ref(ctx);
    return 0;
}

void belay_trigger_pull(struct belay_trigger *trigger)
{
    __atomic_store_n(&trigger->pulled, 1, __ATOMIC_RELEASE);
    belay__relay_wake();
}

void belay_trigger_end(struct belay_trigger *trigger)
{
    if (trigger->kick == NULL)
        return;
    pthread_mutex_lock(&belay__relay_lock);
    unlink_trigger(trigger);
    look(trigger);
    pthread_mutex_unlock(&belay__relay_lock);
    belay_after_join(trigger->after);
    belay_end(trigger->kick);
    trigger->kick = NULL;
    belay_unref(trigger->ctx);
}

#undef belay_trigger_begin
int belay_trigger_begin(struct belay_trigger *trigger, belay_ctx *ctx, int code,
                        const char *text)
{
    return belay_trigger_begin_at(trigger, ctx, code, text, "?");
}
