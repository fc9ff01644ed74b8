/* json.c: fields of a JSON object with sentences that name the field and never its content; base64. */
#include "http/http_private.h"

#include <stdarg.h>
#include <string.h>

/* The field, NULL when absent or null. */
static tb_status field(const json_t *object, const char *name, int required, const json_t **out, tb_error *why)
{
    *out = NULL;
    if (!json_is_object(object))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the body has to be a JSON object");
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_null(value))
        *out = value;
    else if (required)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" is missing", name);
    return TB_OK;
}

tb_status tb_json_text(const json_t *object, const char *name, int required, char *out, size_t size, tb_error *why)
{
    const json_t *value;
    tb_status status = field(object, name, required, &value, why);
    if (status != TB_OK || !value)
        return status;
    if (!json_is_string(value))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" has to be a text", name);
    size_t length = json_string_length(value);
    if (length >= size || (required && length == 0))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" has to have %d to %zu bytes", name, required != 0,
                       size - 1);
    if (strlen(json_string_value(value)) != length)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" holds a NUL", name);
    memcpy(out, json_string_value(value), length + 1);
    return TB_OK;
}

tb_status tb_json_number(const json_t *object, const char *name, int required, int64_t least, int64_t most,
                         int64_t *out, tb_error *why)
{
    const json_t *value;
    tb_status status = field(object, name, required, &value, why);
    if (status != TB_OK || !value)
        return status;
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" has to be a whole number from %lld to %lld", name,
                       (long long)least, (long long)most);
    *out = json_integer_value(value);
    return TB_OK;
}

tb_status tb_json_bool(const json_t *object, const char *name, int required, int *out, tb_error *why)
{
    const json_t *value;
    tb_status status = field(object, name, required, &value, why);
    if (status != TB_OK || !value)
        return status;
    if (!json_is_boolean(value))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" has to be true or false", name);
    *out = json_is_true(value);
    return TB_OK;
}

tb_status tb_json_only(const json_t *object, tb_error *why, ...)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the body has to be a JSON object");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        int known = 0;
        va_list names;
        va_start(names, why);
        for (const char *name; !known && (name = va_arg(names, const char *));)
            known = strcmp(name, key) == 0;
        va_end(names);
        if (!known)
            return tb_fail(why, TB_INVALID_ARGUMENT,
                           "there is a field that this request does not have"); /* its name is not repeated: it is the
                                                                                   caller's text */
    }
    return TB_OK;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

tb_status tb_base64_decode(const char *text, size_t limit, tb_bytes *out)
{
    size_t length = strlen(text), before = out->size;
    while (length && text[length - 1] == '=')
        length--;
    size_t padding = strlen(text) - length;
    if (length % 4 == 1 || padding > 2 || (padding && (length + padding) % 4))
        return TB_MALFORMED;
    size_t size = length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
    if (size > limit)
        return TB_TOO_LARGE;
    tb_status status = tb_bytes_reserve(out, before + size);
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < length && status == TB_OK; i++) {
        int value = base64_value(text[i]);
        if (value < 0) {
            status = TB_MALFORMED;
            break;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out->data[out->size++] = (uint8_t)(bits >> count);
        }
    }
    if (status == TB_OK && bits & ((1u << count) - 1))
        status = TB_MALFORMED; /* bits after the last byte */
    if (status != TB_OK)
        out->size = before;
    return status;
}
