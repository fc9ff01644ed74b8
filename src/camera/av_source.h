/* av_source.h: one film, device or stream opened through FFmpeg's libraries, giving one picture after another. */
#ifndef TEBURA_CAMERA_AV_SOURCE_H
#define TEBURA_CAMERA_AV_SOURCE_H

#include <stdatomic.h>
#include <tebura/image.h>

typedef enum av_kind { AV_FILM, AV_DEVICE, AV_NETWORK } av_kind;

typedef struct av_source av_source;

/* Opens and reads enough to know the pictures' form. `stop` (may be NULL) ends every wait when it turns 1. A stream
 * that says nothing for AV_PATIENCE is given up. TB_NOT_FOUND (no such file or device), TB_MALFORMED, TB_UNSUPPORTED (a
 * film without pictures we can decode), TB_CAMERA_FAULT (device, network), TB_NO_MEMORY. */
tb_status av_source_open(av_kind kind, const char *place, const atomic_int *stop, av_source **out,
                         tb_error *why) TB_MUST_CHECK;
void av_source_free(av_source **source);
/* The next picture. TB_END_OF_STREAM (film), TB_CAMERA_FAULT, TB_NO_MEMORY, TB_TOO_LARGE, TB_MALFORMED. */
tb_status av_source_read(av_source *source, tb_image *out, tb_error *why) TB_MUST_CHECK;

#define AV_PATIENCE (5 * INT64_C(1000000)) /* microseconds without a packet */

#endif
