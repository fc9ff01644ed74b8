// A16: a stay at a hotel by its profile alone: registration by reference, the drive, front desk, doors, meals, check-out; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoPeople } from '../support/edge.mjs';
import { skipWithoutParts, hours, luhn, startSite, register, meet, buy, filesWith } from '../support/site.mjs';

skipWithoutParts();

test('a stay', async (t) => {
  const { server, edges, post, visit, end, counts, journey } = await startSite(t, 'hotel', {
    kiosk: { role: 'registration' }, drive: {}, 'front-desk': {}, 'room-707': { role: 'room', attributes: { room: '707' } },
    'room-708': { role: 'room', attributes: { room: '708' } }, entrance: {}, breakfast: {}, restaurant: {}, checkout: {},
  });
  const { kiosk, drive, 'front-desk': desk, 'room-707': door, 'room-708': other, entrance, breakfast, restaurant, checkout } = edges;
  const [hana, ken, stranger] = await demoPeople(3);
  const stay = { room: '707', guests: 2, arrival: hours(-1), leaving: hours(20), breakfast: true, diet: 'no shellfish', payer: true };
  const numbers = [luhn('H102938'), luhn('H564738')];
  const hanas = await visit(numbers[0], 'HANA MORINO', stay);
  const kens = await visit(numbers[1], 'KEN MORINO', { ...stay, payer: false, breakfast: false });
  const listed = (edge, n) => edge.until(`${n} on the list`, (s) => s.list.connected && s.list.entries === n);

  await t.test('a face by the reservation number, once, and only with consent', async () => {
    assert.equal((await kiosk.state()).screen.en, 'Please show your reservation number.');
    const misread = await register(kiosk, 'H1029380', hana);
    assert.deepEqual([misread.outcome, misread.reason], ['retry', 'check_digit']);
    assert.equal((await register(kiosk, luhn('H999999'), hana)).reason, 'to_desk');
    assert.equal((await register(kiosk, numbers[1], ken, { agree: false })).outcome, 'without_face');
    assert.equal((await counts()).templates, 0);
    const done = await register(kiosk, numbers[0].toLowerCase(), hana);
    assert.equal(done.outcome, 'admitted', JSON.stringify(done));
    assert.deepEqual(done.fields, { name: 'HANA MORINO' });
    assert.equal((await register(kiosk, numbers[0], stranger)).reason, 'already_registered');
    assert.equal((await counts()).templates, 1);
    assert.equal((await register(kiosk, numbers[1], ken)).outcome, 'admitted'); // may change his mind
  });

  await t.test('never checked in: sent to the desk', async () => {
    const sent = await meet(door, hana);
    assert.deepEqual([sent.outcome, sent.reason, sent.source], ['refused', 'to_desk', 'server']);
  });

  await t.test('recognised in the drive, and so on the front desk\'s list', async () => {
    await listed(drive, 2);
    await listed(desk, 0);
    const seen = await meet(drive, hana);
    assert.equal(seen.outcome, 'admitted', JSON.stringify(seen));
    assert.deepEqual(seen.fields, {}); // nobody reads there
    await listed(desk, 1);
    await listed(drive, 1);
    const welcome = await meet(desk, hana);
    assert.deepEqual([welcome.outcome, welcome.source], ['admitted', 'list']);
    const shown = await meet(desk, ken); // came on foot: nobody has announced him
    assert.equal(shown.reason, 'not_announced');
    assert.equal((await meet(drive, ken)).outcome, 'admitted');
    await listed(desk, 1);
    assert.equal((await meet(desk, ken)).outcome, 'admitted');
  });

  await t.test('the room of both, no other room, and in and out', async () => {
    await listed(door, 2);
    await listed(other, 0);
    for (const guest of [hana, ken]) assert.equal((await meet(door, guest)).outcome, 'admitted');
    const wrong = await meet(other, hana);
    assert.deepEqual([wrong.reason, wrong.fields.room], ['other_room', undefined]); // nobody else reads the number
    assert.equal((await meet(door, stranger)).reason, 'to_desk');
    for (let i = 0; i < 2; i++) assert.equal((await meet(entrance, hana)).outcome, 'admitted');
    await entrance.until('everything is written', (s) => s.outbox === 0);
  });

  await t.test('breakfast as agreed, dinner on the room', async () => {
    await listed(breakfast, 1);
    const served = await meet(breakfast, hana);
    assert.deepEqual([served.outcome, served.fields], ['admitted', { name: 'HANA MORINO', diet: 'no shellfish' }]);
    assert.equal((await meet(breakfast, ken)).reason, 'no_breakfast');
    assert.equal((await buy(restaurant, hana, { amount: 8000 })).reason, 'no_instrument');
    await post(`people/${hanas.person}/instruments`, { kind: 'card', token: 'good', pin: '4711' });
    await listed(restaurant, 1);
    const paid = await buy(restaurant, hana, { amount: 8000 });
    assert.equal(paid.outcome, 'admitted', JSON.stringify(paid));
    assert.equal((await buy(restaurant, ken)).reason, 'not_payer');
    assert.equal((await counts()).payments, 1);
  });

  await t.test('check-out: off every list, and nothing is left when the stay ends', async () => {
    const { passages } = await journey(hanas);
    const places = passages.map((p) => p.touchpoint);
    for (const place of ['kiosk', 'drive', 'front-desk', 'room-707', 'breakfast', 'restaurant']) assert.ok(places.includes(place), `${place}: ${places}`);
    assert.equal(passages.filter((p) => p.touchpoint === 'entrance').length, 2);
    assert.equal((await meet(checkout, hana)).outcome, 'admitted');
    for (const edge of [drive, desk, other, restaurant, breakfast]) await listed(edge, 0);
    assert.equal((await meet(door, hana)).reason, 'to_desk');
    const everywhere = [server.data, ...Object.values(edges).map((edge) => edge.data)];
    const words = ['MORINO', ...numbers, 'shellfish'];
    assert.deepEqual(filesWith(words, ...everywhere), []); // not in clear while they stay, either
    await end(hanas);
    await end(kens);
    for (const edge of Object.values(edges)) await listed(edge, 0);
    assert.deepEqual(await counts().then((c) => [c.people, c.templates, c.visitors, c.entries]), [0, 0, 0, 0]);
    assert.equal((await post('check', undefined, 200)).faults ?? 0, 0);
    for (const edge of Object.values(edges)) assert.equal((await edge.stop()).code, 0);
    assert.equal((await server.stop()).code, 0);
    assert.deepEqual(filesWith(words, ...everywhere), []);
    for (const program of [server.program, ...Object.values(edges).map((edge) => edge.program)])
      assert.doesNotMatch(program.err, new RegExp(`AddressSanitizer|runtime error|${words.join('|')}`));
  });
});
