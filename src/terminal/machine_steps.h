/* machine_steps.h: the insides of machine.c, shared by its files only. Each file's head says which inputs it
 * handles. */
#ifndef TERMINAL_MACHINE_STEPS_H
#define TERMINAL_MACHINE_STEPS_H

#include "terminal/machine.h"

/* One cell of the table in machine.c: changes `m`, appends effects. TB_CONFLICT: not now; then nothing has changed. */
typedef tb_status tb_machine_handler(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx);

#define TB_CHALLENGE_TRIES 2 /* failed by one person before a human has a look */

/* machine_enter.c */
void tb_m_emit(tb_effects *fx, tb_effect_kind kind);
tb_time tb_m_after(tb_time now, tb_time duration);
int tb_m_is_by_documents(const tb_machine *m);
int tb_m_begins_by_face(const tb_machine *m);
int tb_m_ends_when_empty(const tb_machine *m);
void tb_m_set_reason(tb_transaction *t, const char *reason);
void tb_m_enter(tb_machine *m, tb_phase phase, tb_time deadline, tb_effects *fx);
void tb_m_note_served(tb_machine *m, uint32_t otherwise);
void tb_m_to_idle(tb_machine *m, tb_effects *fx);
void tb_m_to_present(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_give_up_face(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_to_capturing(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_to_decided(tb_machine *m, tb_outcome outcome, const char *reason, tb_time now, tb_effects *fx);
void tb_m_to_failed(tb_machine *m, tb_status failure, tb_time now, tb_effects *fx);
void tb_m_to_asking_person(tb_machine *m, tb_ask ask, tb_time now, tb_effects *fx);
void tb_m_to_asking_server(tb_machine *m, tb_question question, tb_id request, tb_time now, tb_effects *fx);
void tb_m_to_reporting(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_void_payment(tb_machine *m, tb_time now, tb_effects *fx);

/* machine_face.c */
int tb_m_has_left(const tb_machine *m, tb_time now);
void tb_m_begin(tb_machine *m, const tb_machine_input *in);
void tb_m_to_identifying(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx);
void tb_m_settle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx);
tb_machine_handler tb_m_zone_in_idle, tb_m_zone_in_present, tb_m_zone_in_capturing;
tb_machine_handler tb_m_zone_in_matching, tb_m_zone_in_asking, tb_m_zone_noted;
tb_machine_handler tb_m_zone_in_reporting, tb_m_captured_in_capturing, tb_m_matched_in_matching;
tb_machine_handler tb_m_challenge_in_capturing;

/* machine_group.c */
typedef enum tb_group_find { TB_FOUND_MEMBER, TB_FOUND_NOBODY, TB_FOUND_TWO, TB_FOUND_REFUSED } tb_group_find;
int tb_m_is_group(const tb_machine *m);
uint32_t tb_m_group_next(const tb_machine *m); /* the track to be looked at next; 0 none */
int tb_m_group_is_complete(const tb_machine *m);
int tb_m_group_note(tb_machine *m); /* 1: the face that is looked at has gone */
int tb_m_group_is_new(const tb_machine *m);
void tb_m_group_serve(tb_machine *m); /* nobody who is there is looked at again before all of them have left */
tb_status tb_m_group_zone_in_present(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_group_finish(tb_machine *m, tb_time now, tb_effects *fx);
void tb_m_group_found(tb_machine *m, const tb_machine_input *in, tb_group_find find, tb_time now, tb_effects *fx);
int tb_m_group_told(tb_machine *m);  /* 1: one more has to be */
void tb_m_group_turn(tb_machine *m); /* whose passage is recorded now */

/* machine_sign.c */
int tb_m_is_sign(const tb_machine *m);
int tb_m_sign_is_over(const tb_machine *m, tb_time now); /* the person has gone, or is not alone any more */
void tb_m_sign_clear(tb_machine *m, tb_effects *fx);

/* machine_answer.c */
tb_machine_handler tb_m_answer_in_asking, tb_m_recorded_in_asking;

/* machine_person.c */
tb_machine_handler tb_m_document_in_idle, tb_m_document_in_asking, tb_m_document_in_reporting;
tb_machine_handler tb_m_consent_in_asking, tb_m_sale_in_idle, tb_m_sale_in_reporting;
tb_machine_handler tb_m_pin_in_asking, tb_m_staff_in_asking, tb_m_handover_in_actuating;

/* machine_reference.c */
int tb_m_lacks_reference(const tb_machine *m); /* this role may ask for one, and none was shown */
tb_machine_handler tb_m_reference_in_idle, tb_m_reference_in_present, tb_m_reference_in_asking;
tb_machine_handler tb_m_reference_in_reporting;

/* machine_inside.c */
void tb_m_inside_end(tb_machine *m, tb_effects *fx); /* nobody is between the doors any more */
tb_machine_handler tb_m_inside_in_actuating, tb_m_zone_in_actuating, tb_m_captured_in_actuating;
tb_machine_handler tb_m_matched_in_actuating, tb_m_answer_in_actuating;

/* machine_act.c */
tb_machine_handler tb_m_recorded_in_actuating, tb_m_actuated_in_actuating, tb_m_recorded_in_reporting;

/* machine_clock.c */
tb_machine_handler tb_m_tick_in_idle, tb_m_tick_in_present, tb_m_tick_in_capturing;
tb_machine_handler tb_m_tick_in_asking, tb_m_tick_in_decided, tb_m_tick_in_actuating;
tb_machine_handler tb_m_tick_in_reporting, tb_m_reset_to_idle, tb_m_reset_in_idle;
tb_machine_handler tb_m_reset_in_asking, tb_m_reset_in_actuating, tb_m_reset_in_reporting;

#endif
