// A2 S11: of a person whom nobody knows, and of one who says no, nothing stays on a terminal: not in memory, not in a file, not in its log.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { natsProgram, startTeburad, http, waitFor } from '../support/teburad.mjs';
import { startEdge, demoPeople, havePictures, checkin, papers } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');
const sizes = (directory) => Object.fromEntries(readdirSync(directory).map((name) => [name, statSync(join(directory, name)).size]));
const held = async (edge) => (await edge.state()).held;

// Nobody stands there and everything has settled: what is held in wiped memory then.
async function quiet(edge) {
  await edge.show();
  await edge.until('idle', (s) => s.state === 'idle' && s.outbox === 0);
  let last = -1;
  return waitFor('memory is quiet', async () => {
    const now = await held(edge);
    const same = now === last;
    last = now;
    return same && now;
  });
}

test('a stranger leaves nothing', async (t) => {
  const server = await startTeburad(t);
  const [stranger, other] = await demoPeople(2);
  const security = await startEdge(t, server, { id: 'security', role: 'security', zone: 'security_area' });
  await security.until('connected', (s) => s.list.connected);
  await security.meet(other); // what is made once is made now
  const before = await quiet(security);
  const files = sizes(security.data);
  for (let i = 0; i < 3; i++) {
    const last = await security.meet(stranger);
    assert.equal(last.outcome, 'unknown');
    assert.equal(last.visit, undefined);
    assert.deepEqual(last.fields, {});
  }
  assert.equal(await quiet(security), before);
  const later = sizes(security.data);
  assert.deepEqual(Object.keys(later).sort(), Object.keys(files).sort());
  for (const name of Object.keys(files)) assert.ok(later[name] - files[name] < 512, `${name} has grown by ${later[name] - files[name]} bytes`); // a template has 528
  assert.doesNotMatch(security.program.err, /template|sample\d|0x|\d{6,}\.\d/);
  const { json } = await http(server, 'GET', '/api/v1/counts');
  assert.equal(json.templates + json.people, 0);
});

test('who says no at check-in leaves nothing of the face, and no document stays', async (t) => {
  const server = await startTeburad(t);
  const departure = inMinutes(60);
  await http(server, 'PUT', `/api/v1/flights/NH105/${departure.slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(20), departure } });
  const [ann, ben] = (await demoPeople(2)).map((p) => ({ ...p, date: new Date(departure) }));
  const kiosk = await startEdge(t, server, { id: 'kiosk', role: 'checkin', zone: 'landside' });
  await kiosk.until('connected', (s) => s.list.connected);
  assert.equal((await checkin(kiosk, ben, '105', { agree: false })).outcome, 'without_face');
  const before = await quiet(kiosk);
  const files = sizes(kiosk.data);
  assert.equal((await checkin(kiosk, ann, '105', { agree: false })).outcome, 'without_face');
  await kiosk.until('idle again', (s) => s.state === 'idle');
  assert.equal(await quiet(kiosk), before);
  const { number } = ann;
  for (const name of readdirSync(kiosk.data)) {
    const content = readFileSync(join(kiosk.data, name)).toString('latin1');
    assert.ok(!content.includes(number) && !content.includes(ann.surname), `${name} holds a document`);
    assert.ok(statSync(join(kiosk.data, name)).size - files[name] < 512);
  }
  assert.ok(!kiosk.program.err.includes(number) && !kiosk.program.err.includes(ann.surname));
  const state = await kiosk.state();
  assert.deepEqual(state.last.fields, {}); // the next person reads nothing about this one
  assert.equal((await http(server, 'GET', '/api/v1/counts')).json.templates, 0);
  // Half-way through: the documents were shown, then the person walked away.
  assert.equal((await kiosk.call('POST', '/v1/passport', { mrz: papers(ann, '105').mrz })).status, 200);
  assert.equal((await kiosk.call('POST', '/v1/reset')).status, 200);
  assert.equal(await quiet(kiosk), before);
});
