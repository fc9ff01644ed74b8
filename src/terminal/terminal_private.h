/* terminal_private.h: what the files of one terminal share. */
#ifndef TERMINAL_TERMINAL_PRIVATE_H
#define TERMINAL_TERMINAL_PRIVATE_H

#include <pthread.h>

#include <tebura/http.h>

#include "terminal/actuator.h"
#include "terminal/documents.h"
#include "terminal/edge_key.h"
#include "terminal/link.h"
#include "terminal/presence.h"
#include "terminal/screen.h"
#include "terminal/terminal.h"

/* What belongs to one person and must not outlive the transaction (M2, M7). Secret memory; the machine's thread
 * only. */
typedef struct tb_hold {
    tb_template probes[TB_MODELS_MAX]; /* of one capture, one for each model; wiped by WIPE */
    int probe_count, matched_document;
    tb_id certain; /* the visit that they belong to beyond doubt; zero */
    int by_former; /* it was a former model that knew them */
    float document_score;
    tb_documents documents; /* the rest is wiped by FORGET */
    tb_image page;          /* the passport's picture */
    char pin[16], deliver[64], reference[TB_REFERENCE_SIZE];
    char also[128]; /* further consents that were given, as tb_request has them */
} tb_hold;

/* What comes with an input and goes into the hold when the machine has taken the input. */
typedef struct tb_payload {
    char text[512]; /* MRZ, BCBP, PIN or reference; the last as the profile reads it once it is judged */
    tb_image page;  /* owned */
    char deliver[64];
} tb_payload;

typedef struct tb_letter {
    struct tb_letter *next;
    tb_machine_input input;
    tb_payload *payload;  /* secret memory, the sender's; NULL */
    int waited_for, done; /* somebody waits for `status`: the letter is theirs */
    tb_status status;
    tb_error why;
} tb_letter;

typedef struct tb_last { /* what was decided last */
    int is_set;
    tb_id transaction, visit;
    tb_outcome outcome;
    char reason[TB_NAME_SIZE];
    tb_facts fields;
    int64_t duration;
    int from_server;
} tb_last;

typedef struct tb_doors_view { /* of an interlock; a value */
    int is_there;
    tb_interlock_state state;
    int entry_open, exit_open, attention; /* the locks; an attendant is wanted */
    int needs, has;
    tb_interlock_cause cause;
    tb_inside inside;
    tb_interlock_sensors sensors;
} tb_doors_view;

typedef struct tb_view { /* what the local interface shows; a value, made by the machine's thread */
    tb_phase phase;
    int registered, simulation, actuator_open, connected, ended;
    tb_doors_view doors;
    int reference;          /* was shown */
    int candidates, served; /* inside the zone; the only one was served already */
    char camera[256];
    tb_status camera_status;
    uint64_t entries, sequence, outbox, decisions;
    int64_t age;
    tb_time fresh_at;
    int stale;
    uint64_t refused;
    int64_t clock_offset_ms;
    int clock_by_server, clock_jumped;
    tb_screen screen;
    tb_facts fields;
    int64_t amount;
    char currency[4];
    tb_last last;
} tb_view;

typedef struct tb_opened { /* whom the actuator was opened for last */
    uint64_t ticket;
    tb_id visit;
} tb_opened;

#define TB_CALLS_MAX 16
typedef struct tb_call { /* for an attendant, from two doors */
    uint64_t ticket;
    tb_interlock_cause cause;
} tb_call;

struct tb_terminal {
    tb_terminal_options options;
    tb_edge_store *store;
    tb_site_clock *clock;         /* before the link; the machine's own until then */
    tb_key_pair *keys;            /* secret memory */
    tb_registration registration; /* written once, before `registered` */
    tb_role_view role;
    tb_key *feed_key; /* secret memory: of what entries bear instead of references */
    tb_list *list;
    tb_link *link;
    tb_actuator *actuator;
    tb_camera *camera, *camera_inside; /* the second one between two doors; NULL */
    tb_http *http;
    char token_file[TB_EDGE_PATH_SIZE]; /* of http's token */
    char url[64];                       /* of http; the link's last heartbeat names it when http is gone already */
    pthread_t machine_thread, pipeline_thread;
    int machine_runs, pipeline_runs;
    tb_calibration calibration;

    /* the machine's thread */
    tb_machine machine;
    tb_hold *hold;           /* secret memory */
    tb_machine_input *inner; /* a ring of inputs that effects give back at once */
    int inner_first, inner_count;
    tb_opened opened;
    int match_due;                 /* MATCH waits until what came with the input is in the hold */
    tb_status last_write;          /* of the store, in this step */
    int64_t retry_at, retry_pause; /* registration */
    char retry_told[256];
    tb_view *fresh; /* scratch */

