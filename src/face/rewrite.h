/* rewrite.h: the same network, said in another way that the runtime computes two to three times as fast. */
#ifndef TEBURA_FACE_REWRITE_H
#define TEBURA_FACE_REWRITE_H

#include <tebura/bytes.h>

/* `model` is an ONNX file; `out` is appended to. The numbers that the network gives stay the same but for the rounding
 * of floats. TB_UNSUPPORTED: nothing to gain here, use the file as it is. TB_MALFORMED, TB_NO_MEMORY. */
tb_status tb_network_rewrite(tb_span model, tb_bytes *out) TB_MUST_CHECK;

#endif
