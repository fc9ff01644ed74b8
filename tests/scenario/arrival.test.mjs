// A15: from check-in in one country through the doors of customs in the other, by faces and real processes; then a byte scan for what was deleted.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsProgram, startTeburad, http, waitFor } from '../support/teburad.mjs';
import { startEdge, startEdges, demoPeople, havePictures, papers, page } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');
const date = inMinutes(45).slice(0, 10);

// A check-in with further consents.
async function checkin(kiosk, person, also) {
  const { mrz, bcbp } = papers({ ...person, date: new Date(inMinutes(45)) }, '105');
  await kiosk.show();
  const before = await kiosk.state();
  for (const [path, body] of [['/v1/passport', { mrz, picture: page(person) }], ['/v1/boarding-pass', { bcbp }]])
    assert.equal((await kiosk.call('POST', path, body)).status, 200);
  await kiosk.until('consent', (s) => s.screen.ask === 'consent');
  assert.equal((await kiosk.call('POST', '/v1/consent', { agree: true, also: ['made_up'] })).status, 400);
  assert.equal((await kiosk.call('POST', '/v1/consent', { agree: true, also })).status, 200);
  await kiosk.show(person);
  const { last } = await kiosk.until('a decision', (s) => s.last && s.last.transaction !== before.last?.transaction);
  assert.equal(last.outcome, 'admitted', JSON.stringify(last));
}

const doors = (edge, entry, exit, inside) => edge.call('PUT', '/v1/doors', { entry, exit, inside });
const ask = (edge, what) => edge.call('POST', '/v1/interlock', { do: what });
const reach = (edge, text) => edge.until(text, (s) => lock(s) === text);
const lock = (s) => `${s.doors.state}: ${s.doors.entry_lock}/${s.doors.exit_lock}`;

const attended = async (server) => (await http(server, 'GET', '/api/v1/passages?max=1000')).json.passages.filter((p) => p.kind === 'attendant');

