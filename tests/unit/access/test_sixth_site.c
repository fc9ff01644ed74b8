/* A site that Tebura has never heard of (A20, A18): a cruise ship with a VIP room by the hour and an engine room by
 * shifts. Nothing but this profile is written for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "site.h"

/* clang-format off */
static const char ship[] =
    "name: cruise_ship\n"
    "purposes:\n"
    "  - {name: guide, titles: {ja: ご案内, en: Show people the way}}\n"
    "  - {name: host, titles: {ja: おもてなし, en: Look after guests}}\n"
    "facts:\n"
    "  - {name: consented, type: bool}\n"
    "  - {name: name, type: text, for: [host]}\n"
    "  - {name: cabin, type: text, for: [host], sensitive: true}\n"
    "  - {name: embarks, type: time}\n"
    "  - {name: disembarks, type: time, after: embarks}\n"
    "  - {name: vip_room, type: text, for: [guide]}\n"
    "  - {name: vip_from, type: time}\n"
    "  - {name: vip_until, type: time, after: vip_from}\n"
    "  - {name: crew, type: bool}\n"
    "  - {name: shift_from, type: time}\n"
    "  - {name: shift_until, type: time, after: shift_from}\n"
    "  - {name: muster, type: text, for: [guide]}\n"
    "statuses: [booked, aboard, ashore]\n"
    "journeys:\n"
    "  - name: cruise\n"
    "    titles: {ja: 船旅, en: A cruise}\n"
    "    steps: [gangway, cabin, vip_room, shore_leave, gangway, cabin, farewell]\n"
    "consent:\n"
    "  ja: 乗船、客室、ラウンジを顔だけでご利用いただくために、お顔の特徴データを使います。下船の日に消去します。\n"
    "  en: We use features of your face for the gangway, your cabin and the lounges. They are deleted on the day you leave.\n"
    "visitors:\n"
    "  requires:\n"
    "    - {that: visit.consented, else: no_consent}\n"
    "    - {that: visit.status < ashore, else: voyage_over}\n"
    "  window: {from: embarks - 12h, early: too_early, until: disembarks + 6h, late: voyage_over}\n"
    "zones:\n"
    "  - {name: pier, titles: {ja: 桟橋, en: Pier}}\n"
    "  - {name: decks, titles: {ja: 船内, en: Decks}}\n"
    "  - {name: engine, titles: {ja: 機関区域, en: Engine area}}\n"
    "roles:\n"
    "  - name: gangway\n"
    "    zone: pier\n"
    "    kind: passage\n"
    "    titles: {ja: 乗船口, en: Gangway}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: not visit.flag, else: aboard_already}\n"
    "    window: {from: embarks, early: too_early, until: disembarks, late: voyage_over}\n"
    "    lead: 1h\n"
    "    for: [guide]\n"
    "    sees: [muster]\n"
    "    on_match: {actuate: gate, flag: on, status: aboard, deletes_entry: true}\n"
    "    asks_server: true\n"
    "    unknown: not_booked\n"
    "  - name: shore_leave\n"
    "    zone: pier\n"
    "    kind: passage\n"
    "    titles: {ja: 上陸口, en: Shore leave}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: visit.flag, else: not_aboard}\n"
    "    window: {until: disembarks, late: voyage_over}\n"
    "    sees: []\n"
    "    on_match: {actuate: gate, flag: off, deletes_entry: true}\n"
    "  - name: cabin\n"
    "    zone: decks\n"
    "    kind: passage\n"
    "    titles: {ja: 客室, en: Cabin}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: visit.flag, else: not_aboard}\n"
    "      - {that: visit.cabin == touchpoint.cabin, else: other_cabin}\n"
    "    window: {until: disembarks, late: voyage_over}\n"
    "    sees: []\n"
    "    on_match: {actuate: door}\n"
    "  - name: vip_room\n"
    "    zone: decks\n"
    "    kind: passage\n"
    "    titles: {ja: VIPルーム, en: VIP room}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: visit.flag, else: not_aboard}\n"
    "      - {that: visit.vip_room == touchpoint.room, else: no_vip}\n"
    "    window: {from: vip_from, early: vip_early, until: vip_until, late: vip_over}\n"
    "    lead: 5m\n"
    "    for: [host, guide]\n"
    "    sees: [name]\n"
    "    on_match: {actuate: door}\n"
    "    asks_server: true\n"
    "    unknown: no_vip\n"
    "  - name: engine_room\n"
    "    zone: engine\n"
    "    kind: passage\n"
    "    titles: {ja: 機関室, en: Engine room}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: visit.crew and visit.flag, else: crew_only}\n"
    "    window: {from: shift_from - 15m, early: off_shift, until: shift_until + 15m, late: off_shift}\n"
    "    sees: []\n"
    "    on_match: {actuate: door}\n"
    "  - name: farewell\n"
    "    zone: pier\n"
    "    kind: passage\n"
    "    titles: {ja: 下船口, en: Farewell}\n"
    "    requires:\n"
    "      - {that: visit.consented, else: no_consent}\n"
    "      - {that: visit.flag and visit.status < ashore, else: not_aboard}\n"
    "    window: {from: disembarks - 6h, early: too_early, until: disembarks + 6h, late: voyage_over}\n"
    "    sees: []\n"
    "    on_match: {actuate: gate, flag: off, status: ashore, deletes_entry: true}\n"
    "reasons:\n"
    "  - {name: no_consent, ja: 同意をいただいていません。, en: You have not agreed to the use of your face.}\n"
    "  - {name: not_booked, ja: ご予約が見つかりません。, en: We cannot find your booking.}\n"
    "  - {name: not_sure, ja: 確認できませんでした。乗船証をお見せください。, en: We could not be sure. Please show your boarding card.}\n"
    "  - {name: offline, ja: ただいま確認できません。, en: We cannot check this right now.}\n"
    "  - {name: too_early, ja: '{from} からお通りいただけます。', en: 'Please come back from {from}.'}\n"
    "  - {name: voyage_over, ja: 船旅は終了しました。, en: Your voyage has ended.}\n"
    "  - {name: aboard_already, ja: 'ご乗船済みです。集合場所は {muster} です。', en: 'You are aboard already. Your muster station is {muster}.'}\n"
    "  - {name: not_aboard, ja: ご乗船の記録がありません。, en: You are not aboard.}\n"
    "  - {name: other_cabin, ja: こちらはお客様の客室ではありません。, en: This is not your cabin.}\n"
    "  - {name: no_vip, ja: ご予約のお部屋をお確かめください。, en: Please check which room you have reserved.}\n"
    "  - {name: vip_early, ja: '{from} からご利用いただけます。', en: 'The room is yours from {from}.'}\n"
    "  - {name: vip_over, ja: 'ご利用時間は {until} に終了しました。', en: 'Your time ended at {until}.'}\n"
    "  - {name: crew_only, ja: 関係者以外は入れません。, en: Crew only.}\n"
    "  - {name: off_shift, ja: 勤務時間外です。, en: You are not on shift.}\n";
