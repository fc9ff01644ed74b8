/* interlock.c: the two doors. The table is in interlock.h. */
#include "terminal/interlock.h"

#include <assert.h>

const char *tb_interlock_state_name(tb_interlock_state state)
{
    static const char *const names[TB_INTERLOCK_STATES] = {"closed",  "entering",  "inside",
                                                           "leaving", "returning", "released"};
    return (unsigned)state < TB_INTERLOCK_STATES ? names[state] : "";
}

void tb_interlock_init(tb_interlock *out)
{
    *out = (tb_interlock){.sensors = {1, 1, 0}, .deadline = TB_TIME_NEVER};
}

static int is_empty(const tb_interlock *l)
{
    return l->sensors.inside == 0; /* -1, not known, is somebody */
}

static int both_shut(const tb_interlock *l)
{
    return l->sensors.entry_shut && l->sensors.exit_shut;
}

static void tell(tb_interlock *l, tb_interlock_outcome outcome)
{
    if (l->admitted)
        l->outcome = outcome;
    l->admitted = 0;
}

static void enter(tb_interlock *l, tb_interlock_state state, tb_time deadline)
{
    l->state = state;
    l->deadline = deadline;
    l->attention = state == TB_INTERLOCK_RELEASED;
    l->entry_open = (state == TB_INTERLOCK_ENTERING || state == TB_INTERLOCK_RETURNING) && l->sensors.exit_shut;
    l->exit_open = state == TB_INTERLOCK_LEAVING && l->sensors.entry_shut;
}

static void close_up(tb_interlock *l, tb_interlock_outcome outcome)
{
    tell(l, outcome);
    enter(l, TB_INTERLOCK_CLOSED, TB_TIME_NEVER);
}

/* Back where they came from, first: that is the side where they may be. By the exit only when the entry cannot. */
static void release(tb_interlock *l, tb_time now)
{
    tell(l, TB_INTERLOCK_FAILED);
    enter(l, TB_INTERLOCK_RELEASED, now + TB_INTERLOCK_TURN);
    l->entry_open = l->sensors.exit_shut;
    l->exit_open = 0;
}

/* L4: as soon as one door is shut the other may open; and while somebody is inside, the other lock has its turn. */
static void keep_released(tb_interlock *l, tb_time now)
{
    l->entry_open = l->entry_open && l->sensors.exit_shut;
    l->exit_open = l->exit_open && l->sensors.entry_shut;
    if (!l->entry_open && !l->exit_open) {
        l->entry_open = l->sensors.exit_shut;
        l->exit_open = !l->entry_open && l->sensors.entry_shut;
        l->deadline = now + TB_INTERLOCK_TURN;
    }
    if (!is_empty(l) && l->deadline == TB_TIME_NEVER)
        l->deadline = now + TB_INTERLOCK_TURN;
}

/* Nobody got out by the lock that is open, and its door is shut: perhaps it cannot be opened. */
static void turn(tb_interlock *l, tb_time now)
{
    if (both_shut(l) && (l->entry_open || l->exit_open)) {
        l->exit_open = l->entry_open;
        l->entry_open = !l->exit_open;
    }
    keep_released(l, now);
    l->deadline = is_empty(l) ? TB_TIME_NEVER : now + TB_INTERLOCK_TURN;
}

/* ---- what each state makes of the sensors ---- */

static void look_inside(tb_interlock *l, tb_time now)
{
    if (!both_shut(l) || is_empty(l))
        release(l, now);
    else if (l->sensors.inside != 1)
        enter(l, TB_INTERLOCK_RETURNING, now + TB_INTERLOCK_TURN);
}

static void look_entering(tb_interlock *l, tb_time now)
{
    if (!l->sensors.exit_shut)
        release(l, now);
    else if (l->sensors.entry_shut && l->sensors.inside == 1)
        enter(l, TB_INTERLOCK_INSIDE, now + TB_INTERLOCK_WAIT);
    else if (l->sensors.entry_shut && !is_empty(l))
        enter(l, TB_INTERLOCK_RETURNING, now + TB_INTERLOCK_TURN);
    else if (l->sensors.entry_shut && (now >= l->deadline || l->attention))
        close_up(l, TB_INTERLOCK_NOBODY_CAME);
}

static void look(tb_interlock *l, tb_time now)
{
    switch (l->state) {
    case TB_INTERLOCK_CLOSED:
        if (!both_shut(l) || !is_empty(l))
            release(l, now);
        break;
    case TB_INTERLOCK_ENTERING:
        look_entering(l, now);
        break;
    case TB_INTERLOCK_INSIDE:
        look_inside(l, now);
        break;
    case TB_INTERLOCK_LEAVING:
        if (!l->sensors.entry_shut)
            release(l, now);
        else if (is_empty(l) && l->sensors.exit_shut)
            close_up(l, TB_INTERLOCK_PASSED);
        break;
    case TB_INTERLOCK_RETURNING:
        if (!l->sensors.exit_shut)
            release(l, now);
        else if (is_empty(l) && l->sensors.entry_shut)
            close_up(l, TB_INTERLOCK_WENT_BACK);
        break;
    default:
        keep_released(l, now);
    }
}