test('out of one country and into another', async (t) => {
  const server = await startTeburad(t);
  const say = async (more) => {
    const answer = await http(server, 'POST', '/api/v1/flight-changes', { body: [{ carrier: 'NH', flight_number: '105', date, ...more }] });
    assert.equal(answer.json?.results[0].outcome, 'applied', answer.text);
  };
  const counts = async () => (await http(server, 'GET', '/api/v1/counts')).json;
  const airport = 'ITM'; // where the demo's boarding passes lead
  await say({ from: 'HND', to: airport, gate: '12', std: inMinutes(45), boarding: inMinutes(-5), sta: inMinutes(120) });
  const [ann, ben] = await demoPeople(2);
  const kiosk = await startEdge(t, server, { id: 'kiosk-1', role: 'checkin', zone: 'landside' });
  await checkin(kiosk, ann, ['arrival_services']);
  await checkin(kiosk, ben, []);
  await kiosk.stop();

  const pass = async (role, zone, attributes) => {
    const edge = await startEdge(t, server, { id: `${role}-1`, role, zone, attributes });
    await edge.until('the list', (s) => s.list.entries >= 1);
    const met = await edge.meet(ann);
    assert.equal(met.outcome, 'admitted', `${role}: ${JSON.stringify(met)}`);
    await edge.until('it is reported', (s) => s.outbox === 0);
    await edge.stop();
  };
  await pass('security', 'security_area');
  await pass('emigration', 'emigration_area');
  await pass('boarding', 'airside', { gate: '12' });

  const args = ['--camera-inside', 'virtual:'];
  const [customs, elsewhere] = await startEdges(t, server, [
    { id: 'customs-1', role: 'customs', zone: 'customs_area', attributes: { airport }, args },
    { id: 'customs-2', role: 'customs', zone: 'customs_area', attributes: { airport: 'CDG' }, args },
  ]);
  await say({ atd: inMinutes(0) });
  await waitFor('who did not agree is gone', async () => (await counts()).people === 1);
  assert.equal((await counts()).entries, 0);
  assert.equal((await customs.meet(ann)).reason, 'not_landed');

  await t.test('she has landed: on the list there, and nowhere else', async () => {
    const before = Date.now();
    await say({ status: 'landed' });
    await customs.until('the list', (s) => s.list.entries === 1);
    console.log(`landed to list: ${Date.now() - before} ms`);
    assert.equal((await elsewhere.state()).list.entries, 0);
    assert.equal((await elsewhere.meet(ann)).reason, 'other_airport');
    const stranger = await customs.meet(ben);
    assert.equal(stranger.outcome, 'unknown', JSON.stringify(stranger));
  });

  await t.test('two doors: back once, then through', async () => {
    assert.equal((await ask(customs, 'accept')).status, 409);
    assert.equal((await doors(customs, 'open', 'shut', 0)).status, 409); // locked
    await customs.clear();
    await customs.show(ann);
    let s = await customs.until('the entry opens', (state) => state.doors.state === 'entering');
    assert.equal(lock(s), 'entering: open/locked');
    assert.equal(s.doors.simulation, true);
    assert.equal((await doors(customs, 'shut', 'open', 0)).status, 409);
    for (const step of [['open', 'shut', 0], ['open', 'shut', 2], ['shut', 'shut', 2]]) assert.equal((await doors(customs, ...step)).status, 204);
    s = await reach(customs, 'returning: open/locked'); // two at once: back
    assert.match(s.screen.en, /step back/);
    for (const step of [['open', 'shut', 0], ['shut', 'shut', 0]]) assert.equal((await doors(customs, ...step)).status, 204);
    await customs.until('nobody has passed', (state) => state.last?.outcome === 'failed');
    assert.equal((await customs.state()).list.entries, 1);

    const stepIn = async () => {
      await customs.clear();
      await customs.show(ann);
      await customs.until('the entry opens', (state) => state.doors.state === 'entering');
      await customs.show();
      for (const step of [['open', 'shut', 1], ['shut', 'shut', 1]]) assert.equal((await doors(customs, ...step)).status, 204);
      await reach(customs, 'inside: locked/locked');
    };
    await stepIn();
    await customs.stop('SIGKILL'); // the power fails while she is between the doors
    await customs.restart();
    await customs.until('the list is there again', (state) => state.list.entries === 1);
    assert.equal((await doors(customs, 'shut', 'shut', 1)).status, 204); // what the sensors find
    s = await reach(customs, 'released: open/locked');
    assert.equal(s.doors.cause, 'interlock_unannounced');
    assert.equal((await doors(customs, 'shut', 'shut', 0)).status, 204);
    assert.equal((await ask(customs, 'reset')).status, 204);
    assert.equal((await customs.state()).list.entries, 1); // it did not count as a passage

    await stepIn();
    await customs.showInside(ben); // somebody else than was admitted
    s = await customs.until('another face', (state) => state.doors.state === 'returning');
    assert.equal(s.doors.cause, 'interlock_other_face');
    assert.equal((await ask(customs, 'accept')).status, 409);
    await waitFor('the server knows whom it is about', async () => (await attended(server)).some((p) => p.reason === 'interlock_other_face' && p.visit));
    await customs.showInside();
    for (const step of [['open', 'shut', 0], ['shut', 'shut', 0]]) assert.equal((await doors(customs, ...step)).status, 204);
    await reach(customs, 'closed: locked/locked');

    await stepIn();
    await customs.showInside(ann, ben); // one by the sensor, two faces: not alone
    await customs.until('one at a time', (state) => state.doors.face === 'looking' && state.candidates === 2 && state.screen.tone === 'retry');
    assert.equal((await ask(customs, 'accept')).status, 204); // approved, and still shut
    await customs.showInside(ann);
    assert.equal((await doors(customs, 'open', 'shut', 1)).status, 409); // nobody leaves between
    await reach(customs, 'leaving: locked/open');
    assert.equal((await customs.state()).list.entries, 1); // not before she is through
    for (const step of [['shut', 'open', 1], ['shut', 'open', 0], ['shut', 'shut', 0]]) assert.equal((await doors(customs, ...step)).status, 204);
    await reach(customs, 'closed: locked/locked');
    s = await customs.until('reported', (state) => state.state !== 'actuating' && state.list.entries === 0);
    assert.equal(s.last.outcome, 'admitted');
    await customs.clear();
  });

  await t.test('an attendant lets somebody out', async () => {
    assert.equal((await ask(customs, 'release')).status, 204);
    const s = await reach(customs, 'released: open/locked');
    assert.equal(s.doors.attention, true);
    assert.equal((await ask(customs, 'reset')).status, 204);
    const calls = await waitFor('the server knows of every call', async () => {
      const found = await attended(server);
      return found.length === 6 && found;
    });
    assert.deepEqual(calls.map((c) => c.reason), ['interlock_several', 'interlock_unannounced', 'interlock_seen_to', 'interlock_other_face', 'interlock_released', 'interlock_seen_to']);
    assert.ok(!calls[1].visit && !calls[4].visit); // it was about nobody
    assert.deepEqual((await http(server, 'GET', '/api/v1/quarantine')).json.events, []);
  });

  await t.test('entered: nothing of her is left anywhere', async () => {
    await waitFor('deleted', async () => (await counts()).people === 0);
    await customs.until('the entry is gone', (s) => s.list.entries === 0 && s.outbox === 0);
    const held = await counts();
    assert.deepEqual([held.templates, held.visitors, held.entries], [0, 0, 0]);
    assert.equal((await http(server, 'POST', '/api/v1/check')).json.equal, true);
    await customs.stop();
    await elsewhere.stop();
    await server.stop();
    const words = [ann, ben].flatMap((p) => [p.surname, p.number]);
    const scan = (folder) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) scan(path);
        else if (entry.isFile()) {
          const bytes = readFileSync(path);
          for (const word of words) assert.ok(!bytes.includes(word), `${word} in ${path}`);
        }
      }
    };
    for (const folder of [server.data, customs.data, elsewhere.data, kiosk.data]) scan(folder);
    for (const word of words) assert.ok(!`${server.program.err}${customs.err()}${elsewhere.err()}${kiosk.err()}`.includes(word), `${word} in a log`);
  });
});
