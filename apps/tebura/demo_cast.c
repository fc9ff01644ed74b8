/* demo_cast.c: who travels and what is expected of the airport. The people and their documents are made up.
 *
 * The first twelve rows hold the essentials, so that the journey with other photographs (--faces) of fewer people
 * still shows them. */
#include "demo.h"

const char *const demo_place_names[DEMO_PLACES] = {"check-in", "bags", "security", "emigration", "shop", "pick-up", "gate 12", "gate 15"};

#define ADMITTED(place) {DEMO_##place, "admitted", "", DEMO_AS_USUAL}
#define REFUSED(place, reason) {DEMO_##place, "refused", reason, DEMO_AS_USUAL}
#define UNKNOWN(place) {DEMO_##place, "unknown", "not_checked_in", DEMO_AS_USUAL}
#define TO_AIRSIDE ADMITTED(CHECKIN), ADMITTED(SECURITY), ADMITTED(EMIGRATION)
#define WITH_BAGS ADMITTED(CHECKIN), ADMITTED(BAGS), ADMITTED(SECURITY), ADMITTED(EMIGRATION)

enum { LOS_ANGELES, LONDON, SINGAPORE }; /* flights: gates 12, 15, and in ten hours */

const demo_role demo_cast[] = {
    {"SATO", "HARUKA", "JPN", "TZ1000001", LOS_ANGELES, "12A", "card-haruka", NULL, "the whole way, buys something to collect",
     {WITH_BAGS, {DEMO_SHOP, "admitted", "", DEMO_TO_PICKUP}, ADMITTED(PICKUP), ADMITTED(GATE_12)}, 7},
    {"WEBER", "ROBIN", "D<<", "C01X00T47", LONDON, "21C", "card-robin", NULL, "walks to the wrong gate first",
     {TO_AIRSIDE, REFUSED(GATE_12, "other_gate"), ADMITTED(GATE_15)}, 5},
    {"MARTIN", "CAMILLE", "FRA", "14AA00003", LOS_ANGELES, "14D", NULL, NULL, "has no means of payment",
     {TO_AIRSIDE, REFUSED(SHOP, "no_instrument"), ADMITTED(GATE_12)}, 5},
    {"OKAFOR", "ADA", "NGA", "A00000004", LOS_ANGELES, "15F", NULL, NULL, "does not agree to the use of the face",
     {{DEMO_CHECKIN, "without_face", "", DEMO_NO_CONSENT}, UNKNOWN(SECURITY)}, 2},
    {"NOVAK", "SASHA", "HRV", "100000005", LONDON, "22B", NULL, NULL, "with somebody else before the same camera",
     {ADMITTED(CHECKIN), ADMITTED(SECURITY), {DEMO_EMIGRATION, "admitted", "", DEMO_TWO_AT_ONCE}, ADMITTED(GATE_15)}, 4},
    {"TANAKA", "AKIRA", "JPN", "TZ1000006", LONDON, "22C", "card-akira", NULL, "the one beside, passes afterwards",
     {WITH_BAGS, ADMITTED(SHOP), ADMITTED(GATE_15)}, 6},
    {"LIM", "WEI", "SGP", "K0000007E", SINGAPORE, "31A", NULL, NULL, "ten hours early",
     {ADMITTED(CHECKIN), ADMITTED(BAGS), REFUSED(SECURITY, "too_early")}, 3},
    {"ROSSI", "ANDREA", "ITA", "YA0000008", -1, NULL, NULL, NULL, "never checked in", {UNKNOWN(SECURITY)}, 1},
    {"DUBOIS", "CLAUDE", "BEL", "EM0000009", LONDON, "24A", NULL, NULL, "has another person's boarding pass",
     {{DEMO_CHECKIN, "refused", "person_mismatch", DEMO_OTHERS_PASS}}, 1},
    {"SMITH", "ALEX", "GBR", "500000010", LONDON, "24B", NULL, NULL, "has another person's passport",
     {{DEMO_CHECKIN, "refused", "person_mismatch", DEMO_OTHERS_PASSPORT}}, 1},
    {"KIM", "JIWOO", "KOR", "M00000011", LOS_ANGELES, "16A", "card-jiwoo", NULL, "pays while the server stands still",
     {TO_AIRSIDE, {DEMO_SHOP, "admitted", "", DEMO_SERVER_HANGS}, ADMITTED(GATE_12)}, 5},
    {"NGUYEN", "LINH", "VNM", "B0000012", -1, NULL, NULL, NULL, "a stranger at the gate", {UNKNOWN(GATE_12)}, 1},
    {"GARCIA", "MARIA JOSE", "ESP", "PAA000013", LOS_ANGELES, "17C", NULL, NULL, "has an expired passport",
     {{DEMO_CHECKIN, "refused", "document_expired", DEMO_EXPIRED}}, 1},
    {"KOWALSKI", "JAN", "POL", "EF0000014", LONDON, "25D", NULL, NULL, "has yesterday's boarding pass",
     {{DEMO_CHECKIN, "refused", "wrong_day", DEMO_YESTERDAY}}, 1},
    {"SILVA", "DUDA", "BRA", "FX000015", LONDON, "25E", "card-duda", NULL, "the passport is misread once, then well",
     {{DEMO_CHECKIN, "failed", NULL, DEMO_CHECK_DIGIT}, WITH_BAGS, ADMITTED(SHOP), ADMITTED(GATE_15)}, 7},
    {"YAMADA", "NAO", "JPN", "TZ1000016", LOS_ANGELES, "18A", NULL, "Sweets, 2 boxes", "collects what was ordered from home",
     {TO_AIRSIDE, ADMITTED(PICKUP), ADMITTED(GATE_12)}, 5},
    {"ANDERSSON", "KIM", "SWE", "AA0000017", LONDON, "26A", NULL, NULL, "looks for an item that is not there",
     {TO_AIRSIDE, REFUSED(PICKUP, "nothing_waiting"), ADMITTED(GATE_15)}, 5},
    {"CHEN", "YU", "TWN", "300000018", LOS_ANGELES, "19B", NULL, NULL, "goes back through emigration and misses the flight",
     {TO_AIRSIDE, REFUSED(EMIGRATION, "already_used")}, 4},
    {"JANSEN", "MIKA", "NLD", "NX0000019", LONDON, "27A", NULL, NULL, "forgets security",
     {ADMITTED(CHECKIN), REFUSED(EMIGRATION, "not_through_security"), ADMITTED(SECURITY), ADMITTED(EMIGRATION), ADMITTED(GATE_15)}, 5},
    {"PATEL", "KIRAN", "IND", "Z0000020", LOS_ANGELES, "20A", "declined-card", NULL, "whose card is declined",
     {TO_AIRSIDE, REFUSED(SHOP, "declined"), ADMITTED(GATE_12)}, 5},
    {"COHEN", "NOA", "ISR", "30000021", LONDON, "28A", NULL, NULL, "the whole way", {WITH_BAGS, ADMITTED(GATE_15)}, 5},
};
const int demo_cast_size = sizeof demo_cast / sizeof *demo_cast;

int demo_role_needs_camera(const demo_role *role)
{
    demo_act first = role->steps[0].act;
    return first != DEMO_EXPIRED && first != DEMO_YESTERDAY;
}
