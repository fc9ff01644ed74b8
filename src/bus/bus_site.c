/* bus_site.c: what a site has on the broker, or on the cluster of brokers: the parts of its bucket and the stream of
 * its events, in how many copies, and whether the bucket still holds what was written. */
#include "bus/bus_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define COPIES 3 /* what a cluster of three or more keeps, unless somebody says otherwise */

/* ---- copies ---- */

/* Servers that are known: named to us, or told by the one that we are connected to. */
static int known_servers(const tb_bus *bus)
{
    char **servers = NULL;
    int count = 0;
    if (natsConnection_GetServers(bus->connection, &servers, &count) != NATS_OK)
        return 0;
    for (int i = 0; i < count; i++)
        free(servers[i]);
    free(servers);
    return count;
}

static int wanted_copies(const tb_bus *bus)
{
    return bus->replicas ? bus->replicas : known_servers(bus) >= COPIES ? COPIES : 1;
}

/* Several addresses of one server look like a cluster and are none. */
static tb_status add(tb_bus *bus, jsStreamConfig *config, jsErrCode *code)
{
    config->Replicas = wanted_copies(bus);
    tb_status status = bus_js_status(js_AddStream(NULL, bus->js, config, NULL, code), code);
    if (*code == JSStreamReplicasNotSupportedErr && !bus->replicas) {
        config->Replicas = 1;
        *code = 0;
        status = bus_js_status(js_AddStream(NULL, bus->js, config, NULL, code), code);
    }
    return status;
}

/* A site that was begun with one server and has three now; never fewer than there are. */
static void raise_copies(tb_bus *bus, jsStreamConfig *config)
{
    jsErrCode code = 0;
    int before = (int)config->Replicas, wanted = wanted_copies(bus);
    if (wanted <= before)
        return;
    config->Replicas = wanted;
    natsStatus s = js_UpdateStream(NULL, bus->js, config, NULL, &code);
    if (s == NATS_OK)
        tb_log(TB_LOG_INFO, "bus", "%s is now kept in %d copies", config->Name, wanted);
    else if (code != JSStreamReplicasNotSupportedErr)
        tb_log(TB_LOG_WARNING, "bus", "%s stays in %d copies: %s", config->Name, before, natsStatus_GetText(s));
}

tb_status bus_stream_keep(tb_bus *bus, jsStreamConfig *config, int *made, tb_error *why)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    tb_status status = bus_js_status(js_GetStreamInfo(&info, bus->js, config->Name, NULL, &code), &code);
    *made = status == TB_NOT_FOUND;
    if (status == TB_OK)
        raise_copies(bus, info->Config);
    jsStreamInfo_Destroy(info);
    if (status != TB_NOT_FOUND)
        return status == TB_OK ? TB_OK
                               : tb_fail(why, status, "the broker does not answer about %s: %s", config->Name,
                                         tb_status_sentence(status));
    code = 0;
    status = add(bus, config, &code);
    if (status == TB_OK)
        return TB_OK;
    if (code == JSClusterNoPeersErr || code == JSInsufficientResourcesErr || code == JSStreamReplicasNotSupportedErr)
        return tb_fail(why, TB_BUS_DOWN, "the brokers have no place for %d copies of %s: are all of them there?",
                       (int)config->Replicas, config->Name);
    return tb_fail(why, status, "the broker does not give %s: %s", config->Name, tb_status_sentence(status));
}

/* ---- bucket ---- */

static void note_stored(tb_bus *bus, int part, uint64_t number)
{
    pthread_mutex_lock(&bus->lock);
    bus->stored[part] = number;
    pthread_mutex_unlock(&bus->lock);
}

static tb_status part_make(tb_bus *bus, const char *site, int part, int *made, tb_error *why)
{
    char name[BUS_NAME_SIZE], subjects[TB_SUBJECT_SIZE];
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    bus_bucket_name(site, part, name);
    snprintf(subjects, sizeof subjects, "$KV.feed_%s.%d.>", site, part);
    config.Name = name;
    config.Subjects = (const char *[]){subjects};
    config.SubjectsLen = 1;
    config.Storage = js_MemoryStorage; /* no template rests on the broker's disk */
    config.MaxMsgsPerSubject = 1;
    config.Discard = js_DiscardNew;
    config.AllowRollup = true;
    config.AllowDirect = true;
    return bus_stream_keep(bus, &config, made, why);
}

