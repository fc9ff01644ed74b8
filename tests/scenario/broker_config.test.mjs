// Goal: brokers of the operator's own, configured by `teburad broker-config`: one, and three that are a cluster, TLS by the site's authority everywhere; a
// terminal gets in with its own credentials and hears nothing that is another's. X7 X11
import test from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as secure } from 'node:tls';
import { startTeburad, http, run, bin, root, natsProgram, temporary, freePort, waitFor } from '../support/teburad.mjs';
import { startEdge } from '../support/edge.mjs';

const skip = natsProgram ? false : 'there is no nats-server on this machine';
const command = (data, ...args) => run(join(bin, 'teburad'), ['broker-config', '--data', data, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml'), ...args]);

// A site that has run once, as its keys are needed.
let site;
async function begun(t) {
  if (site) return site;
  const server = await startTeburad(t);
  await server.stop();
  site = server.data;
  return site;
}

async function written(t, data, nodes, ...args) {
  const out = join(temporary(), 'brokers');
  const program = command(data, '--nodes', nodes.join(','), '--out', out, '--store', join(out, 'store'), ...args);
  assert.equal((await program.ended).code, 0, program.err);
  for (let i = 1; i <= nodes.length; i++) {
    assert.equal(statSync(join(out, `tebura-${i}.key`)).mode & 0o777, 0o600);
    const check = run(natsProgram, ['-t', '-c', join(out, `tebura-${i}.conf`)]);
    assert.equal((await check.ended).code, 0, check.err);
  }
  return out;
}

function broker(t, out, number) {
  const program = run(natsProgram, ['-c', join(out, `tebura-${number}.conf`)]);
  t.after(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

// A registered terminal's way in, by hand: what does the broker say to each of these lines?
async function signedIn(server, port, authority) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { json: announced } = await http(server, 'POST', '/api/v1/touchpoints', { body: { id: 'security-9', role: 'security' } });
  const { status, json, text } = await http(server, 'POST', '/api/v1/registrations', {
    token: null, body: { code: announced.code, public_key: randomBytes(32).toString('hex'), broker_key: Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url').toString('hex') } });
  assert.equal(status, 201, text);
  assert.match(json.broker_authority, /BEGIN CERTIFICATE/);
  const plain = connect(port, '127.0.0.1');
  const [info] = await once(plain, 'data');
  const { nonce, tls_required } = JSON.parse(info.toString().slice(5).split('\r\n')[0]);
  assert.equal(tls_required, true);
  const socket = secure({ socket: plain, ca: authority, host: '127.0.0.1' });
  await once(socket, 'secureConnect');
  let said = '';
  socket.on('data', (data) => { said += data; });
  socket.on('error', () => {});
  socket.write(`CONNECT ${JSON.stringify({ jwt: json.broker_token, sig: sign(null, Buffer.from(nonce), privateKey).toString('base64url'), verbose: true, pedantic: false, protocol: 1 })}\r\n`);
  const tell = async (line) => {
    said = '';
    socket.write(`${line}\r\n`);
    await waitFor(`an answer to ${line}`, () => /\+OK|-ERR|PONG/.test(said) || socket.destroyed);
    return said;
  };
  return { tell, end: () => socket.destroy() };
}

// The serial number of the certificate that a broker shows.
async function shown(port) {
  const plain = connect(port, '127.0.0.1');
  await once(plain, 'data');
  const socket = secure({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test('one broker of the operator\'s own', { skip }, async (t) => {
  const data = await begun(t), port = await freePort();
  const printed = command(data, '--nodes', `127.0.0.1:${port}`);
  assert.equal((await printed.ended).code, 0, printed.err);
  assert.match(printed.out, /operator: "ey[^]*resolver_preload/);
  assert.doesNotMatch(printed.out, /PRIVATE KEY/);
  for (const nodes of ['127.0.0.1', '127.0.0.1:1,127.0.0.1:2', 'a"b:1', '127.0.0.1:70000']) assert.equal((await command(data, '--nodes', nodes).ended).code, 64, nodes);
  const out = await written(t, data, [`127.0.0.1:${port}`]);
  assert.match(readFileSync(join(out, 'tebura-1.conf'), 'utf8'), new RegExp(`listen: "127.0.0.1:${port}"`));

  const program = broker(t, out, 1);
  const server = await startTeburad(t, { data, args: ['--nats', `tls://127.0.0.1:${port}`] });
  await waitFor('the broker takes the server', async () => (await http(server, 'GET', '/api/v1/health')).json.status === 'ok');
  const gate = await startEdge(t, server, { id: 'security-1', role: 'security' });
  await gate.until('connected', (s) => s.list.connected);
  const { tell, end } = await signedIn(server, port, readFileSync(join(out, 'authority.pem')));
  assert.match(await tell('PING'), /PONG|\+OK/);
  assert.match(await tell('SUB tb.test_site.order.security-9 1'), /\+OK/);
  assert.match(await tell('SUB $KV.feed_test_site.*.security-1.> 2'), /Permissions Violation/);
  assert.match(await tell('SUB > 3'), /Permissions Violation/);
  end();
  await gate.stop();
  await server.stop();

  // Renewed under the running broker, which reads them when it is told.
  const before = await shown(port), names = ['tebura-1.conf', 'tebura-1.pem', 'tebura-1.key'], old = names.map((name) => readFileSync(join(out, name), 'utf8'));
  assert.equal((await command(data, '--nodes', `127.0.0.1:${port}`, '--renew').ended).code, 64);
  const renewed = command(data, '--nodes', `127.0.0.1:${port}`, '--out', out, '--renew');
  assert.equal((await renewed.ended).code, 0, renewed.err);
  assert.deepEqual(names.map((name, i) => readFileSync(join(out, name), 'utf8') === old[i]), [true, false, false]);
  assert.equal(await shown(port), before);
  program.child.kill('SIGHUP'); // nats-server --signal reload
  await waitFor('the broker shows the new one', async () => (await shown(port)) !== before);
  program.child.kill('SIGTERM');
  await program.ended;

  // A certificate of the site's, but another host's.
  const wrong = await written(t, data, [`127.0.0.2:${port}`]);
  const file = join(wrong, 'tebura-1.conf');
  writeFileSync(file, readFileSync(file, 'utf8').replace('listen: "127.0.0.2:', 'listen: "127.0.0.1:'));
  const stranger = broker(t, wrong, 1);
  const misled = await startTeburad(t, { data, args: ['--nats', `tls://127.0.0.1:${port}`] });
  await waitFor('it is turned away', () => /TLS handshake error/.test(stranger.err));
  assert.equal((await http(misled, 'GET', '/api/v1/health')).json.status, 'degraded');
  await misled.stop(); // its database is the next one's
});

test('three brokers that are a cluster', { skip }, async (t) => {
  const data = await begun(t), ports = await Promise.all([freePort(), freePort(), freePort()]);
  const out = await written(t, data, ports.map((port) => `127.0.0.1:${port}`), '--cluster-port', String(await freePort()));
  const programs = [1, 2, 3].map((number) => broker(t, out, number));
  const server = await startTeburad(t, { data, args: ['--nats', ports.map((port) => `tls://127.0.0.1:${port}`).join(',')] });
  await waitFor('the cluster takes the server', async () => (await http(server, 'GET', '/api/v1/health')).json.status === 'ok');
  const gate = await startEdge(t, server, { id: 'security-2', role: 'security' });
  await gate.until('connected', (s) => s.list.connected);
  const copies = () => [1, 2, 3].filter((number) => {
    const folder = join(out, 'store', `tebura-${number}`, 'jetstream');
    return existsSync(folder) && readdirSync(folder, { recursive: true }).some((path) => String(path).endsWith('EVENTS_test_site'));
  });
  await waitFor('events are kept three times', () => copies().length === 3);
  programs[0].child.kill('SIGKILL');
  await programs[0].ended;
  await waitFor('it goes on with two', async () => (await http(server, 'GET', '/api/v1/health')).json.status === 'ok' && (await gate.state()).list.connected);
});
