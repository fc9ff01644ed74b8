/* doors.h: the two doors of an interlock as this terminal shows them and lets them be asked: screen, state, local
 * API. */
#ifndef TERMINAL_DOORS_H
#define TERMINAL_DOORS_H

#include "terminal/terminal_private.h"

/* From the actuator into the view. */
void tb_doors_look(const tb_actuator *actuator, tb_doors_view *out);
/* What the person is told, over what the machine alone would say. */
void tb_doors_screen(const tb_terminal *terminal, const tb_doors_view *doors, tb_phase phase, tb_screen *out);
/* The machine's thread: somebody is alone between the doors and the role asks for their face once more. */
int tb_doors_want_face(tb_terminal *terminal);
/* Any thread: an attendant is called; machine's thread: into the outbox with it, one event each. */
void tb_doors_called(void *terminal, uint64_t ticket, tb_interlock_cause cause);
void tb_doors_tell_calls(tb_terminal *terminal);
struct json_t *tb_doors_json(const tb_doors_view *doors); /* NULL: no memory */

/* POST /v1/interlock, PUT /v1/doors */
tb_status tb_doors_post(void *terminal, const tb_http_request *request, tb_http_reply *reply, tb_error *why);
tb_status tb_doors_put(void *terminal, const tb_http_request *request, tb_http_reply *reply, tb_error *why);

#endif
