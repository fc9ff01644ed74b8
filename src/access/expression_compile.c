/* expression_compile.c: source text to a checked tree, by recursive descent. Depth and size are bounded before they
 * are used, so no input makes it recurse or allocate without limit. Grammar: expression.h. */
#include "access/expression_node.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef enum token_kind { END, NAME, DOTTED, NUMBER, DURATION, TEXT, SIGN, BAD } token_kind;

typedef struct token {
    token_kind kind;
    int64_t number;
    char text[TB_NAME_SIZE];  /* name, text constant, sign */
    char owner[TB_NAME_SIZE]; /* DOTTED: what stands before the dot */
    size_t at;
} token;

typedef struct compiler {
    const char *source;
    size_t at;
    int depth, count;
    token next;
    const tb_vocabulary *vocabulary;
    tb_error *why;
    tb_node nodes[TB_EXPRESSION_NODES];
} compiler;

/* Every parsing function gives the index of a node, or this after it has set `why`. */
#define FAILED (-1)

static int complain(compiler *c, const char *cause, const char *word)
{
    if (c->why && c->why->status == TB_OK)
        tb_fail(c->why, TB_MALFORMED, "%s%s%s%s at character %zu", cause, *word ? " '" : "", word, *word ? "'" : "",
                c->next.at + 1);
    return FAILED;
}

/* ---- words ---- */

static size_t read_name(const char *from, char out[TB_NAME_SIZE])
{
    size_t length = strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (length == 0 || length >= TB_NAME_SIZE || !islower((unsigned char)from[0]))
        return 0;
    memcpy(out, from, length);
    out[length] = '\0';
    return length;
}

/* Digits, at most 15 so that nothing overflows, and a unit: the token's kind tells whether there was one. */
static size_t read_number(const char *from, token *out)
{
    static const struct {
        char letter;
        int64_t size;
    } units[] = {{'s', TB_SECOND}, {'m', TB_MINUTE}, {'h', TB_HOUR}, {'d', TB_DAY}};
    size_t digits = strspn(from, "0123456789");
    if (digits == 0 || digits > 15)
        return 0;
    out->number = strtoll(from, NULL, 10);
    out->kind = NUMBER;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (from[digits] != units[i].letter)
            continue;
        if (out->number > 366 * TB_DAY / units[i].size)
            return 0;
        out->number *= units[i].size;
        out->kind = DURATION;
        digits++;
        break;
    }
    return isalnum((unsigned char)from[digits]) || from[digits] == '_' ? 0 : digits;
}

static size_t read_text(const char *from, token *out)
{
    const char *end = strchr(from + 1, '\'');
    if (!end || (size_t)(end - from) > sizeof out->text)
        return 0;
    memcpy(out->text, from + 1, (size_t)(end - from) - 1);
    out->kind = TEXT;
    return (size_t)(end - from) + 1;
}

static size_t read_sign(const char *from, token *out)
{
    size_t length = strchr("=!<>", from[0]) && from[1] == '=' ? 2 : strchr("<>()+-", from[0]) ? 1 : 0;
    memcpy(out->text, from, length);
    out->kind = SIGN;
    return length;
}

static void advance(compiler *c)
{
    token next = {.kind = BAD};
    c->at += strspn(c->source + c->at, " \t\r\n");
    const char *from = c->source + c->at;
    size_t used = 0;
    next.at = c->at;
    if (!*from) {
        next.kind = END;
    } else if (isdigit((unsigned char)*from)) {
        used = read_number(from, &next);
    } else if (*from == '\'') {
        used = read_text(from, &next);
    } else if ((used = read_name(from, next.text)) > 0) {
        next.kind = NAME;
        if (from[used] == '.') {
            memcpy(next.owner, next.text, sizeof next.owner);
            size_t more = read_name(from + used + 1, next.text);
            next.kind = more ? DOTTED : BAD;
            used = more ? used + 1 + more : 0;
        }
    } else {
        used = read_sign(from, &next);
    }
    if (used == 0 && next.kind != END)
        next.kind = BAD;
    c->at += used;
    c->next = next;
}

static int next_is(const compiler *c, token_kind kind, const char *text)
{
    return c->next.kind == kind && strcmp(c->next.text, text) == 0;
}

/* ---- nodes ---- */

