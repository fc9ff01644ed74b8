/* postgres_queue.c: statements that are sent without waiting for their answers: on the way to the server and back they
 * all cost what one costs. What comes next and needs an answer hears theirs first. */
#include "store/postgres.h"

tb_status postgres_queue_open(postgres_link *link, const postgres_queue *queue)
{
    if (queue->count || PQenterPipelineMode(link->connection))
        return TB_OK;
    postgres_link_drop(link);
    return TB_DB_GONE;
}

/* The answer to one, and the end of its answers. */
static tb_status hear_one(postgres_link *link, const char *sql, tb_status before, PGresult **out)
{
    PGresult *result = PQgetResult(link->connection), *more;
    tb_status status = before;
    if (before == TB_OK) /* else it was not run: the failure before it has been told */
        status = postgres_status(link, result, sql);
    if (status == TB_OK && out)
        *out = result;
    else
        PQclear(result);
    while (link->connection && (more = PQgetResult(link->connection)))
        PQclear(more);
    return status;
}

tb_status postgres_queue_hear(postgres_link *link, postgres_queue *queue, PGresult **last)
{
    tb_status status = TB_OK;
    int count = queue->count;
    queue->count = 0;
    if (!count)
        return TB_OK;
    if (!PQpipelineSync(link->connection)) {
        postgres_link_drop(link);
        return TB_DB_GONE;
    }
    for (int i = 0; i < count && link->connection; i++)
        status = hear_one(link, queue->sql[i], status, i == count - 1 ? last : NULL);
    if (link->connection) {
        PGresult *end = PQgetResult(link->connection); /* of the round */
        int good = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
        PQclear(end);
        if (!good || !PQexitPipelineMode(link->connection))
            postgres_link_drop(link);
    }
    if (link->connection)
        return status;
    if (last)
        PQclear(*last);
    if (last)
        *last = NULL;
    return TB_DB_GONE;
}
