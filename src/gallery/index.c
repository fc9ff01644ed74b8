/* index.c: see index.h. */
#include "gallery/index.h"

#include <assert.h>
#include <string.h>

#define FIRST_BUCKETS ((size_t)1 << TB_STAIRS_FIRST)

static uint64_t hash(tb_id id)
{
    uint64_t words[2];
    memcpy(words, id.bytes, sizeof words);
    uint64_t mixed = (words[0] ^ words[1] >> 29) * UINT64_C(0x9e3779b97f4a7c15) + words[1];
    return (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93) >> 20;
}

static size_t bucket_of(const tb_index *index, tb_id id)
{
    uint64_t number = hash(id);
    size_t bucket = number & (2 * index->half - 1);
    return bucket < index->half + index->split ? bucket : bucket & (index->half - 1);
}

static uint32_t *head_at(const tb_index *index, size_t bucket)
{
    return tb_stairs_at(&index->heads, bucket);
}

static tb_entry *entry_at(const tb_index *index, uint32_t link)
{
    return link ? tb_stairs_at(&index->entries, link - 1) : NULL;
}

void tb_index_init(tb_index *index)
{
    *index = (tb_index){.entries.item = sizeof(tb_entry), .heads.item = sizeof(uint32_t), .half = FIRST_BUCKETS};
}

void tb_index_free(tb_index *index)
{
    tb_stairs_free(&index->entries);
    tb_stairs_free(&index->heads);
    tb_index_init(index);
}

tb_entry *tb_index_find(const tb_index *index, tb_id id)
{
    if (!index->heads.room)
        return NULL;
    tb_entry *entry = entry_at(index, *head_at(index, bucket_of(index, id)));
    while (entry && !tb_id_equal(entry->id, id))
        entry = entry_at(index, entry->next);
    return entry;
}

tb_status tb_index_reserve(tb_index *index)
{
    if (index->count >= UINT32_MAX / 2)
        return TB_TOO_LARGE;
    tb_status status = tb_stairs_reserve(&index->heads, index->half + index->split + 1);
    if (status == TB_OK && !index->free)
        status = tb_stairs_reserve(&index->entries, index->touched + 1);
    return status;
}

/* The chain of bucket `split` is divided between it and a new last one. */
static void split_one(tb_index *index)
{
    size_t old = index->split, new = index->half + index->split;
    uint32_t link = *head_at(index, old), stays = 0, goes = 0;
    if (++index->split == index->half) {
        index->half *= 2;
        index->split = 0;
    }
    while (link) {
        tb_entry *entry = entry_at(index, link);
        uint32_t next = entry->next;
        size_t bucket = bucket_of(index, entry->id);
        assert(bucket == old || bucket == new);
        uint32_t *to = bucket == old ? &stays : &goes;
        entry->next = *to;
        *to = link;
        link = next;
    }
    *head_at(index, old) = stays;
    *head_at(index, new) = goes;
}

tb_entry *tb_index_add(tb_index *index, tb_id id)
{
    uint32_t link = index->free ? index->free : (uint32_t)++index->touched;
    tb_entry *entry = entry_at(index, link);
    if (index->free)
        index->free = entry->next;
    uint32_t *head = head_at(index, bucket_of(index, id));
    *entry = (tb_entry){.id = id, .next = *head};
    *head = link;
    if (++index->count > index->half + index->split)
        split_one(index);
    return entry;
}

void tb_index_drop(tb_index *index, tb_entry *entry)
{
    uint32_t *link = head_at(index, bucket_of(index, entry->id));
    while (entry_at(index, *link) != entry) {
        assert(*link); /* N1 */
        link = &entry_at(index, *link)->next;
    }
    uint32_t freed = *link;
    *link = entry->next;
    *entry = (tb_entry){.next = index->free};
    index->free = freed;
    index->count--;
}
