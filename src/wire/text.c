/* text.c: what texts in messages may look like. */
#include "wire/text.h"

#include <string.h>

#include <tebura/message.h>

/* How many bytes the character at `text` takes, 0 when it is none. RFC 3629, section 4: no overlong forms, no
 * surrogates. */
static size_t character_size(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0], low = 0x80, high = 0xBF;
    size_t more = lead < 0x80                    ? 0
                  : lead >= 0xC2 && lead <= 0xDF ? 1
                  : lead >= 0xE0 && lead <= 0xEF ? 2
                  : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                 : 9;
    if (lead == 0 || more >= size)
        return 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i <= more; i++, low = 0x80, high = 0xBF)
        if (text[i] < low || text[i] > high)
            return 0;
    return 1 + more;
}

int tb_utf8_is_good(tb_span text)
{
    for (size_t at = 0, step; at < text.size; at += step) {
        step = character_size(text.data + at, text.size - at);
        if (step == 0)
            return 0;
    }
    return 1;
}

int tb_field_is_good(const char *field, size_t size)
{
    size_t length = strnlen(field, size);
    return length < size && tb_utf8_is_good(tb_span_of(field, length));
}

int tb_touchpoint_is_good(const char *touchpoint)
{
    size_t length = strnlen(touchpoint, TB_TOUCHPOINT_SIZE);
    return length > 0 && length < TB_TOUCHPOINT_SIZE &&
           strspn(touchpoint, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

int tb_name_is_good_or_empty(const char *name)
{
    size_t length = strnlen(name, TB_NAME_SIZE);
    if (length == 0)
        return 1;
    return length < TB_NAME_SIZE && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

int tb_currency_is_good(const char currency[4])
{
    for (int i = 0; i < 3; i++)
        if (currency[i] < 'A' || currency[i] > 'Z')
            return 0;
    return currency[3] == '\0';
}
