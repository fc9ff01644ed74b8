// E2 E3 E4 A20: a day at a world's fair by its profile alone: ticket code and face at the gate, shops that search only the day's visitors, and nothing left after it; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoPeople } from '../support/edge.mjs';
import { skipWithoutParts, hours, mod97, startSite, register, enter, meet, buy, filesWith } from '../support/site.mjs';

skipWithoutParts();

test('a day at the fair', async (t) => {
  const { server, edges, post, visit, end, counts } = await startSite(t, 'expo', { desk: { role: 'registration' }, gate: {}, shop: {}, exit: {} });
  const { desk, gate, shop, exit } = edges;
  const [ann, ben, cid] = await demoPeople(3);
  const codes = [1, 2, 3, 4].map((n) => mod97(`EX20261122${String(n).padStart(2, '0')}`));
  const day = (n, more) => ({ ticket_kind: 'one_day', valid_from: hours(24 * n - 6), valid_until: hours(24 * n + 18), opens: hours(24 * n - 3), closes: hours(24 * n + 9), ...more });
  const season = { ticket_kind: 'season', valid_from: hours(-900), valid_until: hours(900) };
  const anns = await visit('S1-today', 'ANN ASTER', day(0, { ticket: codes[0], ...season }));
  await post('visits', { reference: 'S1-tomorrow', person: anns.person, facts: day(1, { ticket: codes[0], ...season }) });
  const bens = await visit('D2', 'BEN ASTER', day(0, { ticket: codes[1] }));
  const cids = await visit('D3', 'CID ASTER', day(2, { ticket: codes[2] }));
  const listed = (edge, n) => edge.until(`${n} on the list`, (s) => s.list.connected && s.list.entries === n);

  await t.test('faces come with the tickets\' codes', async () => {
    for (const [code, person] of [[codes[0], ann], [codes[1], ben], [codes[2], cid]]) assert.equal((await register(desk, code, person)).outcome, 'admitted');
    await listed(gate, 2); // today's: neither the day after tomorrow's nor anybody twice
    const { screen, reference } = await gate.state();
    assert.equal(screen.en, 'Please show your ticket code and look into the camera.');
    assert.deepEqual(reference, { en: 'ticket code', ja: 'チケットコード', first: true, shown: false });
  });

  await t.test('the code names the visit, the face has to be its own', async () => {
    const misread = await enter(gate, codes[0].replace('22', '23'), ann);
    assert.deepEqual([misread.outcome, misread.reason], ['retry', 'check_digit']);
    const others = await enter(gate, codes[1], ann);
    assert.deepEqual([others.outcome, others.reason, others.source, others.fields], ['refused', 'other_face', 'list', {}]);
    const nobodys = await enter(gate, codes[3], ann);
    assert.deepEqual([nobodys.outcome, nobodys.reason, nobodys.source], ['unknown', 'reference_unknown', 'server']);
    assert.equal((await enter(gate, codes[2], cid)).reason, 'wrong_day');
    const inside = await enter(gate, codes[0], ann);
    assert.deepEqual([inside.outcome, inside.source, inside.fields], ['admitted', 'list', { ticket_kind: 'season' }], JSON.stringify(inside));
    const again = await enter(gate, codes[0], ann);
    assert.deepEqual([again.outcome, again.reason, again.source], ['refused', 'already_inside', 'server']);
    assert.equal((await enter(gate, codes[1], ben, { faceFirst: true })).outcome, 'admitted');
  });

  await t.test('a shop searches who is inside today and can pay', async () => {
    await listed(shop, 0);
    assert.equal((await buy(shop, ben)).reason, 'no_instrument');
    for (const [{ person }, kind] of [[anns, 'card'], [bens, 'card'], [cids, 'wallet']]) await post(`people/${person}/instruments`, { kind, token: 'good' });
    await listed(shop, 1);
    assert.equal((await buy(shop, ann)).outcome, 'admitted');
    assert.equal((await buy(shop, ben)).reason, 'wallet_only');
    assert.equal((await buy(shop, cid)).outcome, 'unknown'); // pays the day after tomorrow
    assert.equal((await meet(exit, ann)).outcome, 'admitted');
    await listed(shop, 0);
    assert.equal((await counts()).payments, 1);
  });

  await t.test('nothing is left of whose days are over', async () => {
    for (const one of [bens, cids]) await end(one);
    assert.deepEqual(await counts().then((c) => [c.people, c.templates]), [1, 1]); // ann comes again tomorrow
    await end(anns);
    await end({ visit: (await post('visits', { reference: 'S1-tomorrow', person: anns.person, facts: day(1, { ticket: codes[0], ...season }) }, 200)).visit });
    for (const edge of Object.values(edges)) await listed(edge, 0);
    assert.deepEqual(await counts().then((c) => [c.people, c.templates, c.visitors, c.entries]), [0, 0, 0, 0]);
    for (const edge of Object.values(edges)) assert.equal((await edge.stop()).code, 0);
    assert.equal((await server.stop()).code, 0);
    const words = ['ASTER', ...codes];
    assert.deepEqual(filesWith(words, server.data, ...Object.values(edges).map((edge) => edge.data)), []);
    for (const program of [server.program, ...Object.values(edges).map((edge) => edge.program)])
      assert.doesNotMatch(program.err, new RegExp(`AddressSanitizer|runtime error|${words.join('|')}`));
  });
});