    pthread_mutex_t mutex; /* ---- the mailbox ---- */
    pthread_cond_t wake, answered;
    tb_letter *first, **last;
    int stopping, registered, refresh;
    int decoding; /* pictures that pages have sent and that are being read now */
    int ordered;  /* tb_order_kind; 0: none */
    int renewed;  /* the store has another registration: 1 to be started again, 2 asked for */
    int ended;    /* nothing is left of it but the page that says so */
    int looking;  /* the pipeline's thread uses list, link and store: they stay until it has looked */
    tb_zone_view zone;
    int zone_new;
    struct { /* from the pipeline */
        int is_new;
        uint64_t ticket;
        tb_status status;
        tb_template *probe; /* secret memory, owned; one for each model */
        int probe_count;
        float document_score;
        int has_score;
    } captured;
    struct { /* from the pipeline: what the person is asked to do */
        int is_new, yes;
        uint64_t ticket;
        tb_challenge now;
    } challenge;
    struct { /* to the pipeline; polled before each picture */
        int is_new, arm;
        uint64_t ticket;
        int inside;     /* the camera between the doors */
        uint32_t focus; /* the track whose face is wanted; 0: of whoever is there alone */
        tb_image page;  /* owned */
    } order;
    tb_call calls[TB_CALLS_MAX];
    int call_count;
    char camera_text[256]; /* "ok" or what is wrong */
    tb_status camera_status;

    pthread_mutex_t view_mutex; /* ---- the published view ---- */
    pthread_cond_t view_changed;
    uint64_t number;
    tb_view *view;
};

/* post.c: the mailbox. */
tb_status tb_post_init(tb_terminal *terminal) TB_MUST_CHECK;
void tb_post_end(tb_terminal *terminal);
void tb_post_refuse_all(tb_terminal *terminal); /* the machine's thread has ended: whoever waits hears so */
/* Gives an input to the machine and waits for what came of it. Any thread but the machine's. Payload contents are
 * taken over or stay. */
tb_status tb_post_and_wait(tb_terminal *terminal, const tb_machine_input *input, tb_payload *payload,
                           tb_error *why) TB_MUST_CHECK;
/* Gives and forgets. */
void tb_post(tb_terminal *terminal, const tb_machine_input *input);
void tb_post_refresh(tb_terminal *terminal);
/* takes the page */
void tb_post_order(tb_terminal *terminal, int arm, uint64_t ticket, uint32_t focus, tb_image *page);
void *tb_machine_main(void *terminal);
void *tb_pipeline_main(void *terminal);

/* effects.c: one effect, on the machine's thread. What it gives back at once goes into the inner ring. */
void tb_effect_perform(tb_terminal *terminal, tb_effect_kind kind);
void tb_effect_match(tb_terminal *terminal); /* when it is due; answers MATCHED */
void tb_inner_push(tb_terminal *terminal, const tb_machine_input *input);

/* end.c: out of service by order of the server. */
void tb_ordered(void *terminal, tb_order_kind kind);                  /* any thread */
int tb_end_when_ordered(tb_terminal *terminal);                       /* machine's thread. 1: it has ended */
void tb_renewed(void *terminal, const tb_registration *registration); /* the asker's thread */
void tb_restart_when_renewed(tb_terminal *terminal);                  /* machine's thread */
int tb_has_ended(tb_terminal *terminal);

/* activate.c: registration and what can only be made after it. Machine's thread, or before it runs. */
tb_status tb_activate(tb_terminal *terminal, tb_error *why) TB_MUST_CHECK;
tb_status tb_try_registration(tb_terminal *terminal, tb_error *why) TB_MUST_CHECK;

/* view.c */
tb_status tb_view_init(tb_terminal *terminal) TB_MUST_CHECK;
void tb_view_end(tb_terminal *terminal);
void tb_view_publish(tb_terminal *terminal);
/* Waits until the number is above `after`, `wait_ms` at most (or until the terminal stops); copies number and view. */
uint64_t tb_view_wait(tb_terminal *terminal, uint64_t after, int wait_ms, tb_view *out);
struct json_t *tb_view_json(tb_terminal *terminal, const tb_view *view, uint64_t number); /* NULL: no memory */

/* local_api.c */
tb_status tb_local_api_open(tb_terminal *terminal, tb_error *why) TB_MUST_CHECK;

/* Minutes by which people here are ahead of UTC, now: it may change in the night. */
int tb_terminal_offset(const tb_terminal *terminal);

struct timespec tb_monotonic_after(int64_t microseconds);

#endif