static void tick(tb_interlock *l, tb_time now)
{
    if (now < l->deadline)
        return;
    switch (l->state) {
    case TB_INTERLOCK_ENTERING:
        look_entering(l, now);
        if (l->state == TB_INTERLOCK_ENTERING) { /* the entry stands open: it stays so, nobody is shut in it */
            l->attention = 1;
            l->deadline = TB_TIME_NEVER;
        }
        break;
    case TB_INTERLOCK_INSIDE:
        enter(l, TB_INTERLOCK_RETURNING, now + TB_INTERLOCK_TURN);
        break;
    case TB_INTERLOCK_RELEASED:
        turn(l, now);
        break;
    default: /* leaving, returning: the lock stays open */
        l->attention = 1;
        l->deadline = TB_TIME_NEVER;
    }
}

/* ---- what people and systems ask for ---- */

static tb_status ask(tb_interlock *l, tb_interlock_input_kind kind, tb_time now)
{
    switch (kind) {
    case TB_INTERLOCK_ADMIT:
        if (l->state != TB_INTERLOCK_CLOSED || !both_shut(l) || !is_empty(l))
            return TB_CONFLICT; /* L2 */
        l->admitted = 1;
        enter(l, TB_INTERLOCK_ENTERING, now + TB_INTERLOCK_ENTER);
        return TB_OK;
    case TB_INTERLOCK_ACCEPT:
        if (l->state != TB_INTERLOCK_INSIDE || l->sensors.inside != 1 || !l->sensors.entry_shut)
            return TB_CONFLICT; /* L3 */
        enter(l, TB_INTERLOCK_LEAVING, now + TB_INTERLOCK_TURN);
        return TB_OK;
    case TB_INTERLOCK_REFUSE:
        if (l->state != TB_INTERLOCK_INSIDE)
            return TB_CONFLICT;
        enter(l, TB_INTERLOCK_RETURNING, now + TB_INTERLOCK_TURN);
        return TB_OK;
    case TB_INTERLOCK_RELEASE:
        if (l->state != TB_INTERLOCK_RELEASED)
            release(l, now);
        return TB_OK;
    case TB_INTERLOCK_RESET:
        if (l->state != TB_INTERLOCK_RELEASED || !both_shut(l) || !is_empty(l))
            return TB_CONFLICT;
        close_up(l, TB_INTERLOCK_FAILED);
        return TB_OK;
    default:
        return TB_INVALID_ARGUMENT;
    }
}

static void check(const tb_interlock *before, const tb_interlock *l)
{
    int opens_entry = l->entry_open && !before->entry_open, opens_exit = l->exit_open && !before->exit_open;
    assert(!(l->entry_open && l->exit_open));       /* L1 */
    assert(!l->entry_open || l->sensors.exit_shut); /* L1 */
    assert(!l->exit_open || l->sensors.entry_shut); /* L1 */
    if (opens_entry && l->state == TB_INTERLOCK_ENTERING)
        assert(before->state == TB_INTERLOCK_CLOSED && is_empty(l)); /* L2 */
    if (opens_exit && l->state == TB_INTERLOCK_LEAVING)
        assert(before->state == TB_INTERLOCK_INSIDE && l->sensors.inside == 1); /* L3 */
    if (opens_exit)
        assert(l->state == TB_INTERLOCK_LEAVING || l->state == TB_INTERLOCK_RELEASED); /* L3 */
    if (!is_empty(l))                                                                  /* L4 */
        assert(l->entry_open || l->exit_open || l->deadline != TB_TIME_NEVER ||
               (!l->sensors.entry_shut && !l->sensors.exit_shut));
    (void)opens_entry, (void)opens_exit;
}

tb_status tb_interlock_step(const tb_interlock *before, const tb_interlock_input *input, tb_time now,
                            tb_interlock *after)
{
    tb_status status = TB_OK;
    *after = *before;
    after->outcome = TB_INTERLOCK_UNDECIDED;
    if (input->kind == TB_INTERLOCK_TICK) {
        tick(after, now);
    } else if (input->kind == TB_INTERLOCK_SENSORS) {
        after->sensors = input->sensors;
        look(after, now);
    } else {
        status = ask(after, input->kind, now);
    }
    if (status != TB_OK)
        *after = *before;
    else
        check(before, after);
    return status;
}
