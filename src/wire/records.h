/* records.h: lines of CSV, lines of JSON, or a JSON array, as records of named values: what other systems hand over
 * many at once. A record that is bad is told with its place and cause, and the ones after it are read all the same.
 * Pure. */
#ifndef WIRE_RECORDS_H
#define WIRE_RECORDS_H

#include <tebura/bytes.h>

#define TB_RECORD_FIELDS_MAX 40
#define TB_RECORD_LINE_MAX 4096

typedef enum tb_record_kind {
    TB_RECORD_NULL, /* says that there is none: null in JSON, a single - in CSV */
    TB_RECORD_TEXT,
    TB_RECORD_NUMBER, /* whole; `text` as digits */
    TB_RECORD_BOOL    /* `text` "true" or "false" */
} tb_record_kind;

/* CSV knows texts only: whoever reads them decides by the field. An empty cell is no value at all. */
typedef struct tb_record_value {
    const char *name, *text; /* NUL-terminated; borrowed until the callback returns */
    tb_record_kind kind;
} tb_record_value;

typedef struct tb_record {
    const char *place; /* "line", "item" */
    size_t number;     /* of it, from 1 */
    uint64_t mark;     /* the same bytes under the same header have the same mark */
    size_t count;
    tb_record_value values[TB_RECORD_FIELDS_MAX];
} tb_record;

/* why NULL: a good record; else `record` holds place, number and mark only. Another answer than TB_OK ends the
 * reading. */
typedef tb_status (*tb_record_fn)(void *context, const tb_record *record, const tb_error *why);

/* `ended` 0: a last line without line end may be cut short and is left out. An UTF-8 byte order mark, CR LF, empty
 * lines and lines that begin with # are passed over. CSV: the first line names the columns, separated by commas (or
 * semicolons); values may stand in double quotes, "" is a quote, and no value holds a line end. TB_MALFORMED: the
 * whole is not readable (a JSON array cut short, no header), nothing was given; or what `each` answered. */
tb_status tb_records_read(tb_span bytes, int ended, tb_record_fn each, void *context, tb_error *why) TB_MUST_CHECK;

/* NULL when the record does not say it. */
const tb_record_value *tb_record_get(const tb_record *record, const char *name);

#endif
