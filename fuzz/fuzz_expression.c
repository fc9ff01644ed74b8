/* Any text as an expression, asked for both types it may have; what compiles must evaluate, and to unknown without
 * facts. */
#include <stdlib.h>
#include <string.h>

#include "../src/access/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fact(const void *context, const char *name, tb_value_type *type)
{
    static const struct {
        const char *name;
        tb_value_type type;
    } facts[] = {{"status", TB_VALUE_STATUS},
                 {"flag", TB_VALUE_BOOL},
                 {"items", TB_VALUE_INT},
                 {"gate", TB_VALUE_TEXT},
                 {"boarding", TB_VALUE_TIME}};
    (void)context;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].name, name) == 0) {
            *type = facts[i].type;
            return 1;
        }
    return 0;
}

static int status_of(const void *context, const char *name)
{
    (void)context;
    return strcmp(name, "booked") == 0 ? 0 : strcmp(name, "boarded") == 0 ? 1 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tb_vocabulary vocabulary = {NULL, fact, status_of};
    char source[1024];
    tb_facts visit = {0};
    tb_time time;
    if (size >= sizeof source)
        return 0;
    memcpy(source, data, size);
    source[size] = '\0';
    if (tb_facts_set_int(&visit, "status", 1) != TB_OK || tb_facts_set_text(&visit, "gate", "12") != TB_OK ||
        tb_facts_set_time(&visit, "boarding", TB_TIME_NEVER - 1) != TB_OK)
        abort();
    for (int wanted = 0; wanted < 2; wanted++) {
        tb_expression *expression;
        tb_error why = {0};
        if (tb_expression_compile(source, &vocabulary, wanted ? TB_VALUE_TIME : TB_VALUE_BOOL, &expression, &why) !=
            TB_OK) {
            if (expression || !why.text[0])
                abort();
            continue;
        }
        if (wanted)
            (void)tb_expression_time(expression, &visit, &time);
        else if (tb_expression_holds(expression, &visit, &visit) > TB_UNKNOWN)
            abort();
        if (!wanted && strstr(source, "visit.") && tb_expression_holds(expression, NULL, NULL) == TB_TRUE &&
            !strchr(source, '\''))
            abort(); /* it names an absent fact, so it cannot be true (text constants may hold anything) */
        tb_expression_free(&expression);
    }
    return 0;
}
