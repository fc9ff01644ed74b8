/* screen.h: what the person before the terminal sees and hears, in English and Japanese, made from the machine's
 * state. Pure. */
#ifndef TERMINAL_SCREEN_H
#define TERMINAL_SCREEN_H

#include "terminal/machine.h"

typedef enum tb_tone { TB_TONE_NEUTRAL, TB_TONE_OK, TB_TONE_RETRY, TB_TONE_REFUSE, TB_TONE_ASK } tb_tone;

#define TB_SCREEN_TEXT 1024
typedef struct tb_screen {
    tb_tone tone;
    char sound[8]; /* "", "ok", "refuse" */
    tb_ask ask;
    char language[3]; /* of whom a sign addresses, when it is known: "ja" or "en"; else "" */
    char en[TB_SCREEN_TEXT], ja[TB_SCREEN_TEXT];
} tb_screen;

/* `profile` gives the sentences of reasons and the consent text. */
void tb_screen_of(const tb_machine *machine, const tb_profile *profile, int utc_offset_minutes, tb_screen *out);
/* The sentence of a reason that needs no facts, in place of what `out` says; as it was when the profile has none. */
void tb_screen_reason(const tb_profile *profile, const char *reason, tb_screen *out);
/* What a status says to the person. */
void tb_screen_status(tb_status status, tb_screen *out);
const char *tb_tone_name(tb_tone tone);

#endif
