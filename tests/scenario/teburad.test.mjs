// A4 X7: teburad as a program: command line, exit codes, files; broker absent, gone, killed and back; ends that leave nothing behind.
import test from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { bin, freePort, http, natsProgram, natsServer, root, run, startTeburad, temporary, waitFor } from '../support/teburad.mjs';

if (!natsProgram) {
  console.error('skipped: there is no nats-server on this machine');
  process.exit(77);
}

const profile = join(root, 'profiles/airport.yaml');

// Runs it to its end, which has to come by itself.
async function refusal(args, code, sentence) {
  const program = run(join(bin, 'teburad'), args);
  const guard = setTimeout(() => program.child.kill('SIGKILL'), 60000);
  const result = await program.ended;
  clearTimeout(guard);
  assert.equal(result.code, code, `${args.join(' ')}: ${program.err}`);
  assert.match(program.err, sentence);
  assert.doesNotMatch(program.err, /AddressSanitizer|runtime error/);
  assert.equal(program.out, '');
}

const management = (data, ...more) => ['management', '--data', data, '--site', 'test_site', '--profile', profile, ...more];
const health = async (server) => (await http(server, 'GET', '/api/v1/health', { token: null })).json;
const delivered = (server) => waitFor('the lists are delivered', async () => (await health(server)).bus);
const degraded = (server) => waitFor('it says that it is degraded', async () => (await health(server)).status === 'degraded');
const brokerPids = (server) => [...server.program.err.matchAll(/nats-server runs as process (\d+)/g)].map((m) => Number(m[1]));
const isAlive = (pid) => existsSync(`/proc/${pid}/stat`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
const flight = { from: 'HND', to: 'ITM', gate: '1', boarding: '2030-01-01T08:00:00Z', departure: '2030-01-01T09:00:00Z' };
const gateOf = async (server) => (await http(server, 'GET', '/api/v1/flights')).json.flights[0]?.gate;
const setGate = async (server, gate) => assert.equal((await http(server, 'PUT', '/api/v1/flights/NH1/2030-01-01', { body: { ...flight, gate } })).status, 200);

async function clean(server) {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.doesNotMatch(server.program.err, /AddressSanitizer|runtime error/);
}

test('help and version', async () => {
  for (const [args, pattern] of [[['--help'], /--data DIR[\s\S]*--nats URL[\s\S]*Exit codes/], [['--version'], /^teburad \d+\.\d+\.\d+\n$/], [['management', '--help'], /usage: teburad/]]) {
    const program = run(join(bin, 'teburad'), args);
    assert.deepEqual(await program.ended, { code: 0, signal: null });
    assert.match(program.out, pattern);
    assert.equal(program.err, '');
  }
});

test('wrong command lines', async (t) => {
  const data = join(temporary(t), 'data');
  await refusal([], 64, /say what to run/);
  await refusal(['authority'], 64, /only management/);
  await refusal(['management'], 64, /--data, --site and --profile are needed/);
  await refusal(management(data, '--wrong'), 64, /teburad --help/);
  await refusal(management(data, 'more'), 64, /more words/);
  await refusal(management(data, '--utc-offset', 'x'), 64, /--utc-offset/);
  await refusal(management(data, '--listen', 'nowhere'), 64, /host:port/);
  await refusal(['management', '--data', data, '--site', 'No Site', '--profile', profile], 64, /site/);
});

test('what is missing, taken or not allowed', async (t) => {
  const folder = temporary(t);
  const data = join(folder, 'data');
  await refusal(['management', '--data', data, '--site', 's', '--profile', join(folder, 'none.yaml')], 66, /none\.yaml/);
  writeFileSync(join(folder, 'bad.yaml'), 'name: [');
  await refusal(['management', '--data', data, '--site', 's', '--profile', join(folder, 'bad.yaml')], 78, /bad\.yaml/);
  await refusal(management(data, '--models', join(folder, 'none.yaml')), 66, /./);
  await refusal(management(data, '--web', join(folder, 'no-pages')), 66, /no-pages/);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  await refusal(management(data, '--listen', `127.0.0.1:${taken.address().port}`), 75, /cannot listen/);
  taken.close();
  const server = await startTeburad(t, { data });
  await refusal(management(data), 75, /./); // a second one on the same data
  await clean(server);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  for (const name of ['master.key', 'operator.token', 'central.db', 'visitor.db'])
    assert.equal(statSync(join(data, name)).mode & 0o077, 0, `${name} is for its owner alone`);
  chmodSync(join(data, 'operator.token'), 0o644);
  await refusal(management(data), 77, /operator\.token/);
  chmodSync(join(data, 'operator.token'), 0o600);
  const key = readFileSync(join(data, 'master.key'), 'utf8');
  writeFileSync(join(data, 'master.key'), `${'0'.repeat(63)}1\n`);
  await refusal(management(data), 78, /./); // another key
  writeFileSync(join(data, 'master.key'), key);
  chmodSync(join(data, 'master.key'), 0o644);
  await refusal(management(data), 77, /master\.key/);
  chmodSync(join(data, 'master.key'), 0o600);
  await clean(await startTeburad(t, { data }));
  mkdirSync(join(folder, 'file'));
  writeFileSync(join(folder, 'file', 'data'), 'x');
  const program = run(join(bin, 'teburad'), management(join(folder, 'file', 'data')));
  assert.notEqual((await program.ended).code, 0);
  assert.match(program.err, /teburad: /);
});

test('its own broker is watched over, and ends with it', async (t) => {
  const data = join(temporary(t), 'data');
  const server = await startTeburad(t, { data });
  await delivered(server);
  await setGate(server, '1');
  const [first] = brokerPids(server);
  const group = Number(readFileSync(`/proc/${first}/stat`, 'utf8').split(') ')[1].split(' ')[2]);
  assert.equal(group, first); // Ctrl-C at the server's terminal is not for the broker
  process.kill(first, 'SIGKILL');
  await degraded(server);
  await setGate(server, '2'); // work goes on meanwhile
  await delivered(server);
  const second = brokerPids(server).at(-1);
  assert.notEqual(second, first);
  assert.ok(isAlive(second));
  server.program.child.kill('SIGKILL'); // however it dies, its broker does
  await server.program.ended;
  await waitFor('the broker has ended', () => !isAlive(second));
  const again = await startTeburad(t, { data });
  assert.equal(again.nats, server.nats); // terminals remember the address
  await delivered(again);
  assert.equal(await gateOf(again), '2');
  const third = brokerPids(again).at(-1);
  await clean(again);
  assert.ok(!isAlive(third));
  assert.equal(again.program.out.trim().split('\n').length, 1);
});

test('somebody else\'s broker: absent, there, gone, back', async (t) => {
  const broker = await natsServer(t);
  const server = await startTeburad(t, { args: ['--nats', broker.url] });
  assert.equal((await health(server)).status, 'degraded'); // serves all the same
  await setGate(server, '3');
  assert.match(server.program.err, /cannot be reached yet/);
  await broker.start();
  await delivered(server);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await broker.stop(signal);
    await degraded(server);
    await setGate(server, '4');
    await broker.start();
    await delivered(server);
  }
  assert.equal(server.nats, broker.url);
  await broker.stop();
  await clean(server); // also ends while the broker is away
});