static tb_status epoch_missing(tb_bus *bus, const char *site, int part, int *missing, tb_error *why)
{
    char name[BUS_NAME_SIZE], subject[TB_SUBJECT_SIZE];
    natsMsg *message = NULL;
    jsErrCode code = 0;
    bus_bucket_name(site, part, name);
    bus_epoch_subject(site, part, subject);
    tb_status status = bus_js_status(js_GetLastMsg(&message, bus->js, name, subject, NULL, &code), &code);
    natsMsg_Destroy(message);
    *missing = status == TB_NOT_FOUND;
    return status == TB_OK || status == TB_NOT_FOUND
               ? TB_OK
               : tb_fail(why, status, "the bucket's epoch cannot be read: %s", tb_status_sentence(status));
}

/* *lost: a part was made, or holds no mark. */
static tb_status bucket_open(tb_bus *bus, const char *site, int *lost, tb_error *why)
{
    tb_status status = TB_OK;
    *lost = 0;
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++) {
        int made = 0, missing = 0;
        status = part_make(bus, site, part, &made, why);
        if (status == TB_OK && made)
            note_stored(bus, part, 0);
        if (status == TB_OK && !made)
            status = epoch_missing(bus, site, part, &missing, why);
        *lost |= made || missing;
    }
    return status;
}

tb_status tb_bus_site_open(tb_bus *bus, const char *site, int *lost, tb_error *why)
{
    *lost = 0;
    if (!bus_site_is_good(site))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a site's name is a-z, 0-9 and _, at most 24 characters");
    if (!tb_bus_is_connected(bus))
        return tb_fail(why, TB_BUS_DOWN, "%s", tb_status_sentence(TB_BUS_DOWN));
    /* before what waits for the broker's answers: when we return it knows that we serve; and bus->list is before way */
    tb_status status = bus_lists_serve(bus, site);
    if (status != TB_OK)
        return status;
    BUS_WAY(bus);
    uint64_t connection = bus_connection(bus);
    int missing = 0;
    status = bucket_open(bus, site, &missing, why);
    if (status == TB_OK)
        status = bus_stream_make(bus, site, why);
    if (status == TB_OK)
        status = bus_status(bus_feed_listen(bus));
    if (status != TB_OK)
        return status;
    pthread_mutex_lock(&bus->lock);
    snprintf(bus->site, sizeof bus->site, "%s", site);
    bus->site_connection = connection;
    pthread_mutex_unlock(&bus->lock);
    *lost = missing;
    return TB_OK;
}

void tb_bus_feed_yield(tb_bus *bus)
{
    for (int part = 0; part < BUS_PARTS; part++)
        note_stored(bus, part, 0);
}

/* Acknowledged by most of the brokers is not for ever: their memory goes with them, and those who come back may
 * outvote the one that still knows. A bucket that ends before what it has acknowledged has lost something. */
tb_status tb_bus_feed_whole(tb_bus *bus, const char *site, int *whole)
{
    *whole = 1;
    if (!bus_site_is_good(site) || !bus_site_is_open(bus, site))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    for (int part = 0; part < BUS_PARTS && *whole; part++) {
        char name[BUS_NAME_SIZE];
        jsStreamInfo *info = NULL;
        jsErrCode code = 0;
        bus_bucket_name(site, part, name);
        pthread_mutex_lock(&bus->lock);
        uint64_t stored = bus->stored[part];
        pthread_mutex_unlock(&bus->lock);
        tb_status status = bus_js_status(js_GetStreamInfo(&info, bus->js, name, NULL, &code), &code);
        *whole = status == TB_OK ? info->State.LastSeq >= stored : status != TB_NOT_FOUND;
        jsStreamInfo_Destroy(info);
        if (status != TB_OK && status != TB_NOT_FOUND)
            return status;
    }
    return TB_OK;
}
