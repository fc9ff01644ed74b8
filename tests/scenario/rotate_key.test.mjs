// Goal: another master key: terminals go on without noticing, the old key opens nothing, and whoever kills it in the middle has a site that starts. X7
import test from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTeburad, http, run, bin, root, sleep, waitFor, natsProgram } from '../support/teburad.mjs';
import { startEdge } from '../support/edge.mjs';
import { passport, boardingPass } from '../support/documents.mjs';

const skip = natsProgram ? false : 'there is no nats-server on this machine';
const rotate = (server, ...more) => run(join(bin, 'teburad'), ['rotate-key', '--data', server.data, '--json', ...more]);
const people = async (server) => (await http(server, 'GET', '/api/v1/people')).json.people.map((person) => person.name);

async function book(server) {
  const date = new Date(Date.now() + 90 * 60000), name = { surname: 'GUEST', given: 'TEST' };
  await http(server, 'PUT', `/api/v1/flights/NH105/${date.toISOString().slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: new Date(Date.now() + 60 * 60000).toISOString(), departure: date.toISOString() } });
  const answer = await http(server, 'POST', '/api/v1/checkins', { body: { mrz: passport({ ...name, number: 'TB1000001' }), boarding_pass: boardingPass({ ...name, date, seat: '010A' }) } });
  assert.ok(answer.status < 300, answer.text);
}

test('a new master key under a running terminal', { skip }, async (t) => {
  let server = await startTeburad(t);
  await book(server);
  const key = join(server.data, 'master.key'), first = readFileSync(key, 'utf8');
  const gate = await startEdge(t, server, { id: 'security-1', role: 'security' });
  await gate.until('connected', (s) => s.list.connected);

  const refused = rotate(server);
  assert.equal((await refused.ended).code, 75, refused.err); // it runs
  assert.match(refused.err, /stop it first/);
  assert.equal(readFileSync(key, 'utf8'), first);
  await server.stop();
  const address = server.https.replace('https://', '');
  const again = (data = server.data) => startTeburad(t, { data, args: ['--listen-tls', address] });

  for (const wait of [20, 60, 120, 250]) { // kill -9 somewhere: one key or the other opens it, and it is the one that lies there
    const victim = rotate(server);
    await Promise.race([sleep(wait), victim.ended]);
    victim.child.kill('SIGKILL');
    await victim.ended;
  }
  const done = rotate(server);
  assert.equal((await done.ended).code, 0, done.err);
  const told = JSON.parse(done.out);
  assert.equal(told.rotated, true);
  assert.equal(told.old_key_signs, false);
  if (!told.finished_earlier_run) assert.deepEqual([told.people, told.documents, told.damaged, told.terminals], [1, 1, 0, 1]);
  assert.notEqual(readFileSync(key, 'utf8'), first);
  assert.equal(existsSync(join(server.data, 'rotation')) || existsSync(join(server.data, 'rotation.part')), false);

  cpSync(key, `${key}.new`);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(key, first, { mode: 0o600 });
  const old = run(join(bin, 'teburad'), ['management', '--data', server.data, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml')]);
  assert.equal((await old.ended).code, 78, old.err);
  cpSync(`${key}.new`, key);

  server = await again();
  assert.deepEqual(await people(server), ['TEST GUEST']);
  await gate.until('connected again, as it is', (s) => s.registered && s.list.connected && !s.list.stale);
  await waitFor('its heartbeat opens', async () => (await http(server, 'GET', '/api/v1/touchpoints')).json.touchpoints[0].last);
  assert.equal((await http(server, 'POST', '/api/v1/check')).json.equal, true);
});

test('a leaked key: the old one signs for nothing any more, and terminals are given what they need by the server\'s seal alone', { skip }, async (t) => {
  const first = await startTeburad(t);
  await book(first);
  const gate = await startEdge(t, first, { id: 'security-1', role: 'security' });
  await gate.until('connected', (s) => s.list.connected);
  await first.stop();
  const done = rotate(first, '--leaked');
  assert.equal((await done.ended).code, 0, done.err);
  const second = await startTeburad(t, { data: first.data, args: ['--listen-tls', first.https.replace('https://', '')] });
  assert.notEqual(second.authority, first.authority);
  await waitFor('it has heard, and wants to be started again', () => gate.program.result);
  assert.equal(gate.program.result.code, 75, gate.err());
  assert.match(gate.err(), /another key signs for the broker now/);
  await gate.restart(); // as its unit does
  await gate.until('in service, without a code', (s) => s.registered && s.list.connected);
  assert.deepEqual(await people(second), ['TEST GUEST']);
  assert.equal((await http(second, 'POST', '/api/v1/check')).json.equal, true);
});

test('what cannot be rotated says why', async () => {
  for (const [args, code, sentence] of [[[], 64, /--data/], [['--data', '/nowhere'], 66, /no such file/], [['--data', '/tmp', '--what'], 64, /not known/]]) {
    const program = run(join(bin, 'teburad'), ['rotate-key', ...args]);
    assert.equal((await program.ended).code, code, program.err);
    assert.match(program.err, sentence);
  }
});