/* clang-format on */

static tb_profile *profile;

static int load(void **state)
{
    (void)state;
    profile = site_parse(ship);
    return profile == NULL;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

static const char guest[] =
    "consented=true name=HANA cabin=A7 embarks=0h disembarks=7d vip_room=sky vip_from=30h vip_until=31h "
    "muster=B crew=false shift_from= shift_until= status=booked flag=false";

static void a_cruise(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"cabin", "cabin=A7", "1h", NULL, "not_aboard"},
        {"gangway", "", "-1h", NULL, "too_early"},
        {"gangway", "", "1h", NULL, ""},
        {"gangway", "", "1h", NULL, "aboard_already"},
        {"cabin", "cabin=A8", "2h", NULL, "other_cabin"},
        {"cabin", "cabin=A7", "2h", NULL, ""},
        {"engine_room", "", "2h", NULL, "crew_only"},
        {"shore_leave", "", "25h", NULL, ""},
        {"vip_room", "room=sky", "30h", NULL, "not_aboard"}, /* in time, but on land */
        {"gangway", "", "29h", NULL, ""},
        {"vip_room", "room=sea", "30h", NULL, "no_vip"},
        {"vip_room", "room=sky", "30h", NULL, ""},
        {"farewell", "", "2d", NULL, "too_early"},
        {"farewell", "", "7d", NULL, ""},
        {"cabin", "cabin=A7", "6d", NULL, "not_aboard"},
    };
    site_follow(profile, guest, steps, sizeof steps / sizeof *steps);
}

/* The room opens to the microsecond, its entry is at the door five minutes before, and is gone when the hour is
 * over. */
static void the_vip_room_by_the_hour(void **state)
{
    (void)state;
    static const struct {
        const char *when, *reason;
    } table[] = {{"0h", "vip_early"}, {"30h-1", "vip_early"}, {"30h", ""}, {"31h-1", ""}, {"31h", "vip_over"}};
    const tb_role *role = tb_profile_role(profile, "vip_room");
    tb_facts visit = site_facts(profile, guest), door = site_facts(profile, "room=sky"), told;
    site_set(profile, &visit, "status=aboard flag=true");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tb_verdict verdict = tb_role_judge(role, &visit, &door, site_time(table[i].when));
        assert_string_equal(verdict.reason, table[i].reason);
        assert_int_equal(tb_role_delivery(role, &verdict), site_time("30h") - 5 * TB_MINUTE);
        assert_true(verdict.from == site_time("30h") && verdict.until == site_time("31h"));
    }
    tb_verdict late = tb_role_judge(role, &visit, &door, site_time("32h"));
    told = (tb_facts){0};
    assert_int_equal(tb_role_explain(role, &visit, &late, &told), TB_OK);
    tb_bytes text = {0};
    assert_int_equal(tb_profile_sentence(profile, late.reason, "en", &told, 0, &text), TB_OK);
    assert_memory_equal(text.data, "Your time ended at 19:00.", text.size); /* noon and 31 hours */
    tb_bytes_free(&text);
    site_set(profile, &visit, "vip_from="); /* no reservation: never */
    assert_int_equal(tb_role_judge(role, &visit, &door, site_time("30h")).judgement, TB_DENY);
}

static void an_engine_room_by_shifts(void **state)
{
    (void)state;
    const tb_role *role = tb_profile_role(profile, "engine_room");
    tb_facts visit = site_facts(profile, guest), none = {0};
    site_set(profile, &visit, "status=aboard flag=true crew=true");
    assert_int_equal(tb_role_judge(role, &visit, &none, site_time("8h")).judgement, TB_DENY); /* no shift is known */
    site_set(profile, &visit, "shift_from=8h shift_until=16h");
    assert_int_equal(tb_role_judge(role, &visit, &none, site_time("8h")).judgement, TB_ADMIT);
    assert_int_equal(tb_role_judge(role, &visit, &none, site_time("7h")).judgement, TB_EARLY);
    assert_int_equal(tb_role_judge(role, &visit, &none, site_time("17h")).judgement, TB_LATE);
}

static void privacy(void **state)
{
    (void)state;
    site_check_privacy(profile, guest, "room=sky cabin=A7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cruise), cmocka_unit_test(the_vip_room_by_the_hour),
                                       cmocka_unit_test(an_engine_room_by_shifts), cmocka_unit_test(privacy)};
    return cmocka_run_group_tests(tests, load, unload);
}
