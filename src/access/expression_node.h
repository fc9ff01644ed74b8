/* expression_node.h: what the compiler of expressions hands to their evaluation. Nobody else needs it. */
#ifndef ACCESS_EXPRESSION_NODE_H
#define ACCESS_EXPRESSION_NODE_H

#include "access/expression.h"

typedef enum tb_operation {
    TB_OP_CONSTANT,
    TB_OP_VISIT,
    TB_OP_TOUCHPOINT,
    TB_OP_EQUAL,
    TB_OP_UNEQUAL,
    TB_OP_LESS,
    TB_OP_LESS_EQUAL,
    TB_OP_GREATER,
    TB_OP_GREATER_EQUAL,
    TB_OP_AND,
    TB_OP_OR,
    TB_OP_NOT,  /* left only */
    TB_OP_SHIFT /* left: a time; number: microseconds to add */
} tb_operation;

typedef struct tb_node {
    tb_operation operation;
    tb_value_type type;
    int left, right;         /* indices, always below the node's own: no cycles */
    int64_t number;          /* constant or shift */
    char text[TB_NAME_SIZE]; /* name of the fact or attribute, or a text constant */
} tb_node;

/* Invariant: children come before parents, the root is the last node, count <= TB_EXPRESSION_NODES. */
struct tb_expression {
    int count;
    tb_node nodes[];
};

#endif