static int add(compiler *c, const tb_node *node)
{
    if (c->count == TB_EXPRESSION_NODES)
        return complain(c, "the expression has too many parts", "");
    c->nodes[c->count] = *node;
    return c->count++;
}

static tb_value_type type_of(const compiler *c, int index)
{
    return c->nodes[index].type;
}

static int add_fact(compiler *c, const char *name)
{
    tb_node node = {.operation = TB_OP_VISIT};
    if (!c->vocabulary->fact(c->vocabulary->context, name, &node.type))
        return complain(c, "unknown fact", name);
    memcpy(node.text, name, strlen(name) + 1);
    return add(c, &node);
}

static int parse_any(compiler *c);

static int parse_name(compiler *c)
{
    char name[TB_NAME_SIZE];
    memcpy(name, c->next.text, sizeof name);
    tb_node node = {.operation = TB_OP_CONSTANT, .type = TB_VALUE_BOOL, .number = strcmp(name, "true") == 0};
    if (strcmp(name, "now") == 0)
        return complain(c, "the clock belongs into the window, a rule cannot use", name);
    int index, status = c->vocabulary->status(c->vocabulary->context, name);
    if (node.number || strcmp(name, "false") == 0) {
        index = add(c, &node);
    } else if (status >= 0) {
        node.type = TB_VALUE_STATUS;
        node.number = status;
        index = add(c, &node);
    } else {
        index = add_fact(c, name);
    }
    if (index != FAILED)
        advance(c);
    return index;
}

static int parse_dotted(compiler *c)
{
    tb_node node = {.operation = TB_OP_TOUCHPOINT, .type = TB_VALUE_TEXT};
    memcpy(node.text, c->next.text, sizeof node.text);
    int index = FAILED;
    if (strcmp(c->next.owner, "touchpoint") == 0)
        index = add(c, &node);
    else if (strcmp(c->next.owner, "visit") == 0)
        index = add_fact(c, c->next.text);
    else
        return complain(c, "only visit and touchpoint have facts, not", c->next.owner);
    if (index != FAILED)
        advance(c);
    return index;
}

static int parse_constant(compiler *c)
{
    tb_node node = {.operation = TB_OP_CONSTANT};
    int negative = next_is(c, SIGN, "-");
    if (negative)
        advance(c);
    if (c->next.kind == TEXT && !negative) {
        node.type = TB_VALUE_TEXT;
        memcpy(node.text, c->next.text, sizeof node.text);
    } else if (c->next.kind == NUMBER) {
        node.type = TB_VALUE_INT;
        node.number = negative ? -c->next.number : c->next.number;
    } else if (c->next.kind == END) {
        return complain(c, "the expression ends too early", "");
    } else {
        return complain(c, "a value is expected", c->next.kind == NAME || c->next.kind == SIGN ? c->next.text : "");
    }
    advance(c);
    return add(c, &node);
}

static int parse_brackets(compiler *c)
{
    advance(c);
    int index = parse_any(c);
    if (index == FAILED)
        return FAILED;
    if (!next_is(c, SIGN, ")"))
        return complain(c, "a closing bracket is missing", "");
    advance(c);
    return index;
}

static int parse_value(compiler *c)
{
    if (next_is(c, SIGN, "("))
        return parse_brackets(c);
    if (c->next.kind == DOTTED)
        return parse_dotted(c);
    if (c->next.kind == NAME)
        return parse_name(c);
    return parse_constant(c);
}

static int parse_sum(compiler *c)
{
    int left = parse_value(c);
    while (left != FAILED && (next_is(c, SIGN, "+") || next_is(c, SIGN, "-"))) {
        int minus = next_is(c, SIGN, "-");
        if (type_of(c, left) != TB_VALUE_TIME)
            return complain(c, "only a time can be moved by", c->next.text);
        advance(c);
        if (c->next.kind != DURATION)
            return complain(c, "a duration such as 15m or 3h is expected", "");
        tb_node node = {.operation = TB_OP_SHIFT, .type = TB_VALUE_TIME, .left = left};
        node.number = minus ? -c->next.number : c->next.number;
        advance(c);
        left = add(c, &node);
    }
    return left;
}

