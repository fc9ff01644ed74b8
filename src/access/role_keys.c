/* role_keys.c: see role_keys.h. That this is sound follows from two properties of expressions (expression.h): "a and b"
 * is true only when both are, and whatever an unknown value takes part in is not true. */
#include "access/role_keys.h"

#include <string.h>

#include "access/profile_model.h"

int tb_role_alike(const tb_role *role, const tb_facts *a, const tb_facts *b)
{
    for (unsigned i = 0; i < role->rule.requires_count; i++) {
        const char *name;
        for (int n = 0; (name = tb_expression_attribute(role->rule.requires[i].rule, n)); n++)
            if (strcmp(tb_facts_text(a, name), tb_facts_text(b, name)) != 0) /* "": unknown */
                return 0;
    }
    return 1;
}

int tb_role_equality(const tb_role *role, size_t index, const char **fact, const char **attribute)
{
    for (unsigned i = 0; i < role->rule.requires_count; i++)
        for (int n = 0; tb_expression_equality(role->rule.requires[i].rule, n, fact, attribute); n++)
            if (index-- == 0)
                return 1;
    return 0;
}

int tb_role_possible(const tb_role *role, const tb_facts *visit)
{
    for (unsigned i = 0; i < role->rule.requires_count; i++) {
        const tb_expression *rule = role->rule.requires[i].rule;
        if (!tb_expression_attribute(rule, 0) && tb_expression_holds(rule, visit, NULL) != TB_TRUE)
            return 0;
    }
    return 1;
}
