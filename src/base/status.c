/* status.c: names, sentences and HTTP statuses, all from the one table in status.h. */
#include <tebura/status.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

enum { CLASS_OK, CLASS_RETRY, CLASS_FAILURE };

static const struct {
    const char *name, *sentence;
    int class, http;
} table[TB_STATUS_COUNT] = {
#define ROW(name, class, http, sentence) [TB_##name] = {#name, sentence, CLASS_##class, http},
    TB_STATUS_TABLE(ROW)
#undef ROW
};

static tb_status known(tb_status status)
{
    return (unsigned)status < TB_STATUS_COUNT ? status : TB_INTERNAL;
}

const char *tb_status_sentence(tb_status status)
{
    return table[known(status)].sentence;
}

const char *tb_status_name(tb_status status)
{
    return table[known(status)].name;
}

int tb_status_http(tb_status status)
{
    return table[known(status)].http;
}

int tb_status_is_retry(tb_status status)
{
    return table[known(status)].class == CLASS_RETRY;
}

tb_status tb_fail(tb_error *error, tb_status status, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        error->status = status;
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
    }
    return status;
}

const char *tb_error_text(const tb_error *error)
{
    return error->text[0] ? error->text : tb_status_sentence(error->status);
}
