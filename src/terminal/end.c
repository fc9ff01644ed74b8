/* end.c: the server orders the end: keys first, then list, outbox and files; what is left is a page that says so.
 *
 * wipe (honest)  nobody new is served, what is under way comes to its end, the outbox is delivered, then it ends
 * revoked        at once, with what is in the outbox: nobody would believe it anyway */
#include "terminal/terminal_private.h"

#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

void tb_ordered(void *context, tb_order_kind kind)
{
    tb_terminal *t = context;
    pthread_mutex_lock(&t->mutex);
    int is_new = t->ordered < (int)kind; /* revoked outdoes wipe */
    if (is_new)
        t->ordered = (int)kind;
    t->refresh = 1;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    if (is_new)
        tb_log(TB_LOG_WARNING, "terminal", "the server orders: %s",
               kind == TB_ORDER_WIPE ? "deliver everything, then wipe" : "this terminal is revoked, wipe now");
}

int tb_has_ended(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int ended = t->ended;
    pthread_mutex_unlock(&t->mutex);
    return ended;
}

/* Nobody decides any more about whoever stands between two doors: they are let out. */
static void let_out(tb_terminal *t)
{
    tb_doors doors;
    tb_actuator_doors(t->actuator, &doors);
    if (doors.is_there && doors.interlock.state != TB_INTERLOCK_CLOSED)
        (void)!tb_actuator_ask(t->actuator, TB_INTERLOCK_RELEASE);
}

static void forget_people(tb_terminal *t)
{
    tb_image_free(&t->hold->page);
    tb_wipe(t->hold, sizeof *t->hold);
    tb_wipe(&t->machine, sizeof t->machine);
    tb_wipe(t->fresh, sizeof *t->fresh);
    t->inner_count = 0;
    t->match_due = 0;
}

static void end(tb_terminal *t, int kind)
{
    tb_bytes word = {0};
    tb_error why = {0};
    if (kind == TB_ORDER_WIPE && tb_link_last_word(t->link, &word) != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "the last word cannot be sealed: the operator has to revoke this terminal");
    tb_status status = tb_edge_store_end_keys(t->store, &why);
    if (status != TB_OK) /* its rest goes at the next start; the list is given up in any case */
        tb_log(TB_LOG_ERROR, "terminal", "the key file is still there: %s", tb_error_text(&why));
    tb_post_order(t, 0, 0, 0, NULL); /* the camera's burst ends */
    pthread_mutex_lock(&t->mutex);
    t->registered = 0;
    t->ended = 1;
    while (t->looking) /* a presence camera's picture */
        pthread_cond_wait(&t->answered, &t->mutex);
    pthread_mutex_unlock(&t->mutex);
    let_out(t);
    forget_people(t);
    tb_view_publish(t); /* from here on nobody looks at link, list and store */
    if (word.size && status == TB_OK)
        tb_link_say(t->link, tb_bytes_span(&word));
    tb_link_free(&t->link);
    tb_list_free(&t->list);
    status = tb_edge_store_destroy(&t->store, &why);
    tb_wipe(t->keys, sizeof *t->keys);
    tb_wipe(t->feed_key, sizeof *t->feed_key);
    tb_bytes_free(&word);
    tb_log(status == TB_OK ? TB_LOG_WARNING : TB_LOG_ERROR, "terminal", "%s",
           status == TB_OK ? "out of service: keys, list and outbox are destroyed" : tb_error_text(&why));
}

/* Nothing is left that the server does not say it has; what cannot be read is not waited for. */
static int is_delivered(tb_terminal *t)
{
    uint64_t kept = 0;
    return tb_edge_store_outbox_kept(t->store, &kept) != TB_OK || kept == 0;
}

int tb_end_when_ordered(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int kind = t->ordered;
    pthread_mutex_unlock(&t->mutex);
    if (!kind)
        return 0;
    if (kind == TB_ORDER_WIPE && (t->machine.phase != TB_PHASE_IDLE || !is_delivered(t)))
        return 0;
    end(t, kind);
    return 1;
}

/* ---- another key signs for the broker (doc/adr/127) ---- */

void tb_renewed(void *context, const tb_registration *registration)
{
    tb_terminal *t = context;
    pthread_mutex_lock(&t->mutex);
    int is_known = t->renewed || t->ended;
    pthread_mutex_unlock(&t->mutex);
    tb_status status = is_known ? TB_OK : tb_edge_store_register(t->store, registration);
    if (is_known)
        return;
    if (status != TB_OK) { /* the server is asked again */
        tb_log(TB_LOG_ERROR, "terminal", "the renewed registration cannot be kept: %s", tb_status_sentence(status));
        return;
    }
    tb_log(TB_LOG_WARNING, "terminal",
           "another key signs for the broker now: this terminal has what it needs, and starts again");
    pthread_mutex_lock(&t->mutex);
    t->renewed = 1;
    t->refresh = 1;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->mutex);
}

void tb_restart_when_renewed(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int due = t->renewed == 1 && t->options.restart && t->machine.phase == TB_PHASE_IDLE;
    if (due)
        t->renewed = 2;
    pthread_mutex_unlock(&t->mutex);
    if (due)
        t->options.restart();
}