static int operation_of(const token *sign, tb_operation *out)
{
    static const char *const signs[] = {
        [TB_OP_EQUAL] = "==",      [TB_OP_UNEQUAL] = "!=", [TB_OP_LESS] = "<",
        [TB_OP_LESS_EQUAL] = "<=", [TB_OP_GREATER] = ">",  [TB_OP_GREATER_EQUAL] = ">="};
    for (int i = TB_OP_EQUAL; sign->kind == SIGN && i <= TB_OP_GREATER_EQUAL; i++)
        if (strcmp(sign->text, signs[i]) == 0) {
            *out = (tb_operation)i;
            return 1;
        }
    return 0;
}

static int parse_compared(compiler *c)
{
    tb_node node = {.type = TB_VALUE_BOOL};
    node.left = parse_sum(c);
    if (node.left == FAILED || !operation_of(&c->next, &node.operation))
        return node.left;
    advance(c);
    node.right = parse_sum(c);
    if (node.right == FAILED)
        return FAILED;
    tb_value_type left = type_of(c, node.left), right = type_of(c, node.right);
    if (left != right)
        return complain(c, "the two sides of a comparison are of different types", "");
    int ordered = node.operation != TB_OP_EQUAL && node.operation != TB_OP_UNEQUAL;
    if (ordered && (left == TB_VALUE_BOOL || left == TB_VALUE_TEXT))
        return complain(c, "text and yes-or-no values have no order: use == or !=", "");
    return add(c, &node);
}

static int parse_not(compiler *c)
{
    if (!next_is(c, NAME, "not"))
        return parse_compared(c);
    if (++c->depth > TB_EXPRESSION_DEPTH)
        return complain(c, "the expression is nested too deeply", "");
    advance(c);
    tb_node node = {.operation = TB_OP_NOT, .type = TB_VALUE_BOOL, .left = parse_not(c)};
    c->depth--;
    if (node.left == FAILED)
        return FAILED;
    return type_of(c, node.left) == TB_VALUE_BOOL
               ? add(c, &node)
               : complain(c, "only something that is true or false can follow", "not");
}

static int parse_joined(compiler *c, tb_operation operation, const char *word, int (*part)(compiler *))
{
    int left = part(c);
    while (left != FAILED && next_is(c, NAME, word)) {
        advance(c);
        tb_node node = {.operation = operation, .type = TB_VALUE_BOOL, .left = left, .right = part(c)};
        if (node.right == FAILED)
            return FAILED;
        if (type_of(c, left) != TB_VALUE_BOOL || type_of(c, node.right) != TB_VALUE_BOOL)
            return complain(c, "only things that are true or false can be joined by", word);
        left = add(c, &node);
    }
    return left;
}

static int parse_and(compiler *c)
{
    return parse_joined(c, TB_OP_AND, "and", parse_not);
}

static int parse_any(compiler *c)
{
    if (++c->depth > TB_EXPRESSION_DEPTH)
        return complain(c, "the expression is nested too deeply", "");
    int index = parse_joined(c, TB_OP_OR, "or", parse_and);
    c->depth--;
    return index;
}

/* ---- outside ---- */

static int compiled(compiler *c, tb_value_type wanted)
{
    if (strlen(c->source) > TB_EXPRESSION_LENGTH)
        return complain(c, "the expression is too long", "");
    advance(c);
    int root = parse_any(c);
    if (root == FAILED)
        return FAILED;
    if (c->next.kind != END)
        return complain(c, "something is left over", c->next.text);
    if (type_of(c, root) != wanted)
        return complain(c, wanted == TB_VALUE_TIME ? "this is not a time" : "this is neither true nor false", "");
    return root;
}

tb_status tb_expression_compile(const char *source, const tb_vocabulary *vocabulary, tb_value_type wanted,
                                tb_expression **out, tb_error *why)
{
    tb_error own = {0};
    compiler c = {.source = source, .vocabulary = vocabulary, .why = why ? why : &own};
    *c.why = (tb_error){0};
    *out = NULL;
    if (compiled(&c, wanted) == FAILED)
        return TB_MALFORMED;
    tb_expression *made = malloc(sizeof *made + (size_t)c.count * sizeof *made->nodes);
    if (!made)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    made->count = c.count;
    memcpy(made->nodes, c.nodes, (size_t)c.count * sizeof *made->nodes);
    *out = made;
    return TB_OK;
}

tb_status tb_duration_parse(const char *source, int64_t *out)
{
    token read = {0};
    size_t used = read_number(source, &read);
    if (used == 0 || source[used] || read.kind != DURATION)
        return TB_MALFORMED;
    *out = read.number;
    return TB_OK;
}
