/* machine_view.c: what can be read off the machine's state without stepping it: its event, its names. Pure. */
#include "terminal/machine.h"

#include <stdio.h>

int tb_machine_drops(const tb_machine *machine)
{
    const tb_transaction *t = &machine->now_serving;
    tb_kind kind = machine->options.role.kind;
    if (!machine->options.role.deletes_entry || t->outcome != TB_OUTCOME_ADMITTED || tb_id_is_zero(t->visit))
        return 0;
    if (kind == TB_KIND_PICKUP) /* the last item */
        return t->handing && tb_facts_number(&t->fields, "items", 0) - __builtin_popcount(t->handed) <= 1;
    return kind == TB_KIND_PASSAGE || kind == TB_KIND_COUNTER;
}

static tb_event_kind kind_of(const tb_machine *machine)
{
    const tb_transaction *t = &machine->now_serving;
    if (t->payment == TB_PAYMENT_VOIDING)
        return TB_EVENT_PAYMENT_VOID;
    if (t->handing)
        return TB_EVENT_HANDOVER;
    if (t->outcome != TB_OUTCOME_ADMITTED)
        return TB_EVENT_REFUSAL;
    return machine->options.role.kind == TB_KIND_PASSAGE ? TB_EVENT_PASSAGE : TB_EVENT_SERVED;
}

tb_status tb_machine_event(const tb_machine *machine, tb_event *out)
{
    const tb_transaction *t = &machine->now_serving;
    *out = (tb_event){.kind = kind_of(machine), .visit = t->visit, .duration = t->duration};
    snprintf(out->reason, sizeof out->reason, "%s", t->reason);
    char text[TB_ID_TEXT_SIZE];
    switch (out->kind) {
    case TB_EVENT_PAYMENT_VOID:
        return tb_facts_set_text(&out->facts, "payment", tb_id_text(t->request, text));
    case TB_EVENT_HANDOVER:
        return tb_facts_set_text(&out->facts, "item", tb_facts_text(&t->fields, "item"));
    case TB_EVENT_SERVED:
        return tb_facts_set_int(&out->facts, "bags", 1);
    case TB_EVENT_PASSAGE:
        if (t->member_count > 1 && tb_facts_set_int(&out->facts, "together", t->member_count) != TB_OK)
            return TB_INTERNAL;
        return tb_facts_set_bool(&out->facts, "server", t->from_server);
    case TB_EVENT_REFUSAL:
    case TB_EVENT_PRESENCE:  /* presence.c's */
    case TB_EVENT_ATTENDANT: /* doors.c's */
        return tb_facts_set_bool(&out->facts, "server", t->from_server);
    }
    return TB_INTERNAL;
}

tb_ask tb_machine_ask(const tb_machine *machine)
{
    if (machine->phase != TB_PHASE_IDLE)
        return machine->now_serving.ask;
    tb_kind kind = machine->options.role.kind;
    if (kind == TB_KIND_SIGN || kind == TB_KIND_PRESENCE) /* nobody is asked for anything */
        return TB_ASK_NONE;
    if (kind == TB_KIND_CHECKIN && machine->options.role.by_reference)
        return TB_ASK_REFERENCE;
    return kind == TB_KIND_CHECKIN ? TB_ASK_PASSPORT : kind == TB_KIND_POS ? TB_ASK_AMOUNT : TB_ASK_FACE;
}

const char *tb_phase_name(tb_phase phase)
{
    static const char *const names[TB_PHASE_COUNT] = {"idle",   "present", "capturing", "matching",
                                                      "asking", "decided", "actuating", "reporting"};
    return (unsigned)phase < TB_PHASE_COUNT ? names[phase] : "?";
}

const char *tb_input_name(tb_input_kind kind)
{
    static const char *const names[TB_INPUT_COUNT] = {
        "tick", "zone", "captured", "challenge", "matched",  "answer",   "passport", "boarding_pass", "consent",
        "sale", "pin",  "staff",    "handover",  "recorded", "actuated", "reset",    "reference",     "inside"};
    return (unsigned)kind < TB_INPUT_COUNT ? names[kind] : "?";
}

const char *tb_ask_name(tb_ask ask)
{
    static const char *const names[] = {"",    "passport", "boarding_pass", "consent",   "face",
                                        "pin", "staff",    "amount",        "challenge", "reference"};
    return (unsigned)ask < sizeof names / sizeof *names ? names[ask] : "";
}

const char *tb_outcome_name(tb_outcome outcome)
{
    static const char *const names[] = {"",        "admitted", "refused", "retry", "without_face",
                                        "unknown", "not_sure", "failed"};
    return (unsigned)outcome < sizeof names / sizeof *names ? names[outcome] : "?";
}
