/* facts_pack.c: facts as bytes in a column: per fact u8 kind, u8 length, name, then i64 little-endian or u8 length and
 * text. The same facts in the same order give the same bytes, so that entries can be compared without unpacking. */
#include "store/store.h"

#include <string.h>

static tb_status append(tb_bytes *out, const void *data, size_t size)
{
    return tb_bytes_append(out, tb_span_of(data, size));
}

static tb_status pack_one(const tb_fact *fact, tb_bytes *out)
{
    uint8_t head[2] = {(uint8_t)fact->kind, (uint8_t)strlen(fact->name)}, number[8];
    tb_status status = append(out, head, 2);
    if (status == TB_OK)
        status = append(out, fact->name, head[1]);
    if (status != TB_OK)
        return status;
    if (fact->kind == TB_FACT_TEXT) {
        uint8_t length = (uint8_t)strlen(fact->text);
        status = append(out, &length, 1);
        return status == TB_OK ? append(out, fact->text, length) : status;
    }
    for (int i = 0; i < 8; i++)
        number[i] = (uint8_t)((uint64_t)fact->number >> (8 * i));
    return append(out, number, 8);
}

tb_status tb_facts_pack(const tb_facts *facts, tb_bytes *out)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < facts->count && status == TB_OK; i++)
        status = pack_one(&facts->items[i], out);
    return status;
}

/* Takes `size` bytes off the front; NULL when there are fewer. */
static const uint8_t *take(tb_span *bytes, size_t size)
{
    if (bytes->size < size)
        return NULL;
    const uint8_t *front = bytes->data;
    *bytes = tb_span_of(bytes->data + size, bytes->size - size);
    return front;
}

static tb_status unpack_one(tb_span *bytes, tb_fact *fact)
{
    *fact = (tb_fact){0};
    const uint8_t *head = take(bytes, 2), *data;
    if (!head || head[0] < TB_FACT_BOOL || head[0] > TB_FACT_TEXT || head[1] >= sizeof fact->name ||
        !(data = take(bytes, head[1])))
        return TB_DB_CORRUPT;
    fact->kind = (tb_fact_kind)head[0];
    memcpy(fact->name, data, head[1]);
    if (fact->kind == TB_FACT_TEXT) {
        const uint8_t *length = take(bytes, 1);
        if (!length || *length >= sizeof fact->text || !(data = take(bytes, *length)))
            return TB_DB_CORRUPT;
        memcpy(fact->text, data, *length);
        return TB_OK;
    }
    if (!(data = take(bytes, 8)))
        return TB_DB_CORRUPT;
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)data[i] << (8 * i);
    fact->number = (int64_t)number;
    return TB_OK;
}

tb_status tb_facts_unpack(tb_span bytes, tb_facts *out)
{
    *out = (tb_facts){0};
    while (bytes.size) {
        tb_fact fact;
        if (unpack_one(&bytes, &fact) != TB_OK || tb_facts_set(out, &fact) != TB_OK)
            return TB_DB_CORRUPT;
    }
    return TB_OK;
}
