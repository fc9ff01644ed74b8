/* interlock.c: the two doors. The table is in interlock.h. */
#include "terminal/interlock.h"

#include <assert.h>

const char *tb_interlock_state_name(tb_interlock_state state)
{
    static const char *const names[TB_INTERLOCK_STATES] = {"closed",  "entering",  "inside",
                                                           "leaving", "returning", "released"};
    return (unsigned)state < TB_INTERLOCK_STATES ? names[state] : "";
}

const char *tb_interlock_cause_name(tb_interlock_cause cause)
{
    static const char *const names[TB_INTERLOCK_CAUSES] = {"",
                                                           "interlock_released",
                                                           "interlock_several",
                                                           "interlock_other_face",
                                                           "interlock_declined",
                                                           "interlock_no_answer",
                                                           "interlock_held",
                                                           "interlock_forced",
                                                           "interlock_vanished",
                                                           "interlock_unannounced",
                                                           "interlock_no_sensors",
                                                           "interlock_seen_to"};
    return (unsigned)cause < TB_INTERLOCK_CAUSES ? names[cause] : "";
}

void tb_interlock_init(int needs, tb_time now, tb_interlock *out)
{
    *out = (tb_interlock){.needs = needs, .sensors = {1, 1, -1}, .deadline = now + TB_INTERLOCK_TURN};
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

static void call(tb_interlock *l, tb_interlock_cause cause)
{
    l->call = 1;
    l->cause = cause;
}

static void enter(tb_interlock *l, tb_interlock_state state, tb_time deadline)
{
    l->state = state;
    l->has = state == TB_INTERLOCK_LEAVING ? l->has : 0; /* L5 */
    l->deadline = deadline;
    l->attention = state == TB_INTERLOCK_RELEASED;
    l->entry_open = (state == TB_INTERLOCK_ENTERING || state == TB_INTERLOCK_RETURNING) && l->sensors.exit_shut;
    l->exit_open = state == TB_INTERLOCK_LEAVING && l->sensors.entry_shut;
}

static void send_back(tb_interlock *l, tb_interlock_cause cause, tb_time now)
{
    call(l, cause);
    enter(l, TB_INTERLOCK_RETURNING, now + TB_INTERLOCK_TURN);
}

/* L3 */
static void go_on_when_complete(tb_interlock *l, tb_time now)
{
    if (!(l->needs & ~l->has) && l->sensors.inside == 1 && both_shut(l))
        enter(l, TB_INTERLOCK_LEAVING, now + TB_INTERLOCK_TURN);
}

static void close_up(tb_interlock *l, tb_interlock_outcome outcome)
{
    tell(l, outcome);
    enter(l, TB_INTERLOCK_CLOSED, TB_TIME_NEVER);
}

/* Back where they came from, first: that is the side where they may be. By the exit only when the entry cannot. */
static void release(tb_interlock *l, tb_interlock_cause cause, tb_time now)
{
    call(l, cause);
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
    if (!is_empty(l) && both_shut(l) && (l->entry_open || l->exit_open)) {
        l->exit_open = l->entry_open;
        l->entry_open = !l->exit_open;
    }
    keep_released(l, now);
    l->deadline = is_empty(l) ? TB_TIME_NEVER : now + TB_INTERLOCK_TURN;
}

/* ---- what each state makes of the sensors ---- */

static void look_inside(tb_interlock *l, tb_time now)
{
    if (!both_shut(l))
        release(l, TB_INTERLOCK_FORCED, now);
    else if (is_empty(l))
        release(l, TB_INTERLOCK_VANISHED, now);
    else if (l->sensors.inside != 1)
        send_back(l, l->sensors.inside > 1 ? TB_INTERLOCK_SEVERAL : TB_INTERLOCK_NO_SENSORS, now);
}

static void look_entering(tb_interlock *l, tb_time now)
{
    if (!l->sensors.exit_shut) {
        release(l, TB_INTERLOCK_FORCED, now);
    } else if (l->sensors.entry_shut && l->sensors.inside == 1) {
        enter(l, TB_INTERLOCK_INSIDE, now + TB_INTERLOCK_WAIT);
        go_on_when_complete(l, now); /* where nothing is needed */
    } else if (l->sensors.entry_shut && !is_empty(l))
        send_back(l, l->sensors.inside > 1 ? TB_INTERLOCK_SEVERAL : TB_INTERLOCK_NO_SENSORS, now);
    else if (l->sensors.entry_shut && (now >= l->deadline || l->attention))
        close_up(l, TB_INTERLOCK_NOBODY_CAME);
}

static void look(tb_interlock *l, tb_time now)
{
    switch (l->state) {
    case TB_INTERLOCK_CLOSED:
        if (!both_shut(l))
            release(l, TB_INTERLOCK_FORCED, now);
        else if (!is_empty(l))
            release(l, l->sensors.inside > 0 ? TB_INTERLOCK_UNANNOUNCED : TB_INTERLOCK_NO_SENSORS, now);
        else
            l->deadline = TB_TIME_NEVER; /* the first word after a start */
        break;
    case TB_INTERLOCK_ENTERING:
        look_entering(l, now);
        break;
    case TB_INTERLOCK_INSIDE:
        look_inside(l, now);
        break;
    case TB_INTERLOCK_LEAVING:
        if (!l->sensors.entry_shut)
            release(l, TB_INTERLOCK_FORCED, now);
        else if (is_empty(l) && l->sensors.exit_shut)
            close_up(l, TB_INTERLOCK_PASSED);
        break;
    case TB_INTERLOCK_RETURNING:
        if (!l->sensors.exit_shut)
            release(l, TB_INTERLOCK_FORCED, now);
        else if (is_empty(l) && l->sensors.entry_shut)
            close_up(l, TB_INTERLOCK_WENT_BACK);
        break;
    default:
        keep_released(l, now);
    }
}

static void hold_open(tb_interlock *l)
{
    call(l, TB_INTERLOCK_HELD);
    l->attention = 1;
    l->deadline = TB_TIME_NEVER;
}

static void tick(tb_interlock *l, tb_time now)
{
    if (now < l->deadline)
        return;
    switch (l->state) {
    case TB_INTERLOCK_CLOSED:
        release(l, TB_INTERLOCK_NO_SENSORS, now);
        break;
    case TB_INTERLOCK_ENTERING:
        look_entering(l, now);
        if (l->state == TB_INTERLOCK_ENTERING) /* the entry stands open: it stays so, nobody is shut in it */
            hold_open(l);
        break;
    case TB_INTERLOCK_INSIDE:
        send_back(l, TB_INTERLOCK_NO_ANSWER, now);
        break;
    case TB_INTERLOCK_RELEASED:
        turn(l, now);
        break;
    default: /* leaving, returning: the lock stays open */
        hold_open(l);
    }
}

/* ---- what people and systems ask for ---- */

static tb_status admit(tb_interlock *l, tb_time now)
{
    if (l->state != TB_INTERLOCK_CLOSED || !both_shut(l) || !is_empty(l))
        return TB_CONFLICT; /* L2 */
    l->admitted = 1;
    enter(l, TB_INTERLOCK_ENTERING, now + TB_INTERLOCK_ENTER);
    return TB_OK;
}

/* What is said of whoever is inside. */
static tb_status say(tb_interlock *l, tb_interlock_input_kind kind, tb_time now)
{
    if (l->state != TB_INTERLOCK_INSIDE)
        return TB_CONFLICT;
    switch (kind) {
    case TB_INTERLOCK_ACCEPT:
        l->has |= TB_INTERLOCK_APPROVAL;
        break;
    case TB_INTERLOCK_SAME:
        l->has |= TB_INTERLOCK_FACE;
        break;
    case TB_INTERLOCK_DOUBT:
        l->has &= ~TB_INTERLOCK_FACE;
        return TB_OK;
    default:
        send_back(l, kind == TB_INTERLOCK_REFUSE ? TB_INTERLOCK_DECLINED : TB_INTERLOCK_OTHER_FACE, now);
        return TB_OK;
    }
    go_on_when_complete(l, now);
    return TB_OK;
}

static tb_status ask(tb_interlock *l, tb_interlock_input_kind kind, tb_time now)
{
    switch (kind) {
    case TB_INTERLOCK_ADMIT:
        return admit(l, now);
    case TB_INTERLOCK_ACCEPT:
    case TB_INTERLOCK_REFUSE:
    case TB_INTERLOCK_SAME:
    case TB_INTERLOCK_DOUBT:
    case TB_INTERLOCK_STRANGER:
        return say(l, kind, now);
    case TB_INTERLOCK_RELEASE:
        if (l->state != TB_INTERLOCK_RELEASED)
            release(l, TB_INTERLOCK_BY_HAND, now);
        return TB_OK;
    case TB_INTERLOCK_RESET:
        if (l->state != TB_INTERLOCK_RELEASED || !both_shut(l) || !is_empty(l))
            return TB_CONFLICT;
        close_up(l, TB_INTERLOCK_FAILED);
        call(l, TB_INTERLOCK_SEEN_TO);
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
        assert((before->state == TB_INTERLOCK_INSIDE || before->state == TB_INTERLOCK_ENTERING) &&
               l->sensors.inside == 1 && !(l->needs & ~l->has)); /* L3 */
    if (opens_exit)
        assert(l->state == TB_INTERLOCK_LEAVING || l->state == TB_INTERLOCK_RELEASED); /* L3 */
    if (!is_empty(l))                                                                  /* L4 */
        assert(l->entry_open || l->exit_open || l->deadline != TB_TIME_NEVER ||
               (!l->sensors.entry_shut && !l->sensors.exit_shut));
    if (l->state != TB_INTERLOCK_INSIDE && l->state != TB_INTERLOCK_LEAVING)
        assert(!l->has); /* L5 */
    if (l->state != before->state && (l->state == TB_INTERLOCK_RETURNING || l->state == TB_INTERLOCK_RELEASED))
        assert(l->call && l->cause != TB_INTERLOCK_NO_CAUSE); /* L6 */
    (void)opens_entry, (void)opens_exit;
}

tb_status tb_interlock_step(const tb_interlock *before, const tb_interlock_input *input, tb_time now,
                            tb_interlock *after)
{
    tb_status status = TB_OK;
    *after = *before;
    after->outcome = TB_INTERLOCK_UNDECIDED;
    after->call = 0;
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
