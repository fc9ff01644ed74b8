/* log.h: one line per event on standard error: time, level, part, message. No personal data, no secrets: ids only. */
#ifndef TEBURA_LOG_H
#define TEBURA_LOG_H

typedef enum tb_log_level { TB_LOG_DEBUG, TB_LOG_INFO, TB_LOG_WARNING, TB_LOG_ERROR } tb_log_level;

/* Reads TEBURA_LOG (debug, info, warning, error; default info) once at the first call. Any thread; lines never mix. */
void tb_log(tb_log_level level, const char *part, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
