/* demo.h: an airport on one machine: real programs, simulated cameras, about twenty travellers and everything that can
 * go wrong.
 *
 *   demo.c          command line, the order of things, the end
 *   demo_faces.c    who there is in the pictures: faces, the same person in two pictures
 *   demo_cast.c     who travels, with which documents, and what is expected at every step
 *   demo_site.c     starts and ends teburad and the terminals, announces flights
 *   demo_journey.c  one traveller's way, step by step, through the terminals' own local interfaces
 *   demo_table.c    what is shown while it runs
 *   demo_verdict.c  expected and seen, times, what is left afterwards
 */
#ifndef TEBURA_APP_DEMO_H
#define TEBURA_APP_DEMO_H

#include <pthread.h>
#include <stdio.h>

#include <tebura/clock.h>
#include <tebura/document.h>
#include <tebura/face.h>
#include <tebura/profile.h>
#include <tebura/secret.h>

#include "http_client.h"
#include "process.h"

enum {
    DEMO_FLIGHTS = 3,
    DEMO_TRAVELLERS_MAX = 24,
    DEMO_VIEWS_MAX = 8,
    DEMO_STEPS_MAX = 10,
    DEMO_POINTS_MAX = 16,
    DEMO_FINDINGS_MAX = 24
};

/* ---- faces ---- */
typedef struct demo_view { /* a person in a photograph, and how to stand so that the camera sees them best */
    char picture[512];
    tb_box region;
    float distance, angle;
    int portrait; /* the camera stands upright: 480 x 640 */
    float live;   /* least liveness of the rehearsal; 0: no terminal would take this one */
} demo_view;
typedef struct demo_face {
    /* genuinely different photographs: the first is the passport's, the others are live (the only one is both) */
    int views;
    demo_view view[DEMO_VIEWS_MAX];
} demo_face;
int demo_face_is_usable(const demo_face *face); /* before a camera; in a passport every face is */
/* Faces of sample1.jpg ... sample6.jpg in `pictures`, by picture and from left to right; a person found again is one
 * face with two views. `most` is the size of `out`; `cuts` a directory for the people cut out of the pictures. */
tb_status demo_faces_in_pictures(const char *pictures, const char *cuts, demo_face *out, int most, int *count,
                                 tb_error *why) TB_MUST_CHECK;
/* The people of DIR/photos and DIR/portraits: a folder each, several photographs each. Who has fewer than two usable
 * ones is left out. */
tb_status demo_faces_in_folders(const char *directory, const char *cuts, demo_face *out, int most, int *count,
                                tb_error *why) TB_MUST_CHECK;

/* ---- places ---- */
typedef enum demo_place { /* columns of the table */
                          DEMO_CHECKIN,
                          DEMO_BAGS,
                          DEMO_SECURITY,
                          DEMO_EMIGRATION,
                          DEMO_SHOP,
                          DEMO_PICKUP,
                          DEMO_GATE_12,
                          DEMO_GATE_15,
                          DEMO_PLACES
} demo_place;
extern const char *const demo_place_names[DEMO_PLACES];

typedef struct demo_point { /* one terminal */
    char id[33];
    demo_place place;
    process program;
    char code[128], screen[96], token[160]; /* of its own local interface */
    pthread_mutex_t free;                   /* one person at a time */
} demo_point;

typedef struct demo_flight {
    char number[8], from[4], to[4], gate[8];
    tb_time boarding, departure;
    int day_of_year;
    tb_date date;
} demo_flight;

/* ---- the cast ---- */
typedef enum demo_act { /* what is unusual about a step */
                        DEMO_AS_USUAL,
                        DEMO_NO_CONSENT,
                        DEMO_OTHERS_PASS,     /* own passport, another traveller's boarding pass */
                        DEMO_OTHERS_PASSPORT, /* another person's face in the passport */
                        DEMO_EXPIRED,
                        DEMO_YESTERDAY,
                        DEMO_CHECK_DIGIT,
                        DEMO_TWO_AT_ONCE, /* somebody else stands beside; leaves after a while */
                        DEMO_TO_PICKUP,   /* buys something to be delivered */
                        DEMO_SERVER_HANGS /* the server stands still while the terminal pays: it repeats itself */
} demo_act;

typedef struct demo_step {
    demo_place place;
    const char *outcome, *reason; /* expected; reason NULL: not looked at */
    demo_act act;
} demo_step;

