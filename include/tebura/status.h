/* status.h: one table of everything that a call can answer.
 *
 * Three classes, never mixed:
 *   ok       it worked;
 *   retry    a person can mend it by standing differently (libfprint's lesson: "try again" is not "no");
 *   failure  it did not work, and the sentence says what to do.
 * HTTP statuses are the ones a caller of teburad sees when this status ends a request. */
#ifndef TEBURA_STATUS_H
#define TEBURA_STATUS_H

/* X(name, class, http, sentence) */
#define TB_STATUS_TABLE(X)                                                                                             \
    X(OK, OK, 200, "done")                                                                                             \
    /* A person can mend these. */                                                                                     \
    X(RETRY_NO_FACE, RETRY, 422, "no face in the picture: look into the camera")                                       \
    X(RETRY_SEVERAL_FACES, RETRY, 422, "more than one face: one person at a time, please")                             \
    X(RETRY_FACE_AT_BORDER, RETRY, 422, "the face is cut off by the edge of the picture: move to the middle")          \
    X(RETRY_TOO_FAR, RETRY, 422, "the face is too small: come closer")                                                 \
    X(RETRY_TOO_CLOSE, RETRY, 422, "the face fills the picture: step back")                                            \
    X(RETRY_BLURRED, RETRY, 422, "the picture is blurred: hold still")                                                 \
    X(RETRY_TURNED_AWAY, RETRY, 422, "the face is turned away: look straight into the camera")                         \
    X(RETRY_TOO_DARK, RETRY, 422, "the face is too dark: turn towards the light")                                      \
    X(RETRY_TOO_BRIGHT, RETRY, 422, "the face is overexposed: step out of the bright light")                           \
    X(RETRY_HEAD_TILTED, RETRY, 422, "the head is tilted: hold it upright")                                            \
    X(RETRY_UNEVEN_LIGHT, RETRY, 422, "one side of the face is in shadow: turn until the light comes from the front")  \
    X(RETRY_FLAT_LIGHT, RETRY, 422, "the face is hardly visible: more light, or wipe the camera's glass")              \
    X(RETRY_EYES_COVERED, RETRY, 422, "the eyes are hidden: take off dark glasses and move hair aside")                \
    X(RETRY_EYES_CLOSED, RETRY, 422, "the eyes are closed: open them and look into the camera")                        \
    X(RETRY_FACE_COVERED, RETRY, 422, "part of the face is covered: take off mask or scarf, hands away from the face") \
    X(RETRY_MOUTH_OPEN, RETRY, 422, "the mouth is open: close it for a moment")                                        \
    X(RETRY_HEAD_COVERED, RETRY, 422, "the forehead is covered: take off the hat, or push it back")                    \
    X(RETRY_BUSY_BACKGROUND, RETRY, 422, "the background is busy: stand before a plain wall")                          \
    X(RETRY_NOT_LIVE, RETRY, 422, "the picture does not look like a live person: no photographs or screens")           \
    X(RETRY_CHALLENGE, RETRY, 422, "that was not what was asked for, or not in time: please try once more")            \
    /* What the caller gave us. */                                                                                     \
    X(INVALID_ARGUMENT, FAILURE, 400, "the request is not formed as described: check it against the manual")           \
    X(MALFORMED, FAILURE, 400, "the data does not have the form it claims: check where it came from")                  \
    X(TRUNCATED, FAILURE, 400, "the data ends too early: send it again, whole")                                        \
    X(TOO_LARGE, FAILURE, 413, "the data is larger than allowed: send less")                                           \
    X(UNSUPPORTED, FAILURE, 415, "this format or version is not supported")                                            \
    X(CHECK_DIGIT, FAILURE, 422, "a check digit is wrong: read the document again")                                    \
    X(DOCUMENT_EXPIRED, FAILURE, 422, "the passport has expired: go to the desk")                                      \
    X(WRONG_DAY, FAILURE, 422, "the boarding pass is for another day: go to the desk")                                 \
    X(OTHER_PERSON, FAILURE, 422, "the documents belong to different people: go to the desk")                          \
    X(FACE_MISMATCH, FAILURE, 422, "the face is not the one in the document: go to the desk")                          \
    X(OTHER_MODEL, FAILURE, 422, "the template was made by another model: enrol again or migrate it")                  \
    X(OTHER_DIMENSION, FAILURE, 422, "the template has another number of values than its model gives")                 \
    X(NOT_A_NUMBER, FAILURE, 400, "the data holds a value that is not a number: check where it came from")             \
    X(NOT_FOUND, FAILURE, 404, "there is no such thing")                                                               \
    X(EXISTS, FAILURE, 409, "it exists already")                                                                       \
    X(CONFLICT, FAILURE, 409, "the request contradicts what happened before")                                          \
    X(UNAUTHORISED, FAILURE, 401, "not signed in: send the operator's token")                                          \
    X(FORBIDDEN, FAILURE, 403, "not allowed for this role")                                                            \
    X(NO_CONSENT, FAILURE, 403, "the person has not agreed to the use of their face")                                  \
    X(REFUSED, FAILURE, 403, "refused by the rules of this touchpoint")                                                \
    X(DECLINED, FAILURE, 402, "the payment was declined: use another means")                                           \
    X(PIN_WRONG, FAILURE, 403, "the PIN is wrong")                                                                     \
    X(PIN_LOCKED, FAILURE, 403, "too many wrong PINs: use another means")                                              \
    X(TOO_OFTEN, FAILURE, 429, "too many attempts: wait some minutes")                                                 \
    /* What happened to us. */                                                                                         \
    X(NO_MEMORY, FAILURE, 503, "out of memory")                                                                        \
    X(IO, FAILURE, 500, "reading or writing failed")                                                                   \
    X(DISK_FULL, FAILURE, 507, "the disk is full: make room, nothing was changed")                                     \
    X(DB_LOCKED, FAILURE, 503, "another program holds the database: stop it or wait")                                  \
    X(DB_NEWER, FAILURE, 500, "the database was written by a newer version: upgrade this program")                     \
    X(DB_KEY, FAILURE, 500,                                                                                            \
      "the database does not open: the key file is another's, or the database is damaged: restore it from a backup")   \
    X(DB_CORRUPT, FAILURE, 500, "the database is damaged: restore it from a backup")                                   \
    X(DB_GONE, FAILURE, 503, "the database server cannot be reached: it is tried again, nothing is half done")         \
    X(BUS_DOWN, FAILURE, 503, "the message broker cannot be reached: it is tried again, nothing is lost")              \
    X(TIMEOUT, FAILURE, 504, "no answer in time")                                                                      \
    X(CRYPTO, FAILURE, 400, "a seal does not open: it was changed, cut short or meant for somebody else")              \
    X(MODEL_MISSING, FAILURE, 500, "a network file is missing or not the one in the manifest: run tools/setup")        \
    X(MODEL_FAILED, FAILURE, 500, "a network did not run")                                                             \
    X(STALE, FAILURE, 503,                                                                                             \
      "this terminal has not heard from its server for too long: use another one, or ask a member of staff")           \
    X(CAMERA_FAULT, FAILURE, 503, "the camera gives no picture: check its cable and address")                          \
    X(CAMERA_SILENT, FAILURE, 503, "no picture has come for seconds: nobody sends any to this terminal's camera")      \
    X(INJECTED, FAILURE, 403,                                                                                          \
      "the camera sends pictures that no camera makes, or the same ones again: somebody may be feeding it a film")     \
    X(END_OF_STREAM, FAILURE, 410, "the source has no more pictures")                                                  \
    X(INTERNAL, FAILURE, 500, "a fault in Tebura itself: please report it")

