/* flight_information.h: what a flight information source says of flights, in the words of IATA (SSIM, AIDX): carrier,
 * flight number, operational suffix, scheduled, estimated and actual times, gate, status. Reading is pure; what comes
 * of it is tb_management_flight_changes.
 *
 * Fields, as columns of CSV or fields of JSON (doc/flight-information.md):
 *   carrier        two characters (NH) or three (ANA)                     needed
 *   flight_number  one to four digits; leading zeros do not count         needed
 *   suffix         operational suffix, one letter
 *   date           scheduled day of departure at the origin, 2026-11-21   needed; it names the flight and never changes
 *   from, to       airports, three letters
 *   gate           letters and digits, up to seven
 *   std etd atd    scheduled, estimated, actual departure
 *   sta eta ata    scheduled, estimated, actual arrival
 *   boarding       when boarding begins
 *   status         scheduled, delayed, boarding, departed, landed, arrived, cancelled, diverted
 *   source, message, at   who says it, its message number, and when it was said
 * Times are RFC 3339 with their zone (2026-11-21T18:30+09:00; seconds may be left out); one without zone is refused, as
 * nobody can tell which of two hours it means. */
#ifndef TEBURA_FLIGHT_INFORMATION_H
#define TEBURA_FLIGHT_INFORMATION_H

#include <tebura/bytes.h>
#include <tebura/clock.h>

typedef enum tb_flight_field {
    TB_FLIGHT_FROM,
    TB_FLIGHT_TO,
    TB_FLIGHT_GATE,
    TB_FLIGHT_STD,
    TB_FLIGHT_ETD,
    TB_FLIGHT_ATD,
    TB_FLIGHT_STA,
    TB_FLIGHT_ETA,
    TB_FLIGHT_ATA,
    TB_FLIGHT_BOARDING,
    TB_FLIGHT_STATUS,
    TB_FLIGHT_FIELDS
} tb_flight_field;
const char *tb_flight_field_name(tb_flight_field field); /* "from" ... */

typedef enum tb_flight_status {
    TB_FLIGHT_SCHEDULED,
    TB_FLIGHT_DELAYED,
    TB_FLIGHT_BOARDS,
    TB_FLIGHT_DEPARTED,
    TB_FLIGHT_LANDED,
    TB_FLIGHT_ARRIVED, /* on blocks */
    TB_FLIGHT_CANCELLED,
    TB_FLIGHT_DIVERTED,
    TB_FLIGHT_STATUSES
} tb_flight_status;
const char *tb_flight_status_name(tb_flight_status status);

#define TB_SOURCE_SIZE 32
#define TB_MESSAGE_NUMBER_SIZE 64

typedef struct tb_flight_change {
    char source[TB_SOURCE_SIZE];          /* "" when it was not said */
    char message[TB_MESSAGE_NUMBER_SIZE]; /* "": no number, every time anew */
    tb_time at;                           /* 0: not said */
    char flight[32];                      /* "NH105A/2026-11-21" */
    unsigned says;                        /* bit 1 << field: it says something about it */
    char from[4], to[4], gate[8];         /* gate "": there is none any more */
    tb_time times[TB_FLIGHT_FIELDS];      /* by field; 0: there is none any more (etd, eta, boarding only) */
    tb_flight_status status;
} tb_flight_change;

/* One record's place ("line" 7, "item" 3) and either the change or, with NULL, what is wrong with it; `mark` is the
 * same for the same words. Another answer than TB_OK ends the reading. */
typedef tb_status (*tb_flight_change_fn)(void *context, const char *place, size_t number, uint64_t mark,
                                         const tb_flight_change *change, const tb_error *why);
/* CSV with a header, lines of JSON or a JSON array, recognised by their first character. `ended` 0: somebody may still
 * be writing, a last line without its end is left out. TB_MALFORMED: none of these, or the array is cut short: nothing
 * was given. */
tb_status tb_flight_changes_read(tb_span bytes, int ended, tb_flight_change_fn each, void *context,
                                 tb_error *why) TB_MUST_CHECK;

#endif
