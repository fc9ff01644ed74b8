// A1 A2 A6 A8 A9 A10 A11 A12 A13 A21: one traveller through every terminal of an airport, and those who must not pass; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { natsProgram, root, startTeburad, http, waitFor } from '../support/teburad.mjs';
import { startEdges, demoPeople, havePictures, checkin, papers, page } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');

async function airport(t) {
  const server = await startTeburad(t);
  const date = inMinutes(90).slice(0, 10);
  const flight = async (number, gate, boarding, departure) => {
    const answer = await http(server, 'PUT', `/api/v1/flights/${number}/${date}`, { body: { from: 'HND', to: 'ITM', gate, boarding: inMinutes(boarding), departure: inMinutes(departure) } });
    assert.ok(answer.status < 300, answer.text);
  };
  await flight('NH105', '12', -5, 60);
  await flight('NH107', '14', 300, 345);
  return { server, date: new Date(inMinutes(90)) };
}

const person = (server, number) => http(server, 'GET', `/api/v1/people?passport=${number}`).then((a) => (a.json?.people ?? a.json ?? [])[0]);

test('a traveller walks from check-in to the aircraft', async (t) => {
  const { server, date } = await airport(t);
  const [ann, ben, stranger] = (await demoPeople(3)).map((p) => ({ ...p, date }));
  const [kiosk, bag, security, emigration, shop, desk, gate, other] = await startEdges(t, server, [
    { id: 'kiosk-1', role: 'checkin', zone: 'landside' },
    { id: 'bag-1', role: 'bag_drop', zone: 'landside' },
    { id: 'security-1', role: 'security', zone: 'security_area' },
    { id: 'emigration-1', role: 'emigration', zone: 'emigration_area' },
    { id: 'shop-1', role: 'shop', zone: 'airside' },
    { id: 'pickup-1', role: 'pickup', zone: 'airside' },
    { id: 'gate-12', role: 'boarding', zone: 'airside', attributes: { gate: '12' } },
    { id: 'gate-14', role: 'boarding', zone: 'airside', attributes: { gate: '14' } },
  ]);

  await t.test('check-in: mismatch, without face, with face', async () => {
    const wrong = await checkin(kiosk, { ...stranger, surname: ann.surname, number: ann.number }, '105', { passportPicture: page(ann) });
    assert.equal(wrong.outcome, 'refused');
    assert.equal(wrong.reason, 'person_mismatch');
    const state = await kiosk.until('a sound', (s) => s.screen.sound === 'refuse');
    assert.equal(state.screen.tone, 'refuse');
    const without = await checkin(kiosk, ben, '105', { agree: false });
    assert.equal(without.outcome, 'without_face');
    const held = await http(server, 'GET', '/api/v1/counts');
    assert.equal(held.json.templates, 0);
    const done = await checkin(kiosk, ann, '105');
    assert.equal(done.outcome, 'admitted', JSON.stringify(done));
    assert.equal((await http(server, 'GET', '/api/v1/counts')).json.templates, 1);
  });

  await t.test('two people before one camera: nobody is decided until one is left', async () => {
    await security.until('the list', (s) => s.list.entries === 1);
    await security.show(ann, stranger);
    const both = await security.until('one at a time', (s) => s.candidates === 2 && s.screen.tone === 'retry');
    assert.equal(both.last, null);
    await security.clear();
  });

  await t.test('a stranger, and somebody without face', async () => {
    const nobody = await security.meet(stranger);
    assert.equal(nobody.outcome, 'unknown');
    assert.equal(nobody.source, 'server');
    assert.equal((await security.meet(ben)).outcome, 'unknown');
  });

  await t.test('emigration before security says so', async () => {
    const early = await emigration.meet(ann);
    assert.equal(early.reason, 'not_through_security');
    assert.equal(early.source, 'server');
  });

  await t.test('bag drop, security, emigration', async () => {
    await bag.until('the list', (s) => s.list.entries === 1);
    assert.equal((await bag.meet(ann)).outcome, 'admitted');
    assert.equal((await security.meet(ann)).outcome, 'admitted');
    await security.until('the entry is gone', (s) => s.list.entries === 0);
    await emigration.until('the list', (s) => s.list.entries === 1);
    assert.equal((await emigration.meet(ann)).outcome, 'admitted');
    assert.equal((await security.meet(ann)).reason, 'already_used');
  });

  await t.test('the shop: no instrument, then paid', async () => {
    const buy = async (sale) => {
      const before = await shop.state();
      assert.equal((await shop.call('POST', '/v1/sale', { amount: 1200, currency: 'JPY', ...sale })).status, 200);
      await shop.show(ann);
      return (await shop.until('a decision', (s) => s.last && s.last.transaction !== before.last?.transaction)).last;
    };
    assert.equal((await buy()).reason, 'no_instrument');
    const { id } = await person(server, ann.number);
    const added = await http(server, 'POST', `/api/v1/people/${id}/instruments`, { body: { kind: 'card', token: 'good', pin: '4711' } });
    assert.ok(added.status < 300, added.text);
    await shop.until('the list', (s) => s.list.entries === 1);
    const paid = await buy({ deliver: 'a box of sweets' });
    assert.equal(paid.outcome, 'admitted', JSON.stringify(paid));
    assert.equal((await http(server, 'GET', '/api/v1/counts')).json.payments, 1);
    const before = await shop.state();
    await shop.call('POST', '/v1/sale', { amount: 50000, currency: 'JPY' });
    await shop.until('PIN', (s) => s.screen.ask === 'pin');
    assert.equal((await shop.call('POST', '/v1/pin', { pin: '0000' })).status, 200);
    await shop.until('PIN again', (s) => s.screen.ask === 'pin' && s.screen.tone === 'retry');
    assert.equal((await shop.call('POST', '/v1/pin', { pin: '4711' })).status, 200);
    assert.equal((await shop.until('paid', (s) => s.last && s.last.transaction !== before.last?.transaction)).last.outcome, 'admitted');
    await shop.show();
  });

  await t.test('pick-up: the item is handed over once', async () => {
    const waiting = await desk.until('the list', (s) => s.list.entries === 1);
    assert.equal(waiting.state, 'idle');
    await desk.show(ann);
    const shown = await desk.until('items', (s) => s.state === 'actuating');
    const item = shown.fields.item_list.split(' ')[0];
    assert.equal((await desk.call('POST', '/v1/handover', { item: 'nonsense' })).status, 400);
    assert.equal((await desk.call('POST', '/v1/handover', { item })).status, 200);
    await desk.until('the entry is gone', (s) => s.list.entries === 0);
    await desk.show();
  });

  await t.test('the wrong gate names the right one; then aboard, and gone from every list', async () => {
    const wrong = await other.meet(ann);
    assert.equal(wrong.reason, 'other_gate');
    assert.equal(wrong.fields.gate, '12');
    await gate.until('the list', (s) => s.list.entries === 1);
    const aboard = await gate.meet(ann);
    assert.equal(aboard.outcome, 'admitted', JSON.stringify(aboard));
    for (const edge of [bag, security, emigration, shop, desk, gate, other])
      await edge.until('an empty list', (s) => s.list.entries === 0 && s.outbox === 0);
    const journey = await http(server, 'GET', `/api/v1/people/${(await person(server, ann.number)).id}/journey`);
    assert.ok(journey.json, journey.text);
    assert.equal((await http(server, 'POST', '/api/v1/check')).status, 200);
  });

  await t.test('no template and no picture ever leaves a terminal through its local interface', async () => {
    for (const edge of [kiosk, security, gate]) {
      const { json } = await edge.call('GET', '/v1/state');
      const walk = (value, name) => {
        if (typeof value === 'string') assert.ok(value.length < 1024 && !/[A-Za-z0-9+/]{200}/.test(value), `${name} is long`);
        else if (value && typeof value === 'object') for (const [key, inner] of Object.entries(value)) walk(inner, key);
        assert.ok(!/template|picture|probe|embedding/.test(name), name);
      };
      walk(json, 'state');
    }
  });
});