typedef enum tb_status {
#define TB_STATUS_ENUM(name, class, http, sentence) TB_##name,
    TB_STATUS_TABLE(TB_STATUS_ENUM)
#undef TB_STATUS_ENUM
        TB_STATUS_COUNT
} tb_status;

#define TB_MUST_CHECK __attribute__((warn_unused_result))

/* The sentence for a person; never NULL, also for values out of range. Static storage. */
const char *tb_status_sentence(tb_status status);

/* The name as machines and logs see it: "RETRY_TOO_FAR" for TB_RETRY_TOO_FAR. Static storage. */
const char *tb_status_name(tb_status status);

/* The HTTP status, 200..507. */
int tb_status_http(tb_status status);

/* 1 when the person can mend it by trying again, else 0. */
int tb_status_is_retry(tb_status status);

/* What went wrong, for functions that take input from outside: the status and one sentence about this very case
 * (file, line, field). Never holds personal data or secrets. Callers may pass NULL where they do not care. */
typedef struct tb_error {
    tb_status status;
    char text[256];
} tb_error;

/* Sets `error` (may be NULL) and returns `status`, so that `return tb_fail(why, TB_X, "...", ...)` reads well. */
tb_status tb_fail(tb_error *error, tb_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The error's own sentence if it has one, else its status' sentence. */
const char *tb_error_text(const tb_error *error);

#endif
