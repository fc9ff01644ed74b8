/* terminal.h: one terminal as a whole: store, link, camera, machine, local interface. The app is a thin main over this.
 *
 * Threads and what each owns
 *  machine    the state machine, the hold (documents, PIN, probe), the actuator; performs every effect
 *  pipeline   the engine and the camera's reading side
 *  courier, asker (link.h), bus threads, HTTP threads
 * They meet in one mailbox (post.c) and in the published view (view.c), each under its own lock; no lock is held while
 * another is taken, but for the store's and the list's own inside calls. */
#ifndef TERMINAL_TERMINAL_H
#define TERMINAL_TERMINAL_H

#include <tebura/camera.h>
#include <tebura/profile.h>

#include "terminal/capture.h"

typedef struct tb_terminal tb_terminal;

typedef struct tb_terminal_options { /* everything outlives the terminal */
    const char *directory;           /* --data */
    const char *key_file;            /* --key; NULL: edge.key in the directory */
    const char *server;              /* http://..., for registration and as the allowed origin */
    const char *origin;              /* of the pages that may call the local interface; NULL: the server's */
    const char *code;                /* one-time code; NULL when registered before */
    const char *camera;              /* address */
    const char *camera_inside;       /* of the second one, between two doors; NULL */
    const char *listen;              /* local interface, "127.0.0.1:0" */
    const tb_profile *profile;
    tb_engine *engine; /* used by the pipeline's thread only, from now on */
    int utc_offset_minutes;
    int follow_local_time; /* the offset is the machine's, asked anew each time: summer time may begin while it runs */
    tb_capture_options capture;
    /* What it signs in to the broker with has become another, and is in the store: it wants to be started again, and
     * serves nobody now. From its own thread, once; NULL: it goes on without the broker. */
    void (*restart)(void);
} tb_terminal_options;

/* What can be said of the options without opening anything: server, listen, code. TB_INVALID_ARGUMENT */
tb_status tb_terminal_check(const tb_terminal_options *options, tb_error *why) TB_MUST_CHECK;
/* TB_UNAUTHORISED: the code is wrong or used. TB_NOT_FOUND: not registered and no code given, or the profile lacks the
 * role. A server that is away is no failure: the terminal starts with what it has, registers as soon as it can, and
 * its screen says so. */
tb_status tb_terminal_open(const tb_terminal_options *options, tb_terminal **out, tb_error *why) TB_MUST_CHECK;
/* Ends every thread, voids nothing: a payment under way is voided by the next start. */
void tb_terminal_free(tb_terminal **terminal);

const char *tb_terminal_url(const tb_terminal *terminal);
/* The file that holds the token without which the local interface answers nothing. */
const char *tb_terminal_token_file(const tb_terminal *terminal);
int tb_terminal_is_registered(tb_terminal *terminal);
/* The touchpoint's id, "" before registration. `out` holds TB_TOUCHPOINT_SIZE. */
const char *tb_terminal_touchpoint(tb_terminal *terminal, char *out);

#endif