test('too early, documents that are not good, and the doors of the local interface', async (t) => {
  const { server, date } = await airport(t);
  const [ann, ben] = (await demoPeople(2)).map((p) => ({ ...p, date }));
  const [kiosk, security] = await startEdges(t, server, [{ id: 'kiosk-2', role: 'checkin', zone: 'landside' }, { id: 'security-2', role: 'security', zone: 'security_area' }]);
  assert.equal((await checkin(kiosk, ann, '107')).outcome, 'admitted');
  const early = await security.meet(ann);
  assert.equal(early.reason, 'too_early');
  const say = (path, body) => kiosk.call('POST', path, body);
  const good = papers(ann, '107');
  const last = async (reason) => (await kiosk.until(reason, (s) => s.last?.reason === reason)).last;
  assert.equal((await say('/v1/passport', { mrz: papers({ ...ann, number: 'TR1234567' }, '107').mrz.replace('TR1234567', 'TR1234568') })).status, 200);
  assert.equal((await last('check_digit')).outcome, 'failed');
  assert.equal((await say('/v1/passport', { mrz: good.mrz })).status, 200);
  assert.equal((await say('/v1/boarding-pass', { bcbp: papers({ ...ben }, '107').bcbp })).status, 200);
  assert.equal((await last('person_mismatch')).outcome, 'refused');
  assert.equal((await say('/v1/boarding-pass', { bcbp: papers({ ...ann, date: new Date(Date.now() - 3 * 86400e3) }, '107').bcbp })).status, 200);
  assert.equal((await last('wrong_day')).outcome, 'refused');

  assert.equal((await say('/v1/sale', { amount: 1, currency: 'JPY' })).status, 409);
  assert.equal((await say('/v1/passport', { mrz: good.mrz, picture: '!!' })).status, 400);
  assert.equal((await say('/v1/passport', { mrz: good.mrz, picture: Buffer.from('no picture').toString('base64') })).status, 415);
  assert.equal((await say('/v1/passport', { mrz: good.mrz, colour: 1 })).status, 400);
  assert.equal((await kiosk.call('POST', '/v1/frame', {})).status, 415);
  assert.equal((await kiosk.call('PUT', '/v1/scene', { people: [{ picture: '/nowhere.jpg' }] })).status, 404);
  const foreign = await fetch(`${kiosk.url}/v1/state`, { headers: { Origin: 'http://evil.example', Authorization: `Bearer ${kiosk.token}` } });
  assert.equal(foreign.status, 403);
  const own = await fetch(`${kiosk.url}/v1/state`, { headers: { Origin: server.url, Authorization: `Bearer ${kiosk.token}` } });
  assert.equal(own.headers.get('access-control-allow-origin'), server.url);
  await waitFor('heartbeat', async () => {
    const { json } = await http(server, 'GET', '/api/v1/touchpoints');
    return JSON.stringify(json).includes(kiosk.url);
  });

  await t.test('who is on this machine but does not have the token gets nothing, by no route', async () => {
    const token = kiosk.token, paths = readFileSync(join(root, 'api/edge.yaml'), 'utf8').split('components:')[0];
    const routes = paths.split(/^  (?=\/)/m).slice(1).flatMap((part) => [...part.matchAll(/^    (get|post|put|delete):/gm)].map((m) => [m[1].toUpperCase(), part.split(':')[0]]));
    assert.ok(routes.length >= 15, String(routes));
    assert.match(token, /^[0-9a-f]{64}$/);
    const other = token.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
    const before = await kiosk.state();
    for (const [method, path] of routes) {
      const answer = await http(kiosk, method, path, { token: null, ...(method === 'GET' ? {} : { body: {} }) });
      assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
      assert.equal(answer.json.error.status, 'UNAUTHORISED');
      assert.match(answer.json.error.message, /screen\.token.*data directory/);
      assert.equal((await http(kiosk, method, `${path}?token=${token}`, { token: other })).status, 401); // a query is logged: it is no place for a token
    }
    for (const wrong of [other, token.slice(0, -1), `${token}0`, token.toUpperCase() === token ? 'A' : token.toUpperCase(), server.token, '0'.repeat(64)])
      assert.equal((await http(kiosk, 'POST', '/v1/consent', { token: wrong, body: { agree: true } })).status, 401);
    assert.equal((await http(kiosk, 'GET', '/v1/state', { token: null, headers: { Authorization: `Basic ${token}` } })).status, 401);
    assert.equal((await kiosk.state()).number, before.number); // nothing has happened
  });

  await t.test('the token is in one file that nobody else may read, and nowhere else; it outlives a start', async () => {
    const { token } = kiosk, file = kiosk.ready.token_file;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(kiosk.data).mode & 0o777, 0o700);
    assert.ok(!JSON.stringify((await http(server, 'GET', '/api/v1/touchpoints')).json).includes(token)); // nor a link that holds it
    assert.notEqual(security.token, token);
    await kiosk.stop();
    assert.ok(![kiosk.program.out, kiosk.program.err, server.program.err].some((text) => text.includes(token)));
    await kiosk.restart();
    assert.equal(kiosk.token, token);
    await kiosk.stop();
    chmodSync(file, 0o644); // known to others now
    await assert.rejects(kiosk.restart(), /others may read this key/);
  });
});