typedef struct demo_role { /* a row of the cast */
    const char *surname, *given, *nationality, *number;
    int flight; /* -1: none */
    const char *seat, *token,
        *item; /* token: means of payment; item: waits at the pick-up desk from the start; NULL: none */
    const char *story;
    demo_step steps[DEMO_STEPS_MAX];
    int step_count;
} demo_role;
extern const demo_role demo_cast[];
extern const int demo_cast_size;
int demo_role_needs_camera(const demo_role *role); /* 0: turned away for the documents, before the camera looks */

typedef struct demo_seen {
    char outcome[16], reason[TB_NAME_SIZE], source[8], gate[8];
    int64_t duration; /* microseconds, face to decision */
    int attempts;
    int done, good;
    char remark[96];
} demo_seen;

typedef struct demo_traveller {
    const demo_role *role;
    const demo_face *face;
    struct demo *demo;
    int index;
    char passport_number[16];
    demo_seen seen[DEMO_STEPS_MAX];
    int at;      /* step now, -1 before, step_count after */
    int waiting; /* in the queue before it */
    int online;  /* the server knew what it had to know */
    pthread_t thread;
    int has_thread;
} demo_traveller;

typedef struct demo_finding { /* something looked at besides the steps */
    char what[160], seen[96];
    int good;
} demo_finding;

typedef struct demo_options {
    int once, json, colours;
    const char *faces, *pictures, *profile, *web;
} demo_options;

typedef struct demo {
    demo_options options;
    char directory[64];
    process server;
    char url[96], https[96], token[160], nats[192];
    http_client *client; /* of the main thread */
    demo_point points[DEMO_POINTS_MAX];
    int point_count;
    demo_flight flights[DEMO_FLIGHTS];
    tb_date today;
    demo_face faces[DEMO_TRAVELLERS_MAX];
    int face_count;
    demo_traveller travellers[DEMO_TRAVELLERS_MAX];
    int traveller_count;
    demo_finding findings[DEMO_FINDINGS_MAX];
    int finding_count;
    int64_t began, started, journey_ended; /* monotonic */
    int travelling;  /* threads that are still on their way, without the one that waits for the others */
    FILE *screen;    /* stdout, or stderr when the summary takes that */
    int table_lines; /* on the terminal now; 0: plain lines */
    char note[160];
    int64_t visitors_before, entries_before; /* as the flights left */
    int64_t payments;                        /* that succeeded, as the travellers saw it */
    int ended_badly;                         /* programs that did not end by themselves with 0 */
    pthread_mutex_t lock;                    /* of seen, findings and the screen */
} demo;

/* 1 after Ctrl-C or SIGTERM. */
int demo_is_interrupted(void);
void demo_find(demo *d, int good, const char *seen, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- documents ---- */
tb_status demo_documents(const demo_traveller *t, demo_act act, char mrz[100], char pass[512],
                         tb_error *why) TB_MUST_CHECK;
/* A page with the picture in it, re-photographed (SIMULATION); base64, to be freed. */
tb_status demo_passport_picture(const demo_traveller *t, demo_act act, char **base64, tb_error *why) TB_MUST_CHECK;

/* ---- site ---- */
tb_status demo_site_start(demo *d, tb_error *why) TB_MUST_CHECK;
/* Terminals for whoever sits before the browser; demo_site_end ends them too. */
tb_status demo_webcams_start(demo *d, tb_error *why) TB_MUST_CHECK;
void demo_site_end(demo *d);
tb_status demo_flights_announce(demo *d, tb_error *why) TB_MUST_CHECK;
tb_status demo_flight_departs(demo *d, int flight, tb_error *why) TB_MUST_CHECK;

/* ---- journey ---- */
void *demo_travel(void *traveller); /* a thread */
/* GET of the person with this traveller's passport: NULL when there is none. To be json_decref'ed. */
json_t *demo_person(http_client *server, const demo_traveller *t);

/* ---- showing ---- */
void demo_table_begin(demo *d);
void demo_table_end(demo *d);
void demo_table_step(demo *d, const demo_traveller *t, int step); /* something changed; with the lock held */
void demo_say(demo *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- judging ---- */
void demo_check_payments(demo *d);
/* Before the flights leave, and after. */
void demo_count_before(demo *d);
void demo_check_what_is_left(demo *d);
int demo_verdict(demo *d); /* prints it; 1 when everything was as expected */
json_t *demo_summary(const demo *d, int passed);

#endif
