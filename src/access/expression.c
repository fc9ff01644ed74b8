/* expression.c: evaluation of compiled expressions. Unknown wins over everything, see expression.h. */
#include "access/expression_node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct value {
    int known;
    int64_t number;
    const char *text;
} value;

static const tb_fact_kind kind_of[] = {
    [TB_VALUE_BOOL] = TB_FACT_BOOL, [TB_VALUE_INT] = TB_FACT_INT,    [TB_VALUE_TIME] = TB_FACT_TIME,
    [TB_VALUE_TEXT] = TB_FACT_TEXT, [TB_VALUE_STATUS] = TB_FACT_INT, [TB_VALUE_DURATION] = TB_FACT_NONE};

static value of_fact(const tb_facts *facts, const tb_node *node)
{
    const tb_fact *fact = facts ? tb_facts_get(facts, node->text) : NULL;
    if (!fact || fact->kind != kind_of[node->type])
        return (value){0};
    int unset = (fact->kind == TB_FACT_TIME && fact->number == 0) || (fact->kind == TB_FACT_TEXT && !fact->text[0]);
    return (value){.known = !unset, .number = fact->number, .text = fact->text};
}

static int64_t shifted(int64_t time, int64_t by)
{
    int64_t sum;
    if (time == TB_TIME_NEVER || __builtin_add_overflow(time, by, &sum))
        return time == TB_TIME_NEVER || by > 0 ? TB_TIME_NEVER : 0;
    return sum;
}

static int compared(const tb_node *node, tb_value_type type, value left, value right)
{
    int order = type == TB_VALUE_TEXT ? strcmp(left.text, right.text)
                                      : (left.number > right.number) - (left.number < right.number);
    switch (node->operation) {
    case TB_OP_EQUAL:
        return order == 0;
    case TB_OP_UNEQUAL:
        return order != 0;
    case TB_OP_LESS:
        return order < 0;
    case TB_OP_LESS_EQUAL:
        return order <= 0;
    case TB_OP_GREATER:
        return order > 0;
    default:
        assert(node->operation == TB_OP_GREATER_EQUAL);
        return order >= 0;
    }
}

static value evaluated(const tb_expression *e, int index, const tb_facts *visit, const tb_facts *touchpoint)
{
    const tb_node *node = &e->nodes[index];
    if (node->operation == TB_OP_CONSTANT)
        return (value){.known = 1, .number = node->number, .text = node->text};
    if (node->operation == TB_OP_VISIT)
        return of_fact(visit, node);
    if (node->operation == TB_OP_TOUCHPOINT)
        return of_fact(touchpoint, node);
    assert(node->left < index && node->right < index); /* so recursion ends */
    value left = evaluated(e, node->left, visit, touchpoint);
    if (!left.known)
        return left;
    if (node->operation == TB_OP_NOT)
        return (value){.known = 1, .number = !left.number};
    if (node->operation == TB_OP_SHIFT)
        return (value){.known = 1, .number = shifted(left.number, node->number)};
    value right = evaluated(e, node->right, visit, touchpoint);
    if (!right.known)
        return right;
    if (node->operation == TB_OP_AND)
        return (value){.known = 1, .number = left.number && right.number};
    if (node->operation == TB_OP_OR)
        return (value){.known = 1, .number = left.number || right.number};
    return (value){.known = 1, .number = compared(node, e->nodes[node->left].type, left, right)};
}

tb_truth tb_expression_holds(const tb_expression *expression, const tb_facts *visit, const tb_facts *touchpoint)
{
    int root = expression->count - 1;
    assert(expression->nodes[root].type == TB_VALUE_BOOL);
    value result = evaluated(expression, root, visit, touchpoint);
    return !result.known ? TB_UNKNOWN : result.number ? TB_TRUE : TB_FALSE;
}

int tb_expression_time(const tb_expression *expression, const tb_facts *visit, tb_time *out)
{
    int root = expression->count - 1;
    assert(expression->nodes[root].type == TB_VALUE_TIME);
    value result = evaluated(expression, root, visit, NULL);
    if (result.known)
        *out = result.number;
    return result.known;
}

int tb_expression_offset(const tb_expression *expression, const char **fact, int64_t *offset)
{
    const tb_node *node = &expression->nodes[expression->count - 1];
    for (*offset = 0; node->operation == TB_OP_SHIFT; node = &expression->nodes[node->left])
        *offset += node->number; /* at most 64 times 366 days: no overflow */
    *fact = node->text;
    return node->operation == TB_OP_VISIT && node->type == TB_VALUE_TIME;
}

const char *tb_expression_attribute(const tb_expression *expression, int index)
{
    for (int i = 0; i < expression->count; i++)
        if (expression->nodes[i].operation == TB_OP_TOUCHPOINT && index-- == 0)
            return expression->nodes[i].text;
    return NULL;
}

/* 1 when it is an equality of the visit with the touchpoint. Both sides are text: an attribute is nothing else. */
static int is_equality(const tb_expression *e, const tb_node *node, const char **fact, const char **attribute)
{
    const tb_node *left = &e->nodes[node->left], *right = &e->nodes[node->right];
    if (node->operation != TB_OP_EQUAL)
        return 0;
    if (left->operation == TB_OP_TOUCHPOINT) {
        const tb_node *other = left;
        left = right;
        right = other;
    }
    *fact = left->text;
    *attribute = right->text;
    return left->operation == TB_OP_VISIT && right->operation == TB_OP_TOUCHPOINT;
}

static int equality_below(const tb_expression *e, int at, int *index, const char **fact, const char **attribute)
{
    const tb_node *node = &e->nodes[at];
    if (node->operation == TB_OP_AND)
        return equality_below(e, node->left, index, fact, attribute) ||
               equality_below(e, node->right, index, fact, attribute);
    return is_equality(e, node, fact, attribute) && (*index)-- == 0;
}

int tb_expression_equality(const tb_expression *expression, int index, const char **fact, const char **attribute)
{
    return equality_below(expression, expression->count - 1, &index, fact, attribute);
}

void tb_expression_free(tb_expression **expression)
{
    free(*expression);
    *expression = NULL;
}
