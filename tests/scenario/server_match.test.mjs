// A17 X10: a gate without a list, which lets parties through together: nothing of anybody rests there, the server says who may pass and why others may not, and without a server the gate says so before anybody waits.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsProgram, natsServer, startTeburad, http, root, temporary, waitFor } from '../support/teburad.mjs';
import { startEdge, demoPeople, havePictures, checkin } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');

// The airport, whose security is matched by the server and lets people of one booking through together.
const changed = (t) => {
  const yaml = readFileSync(join(root, 'profiles/airport.yaml'), 'utf8');
  const begin = yaml.indexOf('  - name: security\n'), end = yaml.indexOf('  - name: emigration\n');
  const role = yaml.slice(begin, end);
  const other = role.replace('    lead: 15m\n', '').replace(', deletes_entry: true', '').replace('    offers_templates: true\n', '').replace('    asks_server: true\n', '    asks_server: true\n    match: server\n    group: together\n')
    .replace('    sees: []\n', '    for: [guide]\n    sees: [party]\n');
  assert.match(other, /match: server/);
  assert.doesNotMatch(other, /lead|deletes_entry|offers_templates/);
  const file = join(temporary(t), 'server-matched.yaml');
  writeFileSync(file, yaml.slice(0, begin).replace('  - {name: seat,', '  - {name: party, type: text, for: [guide]}\n  - {name: seat,') + other + yaml.slice(end));
  return ['--profile', file];
};

test('the server matches for a gate that has no list', async (t) => {
  const profile = changed(t);
  const broker = await natsServer(t);
  await broker.start();
  const server = await startTeburad(t, { args: ['--nats', broker.url, ...profile] });
  const departure = inMinutes(60);
  await http(server, 'PUT', `/api/v1/flights/NH105/${departure.slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(20), departure } });
  const [ann, ben, stranger] = (await demoPeople(3)).map((p) => ({ ...p, date: new Date(departure) }));
  const kiosk = await startEdge(t, server, { id: 'kiosk', role: 'checkin', zone: 'landside', args: profile });
  for (const person of [ann, ben]) assert.equal((await checkin(kiosk, person, '105')).outcome, 'admitted'); // one booking
  await kiosk.stop();
  const gate = await startEdge(t, server, { id: 'security', role: 'security', zone: 'security_area', args: profile });
  await gate.until('connected', (s) => s.list.connected);
  const before = (await http(server, 'GET', '/api/v1/counts')).json.events_applied;
  assert.equal((await gate.meet(ann, stranger)).outcome, 'unknown'); // nobody slips through beside somebody else
  await gate.clear();
  const first = await gate.meet(ann, ben);
  assert.equal(first.outcome, 'admitted');
  assert.equal((await gate.state()).fields.party, undefined);
  assert.equal(first.source, 'server');
  assert.equal((await gate.state()).list.entries, 0);
  await gate.clear();
  await gate.until('reported', (s) => s.outbox === 0);
  await waitFor('each passage of the party', async () => (await http(server, 'GET', '/api/v1/counts')).json.events_applied >= before + 3);
  for (const person of [ann, ben]) {
    const { people } = (await http(server, 'GET', `/api/v1/people?passport=${person.number}`)).json;
    assert.equal(people[0].status, 'security_passed');
  }
  await broker.stop('SIGKILL');
  const alone = await gate.until('alone', (s) => !s.list.connected);
  assert.equal(alone.screen.tone, 'retry');
  assert.match(alone.screen.en, /cannot check this right now/);
  await broker.start();
  await gate.until('back', (s) => s.list.connected && s.screen.tone === 'neutral');
  assert.equal((await http(server, 'POST', '/api/v1/check')).status, 200);
});
