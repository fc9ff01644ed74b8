/* awkward.h: a profile whose rules look at touchpoints in every way that the language allows, so that an index over
 * them has something to get wrong. */
#ifndef SUPPORT_AWKWARD_H
#define SUPPORT_AWKWARD_H

/* clang-format off */
#define AWKWARD_ROLE(name, requires, window)                                                                           \
    "  - name: " name "\n    zone: here\n    kind: passage\n    titles: {ja: 場所, en: Place}\n    requires:\n"           \
    "      - {that: visit.consented, else: no_consent}\n" requires window                                              \
    "    for: [guide]\n    sees: [name, one, day]\n"
static const char awkward_profile[] =
    "name: awkward\n"
    "purposes:\n"
    "  - {name: guide, titles: {ja: ご案内, en: Show the way}}\n"
    "facts:\n"
    "  - {name: consented, type: bool}\n"
    "  - {name: name, type: text, for: [guide]}\n"
    "  - {name: one, type: text, for: [guide]}\n"
    "  - {name: two, type: text}\n"
    "  - {name: day, type: text, for: [guide]}\n"
    "  - {name: level, type: int}\n"
    "  - {name: vip, type: bool}\n"
    "  - {name: begins, type: time}\n"
    "  - {name: ends, type: time, after: begins}\n"
    "  - {name: lunch, type: time}\n"
    "  - {name: tea, type: time}\n"
    "statuses: [expected, inside, gone]\n"
    "journeys:\n"
    "  - {name: all, titles: {ja: 一日, en: A day}, steps: [door, exit]}\n"
    "consent: {ja: 消去します。, en: We delete it.}\n"
    "visitors:\n"
    "  requires:\n"
    "    - {that: visit.consented, else: no_consent}\n"
    "    - {that: visit.status < gone, else: over}\n"
    "  window: {from: begins - 3h, early: early, until: ends + 1h, late: over}\n"
    "zones:\n"
    "  - {name: here, titles: {ja: ここ, en: Here}}\n"
    "roles:\n"
    "  - {name: desk, zone: here, kind: checkin, titles: {ja: 受付, en: Desk}, requires: [{that: not visit.consented, else: over}],\n"
    "     sees: [], on_match: {status: expected}, unknown: no_consent}\n"
    AWKWARD_ROLE("door", "      - {that: visit.one == touchpoint.one and visit.two == touchpoint.two, else: other}\n", "")
    "    on_match: {flag: on, status: inside}\n"
    AWKWARD_ROLE("twice", "      - {that: touchpoint.one == visit.one, else: other}\n"
                          "      - {that: visit.one == touchpoint.two, else: other}\n", "")
    AWKWARD_ROLE("either", "      - {that: visit.one == touchpoint.one or visit.two == touchpoint.two, else: other}\n",
                 "    window: {until: ends, late: over}\n")
    AWKWARD_ROLE("not_there", "      - {that: not (visit.one == touchpoint.one), else: other}\n", "")
    AWKWARD_ROLE("elsewhere", "      - {that: visit.one != touchpoint.one and visit.day == touchpoint.day, else: other}\n", "")
    AWKWARD_ROLE("grade", "      - {that: touchpoint.grade == '1' or (touchpoint.grade == '2' and visit.vip) or visit.level > 2, else: other}\n", "")
    AWKWARD_ROLE("pair", "      - {that: touchpoint.one == touchpoint.two, else: other}\n"
                         "      - {that: visit.one == visit.two or visit.day == '2', else: other}\n", "")
    AWKWARD_ROLE("constant", "      - {that: visit.one == touchpoint.one and visit.two == '1', else: other}\n"
                             "      - {that: touchpoint.grade == '3', else: other}\n", "")
    AWKWARD_ROLE("lunch", "      - {that: visit.day == touchpoint.day, else: other}\n",
                 "    window: {from: lunch, early: early, until: tea, late: over}\n    lead: 30m\n")
    AWKWARD_ROLE("tea", "", "    window: {from: tea - 10m, early: early}\n    lead: 1h\n")
    AWKWARD_ROLE("in_vip", "      - {that: (visit.vip and visit.flag) == (visit.level < 3), else: other}\n"
                           "      - {that: visit.one == touchpoint.one, else: other}\n", "")
    AWKWARD_ROLE("exit", "      - {that: visit.flag, else: other}\n", "")
    "    on_match: {flag: off, status: gone, deletes_entry: true}\n"
    "reasons:\n"
    "  - {name: no_consent, ja: 同意がありません。, en: You have not agreed.}\n"
    "  - {name: early, ja: まだです。, en: Too early.}\n"
    "  - {name: over, ja: 終了しました。, en: It is over.}\n"
    "  - {name: other, ja: こちらではありません。, en: Not here.}\n"
    "  - {name: not_sure, ja: 確認できませんでした。, en: We could not be sure.}\n"
    "  - {name: offline, ja: 確認できません。, en: We cannot check this now.}\n"
    "  - {name: pin_wrong, ja: 違います。, en: That is not right.}\n"
    "  - {name: pin_locked, ja: 停止しました。, en: It is locked.}\n"
    "  - {name: declined, ja: 承認されませんでした。, en: It was declined.}\n"
    "  - {name: no_instrument, ja: 登録がありません。, en: Nothing is registered.}\n"
    "  - {name: document_expired, ja: 期限切れです。, en: It has expired.}\n"
    "  - {name: check_digit, ja: 読み取れません。, en: It cannot be read.}\n"
    "  - {name: person_mismatch, ja: 照合できません。, en: It does not match.}\n"
    "  - {name: wrong_day, ja: 別の日です。, en: Another day.}\n";
/* clang-format on */

#endif
