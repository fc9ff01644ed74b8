// A18 A22: a small site without a visitor database; a VIP room by the hour and a crew area by shifts: entry in that window only, also without network.
import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTeburad, http, temporary, sleep, waitFor } from '../support/teburad.mjs';
import { startEdge, demoPeople } from '../support/edge.mjs';
import { skipWithoutParts, register, meet } from '../support/site.mjs';

skipWithoutParts();

const club = `name: club
facts:
  - {name: consented, type: bool}
  - {name: ends, type: time}
  - {name: vip_from, type: time}
  - {name: vip_until, type: time, after: vip_from}
  - {name: crew, type: bool}
  - {name: shift_from, type: time}
  - {name: shift_until, type: time, after: shift_from}
statuses: [booked, registered]
consent: {ja: お部屋へのご入室にお顔の特徴データを使い、終了時に消去します。, en: We use features of your face at the doors and delete them at the end.}
reference: {titles: {ja: 会員番号, en: member number}}
visitors:
  database: none
  requires:
    - {that: visit.consented, else: no_consent}
  window: {until: ends, late: over}
zones:
  - {name: house, titles: {ja: 館内, en: House}}
roles:
  - name: registration
    zone: house
    kind: checkin
    documents: [reference]
    titles: {ja: ご登録, en: Registration}
    requires:
      - {that: not visit.consented, else: known}
    window: {until: ends, late: over}
    sees: []
    on_match: {status: registered}
    unknown: unknown
  - name: vip_room
    zone: house
    kind: passage
    titles: {ja: VIPルーム, en: VIP room}
    requires:
      - {that: visit.consented, else: no_consent}
    window: {from: vip_from, early: vip_early, until: vip_until, late: vip_over}
    lead: 1h
    sees: []
    on_match: {actuate: door}
  - name: crew_area
    zone: house
    kind: passage
    titles: {ja: 乗務員区域, en: Crew area}
    requires:
      - {that: visit.consented, else: no_consent}
      - {that: visit.crew, else: crew_only}
    window: {from: shift_from, early: off_shift, until: shift_until, late: off_shift}
    sees: []
    on_match: {actuate: door}
    asks_server: true
    unknown: unknown
reasons:
${[['no_consent', 'No consent.'], ['over', 'It is over.'], ['known', 'You are known.'], ['unknown', 'We do not know you.'], ['vip_early', 'The room is yours from {from}.'], ['vip_over', 'Your time ended at {until}.'],
  ['crew_only', 'Crew only.'], ['off_shift', 'Not your shift.'], ['not_sure', 'Not sure.'], ['offline', 'Not now.'], ['check_digit', 'Again.'], ['document_expired', 'Expired.'], ['person_mismatch', 'Other person.'], ['wrong_day', 'Other day.'], ['too_many_tries', 'Ask us.']]
    .map(([name, en]) => `  - {name: ${name}, ja: 'お知らせ: ${name}', en: '${en}'}`).join('\n')}
`;

const at = (s) => new Date(Date.now() + s * 1000).toISOString().replace(/\.\d+Z/, 'Z');

test('in the window only, with and without network', async (t) => {
  const profile = join(temporary(t), 'club.yaml');
  writeFileSync(profile, club);
  const server = await startTeburad(t, { args: ['--profile', profile] });
  const [kiosk, vip, crew] = await Promise.all(['registration', 'vip_room', 'crew_area'].map((role) => startEdge(t, server, { id: role.replace('_', '-'), role, args: ['--profile', profile] })));
  const [guest] = await demoPeople(1);
  const put = async (facts) => {
    const answer = await http(server, 'POST', '/api/v1/visits', { body: { reference: 'R1', name: 'HANA', facts: { ends: at(3000), crew: false, ...facts } } });
    assert.ok(answer.status < 300, answer.text);
  };
  await put({ vip_from: at(1000), vip_until: at(2000) });
  assert.equal((await register(kiosk, 'R1', guest)).outcome, 'admitted');
  await kiosk.stop();
  await vip.until('the list', (s) => s.list.entries === 1);
  assert.equal((await http(server, 'GET', '/api/v1/counts')).json.visitors, 0); // no visitor database
  assert.equal((await crew.state()).list.entries, 0);
  assert.equal((await meet(crew, guest)).reason, 'crew_only'); // the third authentication, straight from the central database
  await put({ vip_from: at(1000), vip_until: at(2000), crew: true, shift_from: at(-10), shift_until: at(1000) });
  await crew.until('the list', (s) => s.list.entries === 1);
  assert.equal((await meet(crew, guest)).outcome, 'admitted');
  await put({ vip_from: at(1000), vip_until: at(2000), crew: true, shift_from: at(-10), shift_until: at(-1) });
  await crew.until('the shift is over', (s) => s.list.entries === 0);
  assert.equal((await meet(crew, guest)).reason, 'off_shift');

  const early = await meet(vip, guest);
  assert.equal(early.reason, 'vip_early');
  const before = (await vip.state()).list.sequence;
  const from = Date.now() + 9000, until = Date.now() + 20000; // one begins, the other ends while both are alone
  await put({ vip_from: at(9), vip_until: at(2000), crew: true, shift_from: at(-10), shift_until: at(20) });
  await vip.until('the new window', (s) => s.list.sequence > before);
  await crew.until('the new shift', (s) => s.list.entries === 1);
  assert.equal((await http(server, 'POST', '/api/v1/check')).json.equal, true);
  await server.stop('SIGKILL'); // and the broker with it: from here on the terminals are alone
  for (const edge of [vip, crew]) await edge.until('alone', (s) => !s.list.connected);
  if (Date.now() < from - 3000) assert.equal((await meet(vip, guest)).reason, 'vip_early');
  await sleep(Math.max(0, from - Date.now()));
  const inside = await meet(vip, guest);
  assert.equal(inside.outcome, 'admitted', JSON.stringify(inside));
  if (Date.now() < until - 6000) assert.equal((await meet(crew, guest)).outcome, 'admitted');
  await sleep(Math.max(0, until + 1000 - Date.now()));
  const late = await meet(crew, guest);
  assert.notEqual(late.outcome, 'admitted', JSON.stringify(late));
  await waitFor('shut', async () => (await vip.state()).actuator.open === false && (await crew.state()).actuator.open === false);
});
