// A7 A8 X7: the broker is absent at the start, goes, loses its memory and comes back: gates work on, nothing is lost, nothing counts twice.
import test from 'node:test';
import assert from 'node:assert/strict';
import { http, natsProgram, natsServer, startTeburad, waitFor } from '../support/teburad.mjs';
import { checkin, demoPeople, havePictures, startEdges } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000);

test('the broker is away whenever it likes', async (t) => {
  const broker = await natsServer(t);
  const server = await startTeburad(t, { args: ['--nats', broker.url] });
  const api = async (method, path, body) => {
    const answer = await http(server, method, `/api/v1/${path}`, { body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const passagesAt = async (touchpoint, kind) => (await api('GET', 'passages?max=1000')).passages.filter((p) => p.touchpoint === touchpoint && p.kind === kind);
  const person = async (one) => (await api('GET', `people?passport=${one.number}`)).people[0];
  const date = inMinutes(90);
  await api('PUT', `flights/NH105/${date.toISOString().slice(0, 10)}`, { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(60).toISOString(), departure: date.toISOString() });
  const [ann, ben, eve] = (await demoPeople(3)).map((p) => ({ ...p, date }));

  let kiosk, security;
  await t.test('absent at the start: terminals register, start, and say so', async () => {
    [kiosk, security] = await startEdges(t, server, [{ id: 'kiosk-1', role: 'checkin', zone: 'landside' }, { id: 'security-1', role: 'security', zone: 'security_area' }]);
    assert.equal((await security.state()).list.connected, false);
    const offline = await security.meet(ann);
    assert.notEqual(offline.outcome, 'admitted'); // nobody is on an empty list, and the server cannot be asked
    await security.show(); // she walks away
    assert.equal((await api('GET', 'health')).status, 'degraded');
  });

  await t.test('it appears: what waited is delivered', async () => {
    await broker.start();
    await waitFor('the lists are delivered', async () => (await api('GET', 'health')).bus);
    await kiosk.until('connected', (s) => s.list.connected);
    for (const one of [ann, ben, eve])
      assert.equal((await checkin(kiosk, one, '105')).outcome, 'admitted');
    await security.until('the list', (s) => s.list.entries === 3 && s.outbox === 0);
  });

  await t.test('it goes: the gate works on by its own list, and keeps what it did', async () => {
    await broker.stop('SIGKILL');
    await security.until('cut off', (s) => !s.list.connected);
    const passed = await security.meet(ann);
    assert.equal(passed.outcome, 'admitted', JSON.stringify(passed));
    assert.equal(passed.source, 'list');
    const waiting = await security.until('her entry is gone', (s) => s.list.entries === 2);
    assert.ok(waiting.outbox >= 1);
    assert.equal((await person(ann)).status, 'checked_in'); // the server cannot know yet
    await api('DELETE', `people/${(await person(eve)).id}/consent`); // meanwhile at the desk
  });

  await t.test('a power cut at the gate meanwhile', async () => {
    await security.show();
    await security.stop('SIGKILL');
    await security.restart();
    const again = await security.until('its own list', (s) => s.list.entries === 2);
    assert.ok(again.outbox >= 1);
    assert.equal(again.list.connected, false);
    const passed = await security.meet(ben);
    assert.equal(passed.outcome, 'admitted', JSON.stringify(passed));
    assert.equal(passed.source, 'list');
  });

  await t.test('it is back with an empty memory: everything arrives once, and lists are as they should be', async () => {
    await broker.start();
    await waitFor('both have passed', async () => (await person(ann)).status === 'security_passed' && (await person(ben)).status === 'security_passed');
    const state = await security.until('nothing waits, nobody is on the list', (s) => s.outbox === 0 && s.list.entries === 0 && s.list.connected);
    assert.equal(state.list.entries, 0); // ann and ben have passed, eve has withdrawn
    assert.equal((await passagesAt('security-1', 'passage')).length, 2);
    assert.notEqual((await security.meet(eve)).outcome, 'admitted');
    assert.equal((await security.meet(ann)).reason, 'already_used');
    assert.equal((await api('POST', 'check')).equal, true);
    const counts = await api('GET', 'counts');
    assert.equal(counts.outbox, 0);
    assert.equal(counts.ledger_sum, 0);
  });

  await t.test('once more, an orderly restart: the same people, no passage twice', async () => {
    await broker.stop('SIGTERM');
    await security.until('cut off', (s) => !s.list.connected);
    await broker.start();
    await waitFor('the lists are delivered', async () => (await api('GET', 'health')).bus);
    await security.until('connected', (s) => s.list.connected);
    assert.equal((await passagesAt('security-1', 'passage')).length, 2);
    const touchpoint = (await api('GET', 'touchpoints')).touchpoints.find((p) => p.id === 'security-1');
    assert.equal(touchpoint.entries, 0);
  });

  for (const edge of [kiosk, security]) {
    assert.deepEqual(await edge.stop(), { code: 0, signal: null });
    assert.doesNotMatch(edge.err(), /AddressSanitizer|runtime error/);
  }
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.doesNotMatch(server.program.err, /AddressSanitizer|runtime error/);
});
