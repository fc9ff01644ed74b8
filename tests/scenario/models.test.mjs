// X12 S6: another model comes while people are enrolled: terminals and server get the new manifest, the server is killed in the middle, everybody passes, one passage each migrates them, the old model is retired and everybody passes again; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, natsProgram, natsServer, startTeburad, http, temporary, waitFor } from '../support/teburad.mjs';
import { startEdge, startEdges, demoPeople, havePictures, checkin } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const OLD = 11;
const shipped = readFileSync(join(root, 'models/manifest.yaml'), 'utf8');
const block = (key) => shipped.match(new RegExp(`^${key}:.*\\n(?:(?: .*)?\\n|#.*\\n)*`, 'm'))[0];
// The same network over another alignment: templates that have nothing to do with the first one's.
const other = (text) => text.replace(/^(\s*)model: .*$/m, `$1model: ${OLD}`).replace(/^(\s*)points: .*$/m, '$1points: [30.1, 44.2, 80.5, 43.9, 55.1, 73.0, 34.8, 101.5, 76.2, 101.2]');
const indented = (text) => text.replace(/^(?=.)/gm, '    ');
const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');

test('a new model, and nobody is lost', async (t) => {
  const folder = temporary(t);
  const manifest = join(folder, 'manifest.yaml');
  writeFileSync(manifest, other(shipped));
  const nats = await natsServer(t);
  await nats.start();
  const env = { TEBURA_MODELS: manifest };
  const data = join(folder, 'data');
  let server = await startTeburad(t, { data, env, args: ['--nats', nats.url] });
  const again = async (signal) => {
    await server.stop(signal);
    server = await startTeburad(t, { data, env, args: ['--nats', nats.url] });
  };
  const get = async (path) => (await http(server, 'GET', path)).json;
  const models = async () => Object.fromEntries((await get('/api/v1/models')).models.map((m) => [m.model === OLD ? 'old' : 'new', m]));
  const templates = async (person) => {
    const [{ id }] = (await get(`/api/v1/people?passport=${person.number}`)).people;
    return (await get(`/api/v1/people/${id}/templates`)).templates;
  };
  const body = { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(20), departure: inMinutes(60) };
  const date = inMinutes(60).slice(0, 10);
  assert.equal((await http(server, 'PUT', `/api/v1/flights/NH105/${date}`, { body })).status, 200);
  const people = (await demoPeople(2)).map((p) => ({ ...p, date: new Date(inMinutes(60)) }));
  const [ann, ben] = people;

  const kiosk = await startEdge(t, server, { id: 'kiosk-1', role: 'checkin', zone: 'landside', env });
  for (const person of people)
    assert.equal((await checkin(kiosk, person, '105')).outcome, 'admitted');
  await kiosk.stop();
  const [security, emigration] = await startEdges(t, server, [{ id: 'security-1', role: 'security', zone: 'security_area', env }, { id: 'emigration-1', role: 'emigration', zone: 'emigration_area', env }]);
  await security.until('the list', (s) => s.list.entries === 2);
  assert.deepEqual(Object.keys(await models()), ['old']);
  await security.stop();
  await emigration.stop();

  writeFileSync(manifest, `${shipped}\nformer:\n  - ${indented(other(block('embed'))).trimStart()}${indented(block('calibration'))}`);
  await again('SIGTERM');
  assert.equal((await models()).old.only, 2);
  assert.equal((await models()).new.in_force, true);
  assert.equal((await http(server, 'DELETE', `/api/v1/models/${OLD}`)).status, 409);
  await security.restart();
  await emigration.restart();
  await security.until('the list', (s) => s.list.entries === 2);

  assert.equal((await security.meet(ann)).outcome, 'admitted'); // by the former model's template alone
  await waitFor('she has a template of the new model', async () => (await templates(ann)).length === 2);
  const kept = (await templates(ann)).find((one) => one.in_force);
  assert.equal(kept.source, 'touchpoint');
  assert.ok(kept.quality > 0 && Date.now() - Date.parse(kept.since) < 600e3);
  assert.equal((await templates(ben)).length, 1);
  assert.equal((await models()).old.only, 1);
  await again('SIGKILL');
  assert.equal((await templates(ann)).length, 2);
  assert.equal((await security.meet(ben)).outcome, 'admitted');
  await waitFor('he has one, too', async () => (await models()).old.only === 0);

  const retired = await http(server, 'DELETE', `/api/v1/models/${OLD}`);
  assert.equal(retired.status, 200, retired.text);
  assert.deepEqual(retired.json, { lost: 0 });
  await emigration.stop();
  writeFileSync(manifest, shipped);
  await again('SIGTERM');
  await emigration.restart();
  await emigration.until('the list', (s) => s.list.entries === 2);
  for (const person of people)
    assert.equal((await emigration.meet(person)).outcome, 'admitted');
  assert.equal((await models()).new.people, 2);
  assert.equal((await http(server, 'POST', '/api/v1/check')).status, 200);
  for (const program of [server.program, security.program, emigration.program])
    assert.doesNotMatch(program.err, /AddressSanitizer|runtime error|TRAVELLER/);
});
