/* template_size.h: which sizes a template in bytes can have; what is in it, src/face judges. */
#ifndef TEBURA_WIRE_TEMPLATE_SIZE_H
#define TEBURA_WIRE_TEMPLATE_SIZE_H

#include <tebura/template.h>

static inline int tb_template_size_is_good(size_t size)
{
    return size > TB_TEMPLATE_BYTES(0) && size <= TB_TEMPLATE_BYTES_MAX;
}

#endif