test('credentials of the broker are for the connection only; terminals are told their own', async (t) => {
  const broker = await natsServer(t);
  await broker.start();
  const server = await startTeburad(t, { args: ['--nats', broker.url.replace('://', '://server:secret@'), '--terminal-nats', 'tls://gate:code@broker.example:4222'] });
  await delivered(server);
  assert.equal(server.nats, broker.url);
  assert.ok(!server.program.out.includes('secret') && !server.program.err.includes('secret'));
  const { code } = (await http(server, 'POST', '/api/v1/touchpoints', { body: { id: 'security-1', role: 'security' } })).json;
  const registered = await http(server, 'POST', '/api/v1/registrations', { token: null, body: { code, public_key: `${'0'.repeat(62)}09` } });
  assert.equal(registered.status, 201, registered.text);
  assert.equal(registered.json.nats_url, 'tls://gate:code@broker.example:4222');
  await clean(server);
});

test('ends while it is being watched', async (t) => {
  const server = await startTeburad(t);
  await delivered(server);
  const stream = await fetch(`${server.url}/api/v1/stream`, { headers: { Authorization: `Bearer ${server.token}` } });
  const heard = (async () => { let text = ''; for await (const chunk of stream.body) text += Buffer.from(chunk); return text; })();
  const poll = http(server, 'GET', '/api/v1/passages?after=9999&wait=60');
  await waitFor('the poll is waiting', async () => (await health(server)).bus);
  await clean(server);
  assert.deepEqual((await poll).json, { passages: [], last: 9999 });
  assert.match(await heard, /event: counts/);
});

test('other names and pages', async (t) => {
  const web = join(temporary(t), 'web');
  mkdirSync(web);
  writeFileSync(join(web, 'index.html'), '<title>console</title>');
  writeFileSync(join(web, 'touchpoint.html'), '<title>touchpoint</title>');
  const port = await freePort();
  const server = await startTeburad(t, { args: ['--web', web, '--listen', `127.0.0.1:${port}`] });
  assert.equal(server.url, `http://127.0.0.1:${port}`);
  for (const [path, title] of [['/', 'console'], ['/touchpoint', 'touchpoint']]) {
    const page = await http(server, 'GET', path, { token: null });
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(title));
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  }
  await clean(server);
});
