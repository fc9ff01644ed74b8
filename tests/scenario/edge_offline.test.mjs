// A7 A8 A9: the server and the broker are gone: the list works, also after a restart; when they are back, each event arrives exactly once.
import test from 'node:test';
import assert from 'node:assert/strict';
import { natsProgram, natsServer, startTeburad, http, waitFor, freePort } from '../support/teburad.mjs';
import { startEdge, startEdges, demoPeople, havePictures, checkin } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');
const counts = async (server) => (await http(server, 'GET', '/api/v1/counts')).json;

test('a gate without network lets its list pass and loses nothing', async (t) => {
  const broker = await natsServer(t);
  await broker.start();
  const server = await startTeburad(t, { args: ['--nats', broker.url] });
  const departure = inMinutes(60);
  await http(server, 'PUT', `/api/v1/flights/NH105/${departure.slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(20), departure } });
  const [ann, ben, stranger] = (await demoPeople(3)).map((p) => ({ ...p, date: new Date(departure) }));
  const [kiosk, security] = await startEdges(t, server, [{ id: 'kiosk', role: 'checkin', zone: 'landside' }, { id: 'security', role: 'security', zone: 'security_area' }]);
  for (const person of [ann, ben]) assert.equal((await checkin(kiosk, person, '105')).outcome, 'admitted');
  await kiosk.stop();
  await security.until('the list', (s) => s.list.entries === 2);
  const before = await counts(server);
  const fresh = await security.until('the server has said that this is all', (s) => s.list.as_of && s.list.age_seconds === 0);
  assert.equal(fresh.list.stale, false);
  assert.equal(fresh.list.refused, 0);
  assert.equal(fresh.clock.by_server, true);
  assert.match(fresh.list.note.en, /^as of \d\d:\d\d, just now$/);
  const { touchpoints } = (await http(server, 'GET', '/api/v1/touchpoints')).json;
  const { last } = touchpoints.find((p) => p.id === 'security');
  assert.equal(last.stale, false);
  assert.equal(last.clock_jumped, false);

  await broker.stop('SIGKILL');
  await security.until('alone', (s) => !s.list.connected);
  const passed = await security.meet(ann);
  assert.equal(passed.outcome, 'admitted');
  assert.equal(passed.source, 'list');
  const away = await security.meet(stranger); // nobody can be asked: said so, with what to do next, and not as a refusal
  assert.equal(away.outcome, 'failed');
  assert.equal(away.reason, 'offline');
  assert.equal((await security.state()).screen.tone, 'retry');

  await security.stop('SIGKILL'); // and the power goes, too
  await security.restart();
  const alone = await security.state();
  assert.equal(alone.list.entries, 1); // ann was used up, ben is still expected
  assert.equal(alone.outbox, 1);
  assert.equal(alone.list.connected, false);
  assert.equal((await security.meet(ben)).outcome, 'admitted');
  await security.until('used up', (s) => s.list.entries === 0 && s.outbox === 2);

  await broker.start();
  await security.until('reported', (s) => s.list.connected && s.outbox === 0);
  const after = await waitFor('both are through', async () => {
    const now = await counts(server);
    return now.events_applied >= before.events_applied + 2 && now;
  });
  assert.equal(after.events_applied, before.events_applied + 2);
  for (const person of [ann, ben]) {
    const { people } = (await http(server, 'GET', `/api/v1/people?passport=${person.number}`)).json;
    assert.equal(people[0].status, 'security_passed');
  }
  assert.equal((await http(server, 'POST', '/api/v1/check')).status, 200);
});

test('absent at the first start: it waits for its server, says so, and registers when it appears', async (t) => {
  const port = await freePort();
  const first = await startTeburad(t, { args: ['--listen', `127.0.0.1:${port}`] });
  const announced = await http(first, 'POST', '/api/v1/touchpoints', { body: { id: 'late', role: 'security', zone: 'security_area', attributes: {} } });
  assert.ok(announced.status < 300, announced.text);
  await first.stop();
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { tmpdir } = await import('node:os');
  const { run, bin, root } = await import('../support/teburad.mjs');
  const data = mkdtempSync(join(tmpdir(), 'tebura-late-'));
  const edge = run(join(bin, 'tebura-edge'), ['--data', data, '--server', `http://127.0.0.1:${port}`, '--profile', join(root, 'profiles/airport.yaml'),
    '--camera', 'virtual:', '--without-liveness', '--code', announced.json.code]);
  t.after(async () => {
    if (!edge.result) edge.child.kill('SIGTERM');
    await edge.ended;
    rmSync(data, { recursive: true });
  });
  await waitFor('it is ready', () => edge.out.includes('\n') || edge.result);
  const ready = JSON.parse(edge.out.split('\n')[0]);
  assert.equal(ready.registered, false);
  const headers = { Authorization: `Bearer ${readFileSync(ready.token_file, 'utf8').trim()}` };
  const state = async () => (await (await fetch(`${ready.screen}/v1/state`, { headers })).json());
  assert.match((await state()).screen.en, /waiting for its server/);
  const second = await startTeburad(t, { data: first.data, args: ['--listen', `127.0.0.1:${port}`] });
  assert.ok(second.url);
  await waitFor('it is registered', async () => (await state()).registered);
  assert.equal((await state()).touchpoint, 'late');
});

test('a wrong code, a data directory in use, a profile without the role: one sentence each', async (t) => {
  const server = await startTeburad(t);
  const { run, bin, root, temporary } = await import('../support/teburad.mjs');
  const { join } = await import('node:path');
  const start = (data, code, more = []) => run(join(bin, 'tebura-edge'), ['--data', data, '--server', server.url, '--profile', join(root, 'profiles/airport.yaml'),
    '--camera', 'virtual:', ...(code ? ['--code', code] : []), ...more]);
  const fails = async (program, exit, pattern) => {
    const { code } = await program.ended;
    assert.equal(code, exit, program.err);
    assert.match(program.err.trim().split('\n').at(-1), pattern);
    assert.equal(program.out, '');
  };
  await fails(start(join(temporary(t), 'a'), '0'.repeat(32)), 77, /^tebura-edge: .*(UNAUTHORISED)/);
  await fails(start(join(temporary(t), 'b')), 66, /--code/);
  await fails(start(join(temporary(t), 'c'), '0'.repeat(32), ['--camera', 'nonsense:']), 64, /INVALID_ARGUMENT/);
  await fails(start(join(temporary(t), 'd'), '0'.repeat(32), ['--listen', '0.0.0.0:0']), 64, /loopback/);
  await fails(start(join(temporary(t), 'f'), '0'.repeat(32), ['--server', 'localhost:8080']), 64, /--server localhost:8080: write it as http/);
  for (const bad of ['not a code', 'abc', '0'.repeat(31), '0'.repeat(33), 'A'.repeat(32), `${'0'.repeat(32)}.`, `${'0'.repeat(32)}.${'0'.repeat(63)}`])
    await fails(start(join(temporary(t), 'g'), bad, ['--server', 'http://127.0.0.1:1']), 64, /no registration code/); // no server is asked
  await fails(start(join(temporary(t), 'h'), '0'.repeat(32), ['--camera', 'v4l2:/dev/video-none']), 66, /camera .*NOT_FOUND/);
  await fails(start(join(temporary(t), "e"), "0".repeat(32), ["--camera", "pushed:", "--without-liveness"]), 64, /simulated cameras/);
  const edge = await startEdge(t, server, { id: 'one', role: 'security', zone: 'security_area' });
  await fails(start(edge.data), 75, /DB_LOCKED/);
});
