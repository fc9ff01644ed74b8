// Goal: TLS between terminals and server: the right server alone is believed, and nothing leaves the machine in the open. X7
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as secure } from 'node:tls';
import { startTeburad, http, run, bin, root, natsProgram, temporary, waitFor, sleep } from '../support/teburad.mjs';

const skip = natsProgram ? false : 'there is no nats-server on this machine';

// How a terminal ends that must not register.
async function refused(t, server, code) {
  const program = run(join(bin, 'tebura-edge'), ['--data', join(temporary(t), 'edge'), '--server', server, '--code', code, '--profile', join(root, 'profiles/airport.yaml'), '--camera', 'virtual:', '--without-liveness']);
  t.after(() => program.child.kill('SIGKILL'));
  const { code: ended } = await program.ended;
  assert.notEqual(ended, 0);
  return program.err;
}

test('only the server whose fingerprint it was given', { skip }, async (t) => {
  const server = await startTeburad(t, { args: ['--listen-tls', '0.0.0.0:0'] });
  const port = new URL(server.https).port;
  const { json } = await http(server, 'POST', '/api/v1/touchpoints', { body: { id: 'security-1', role: 'security' } });
  assert.equal(json.authority, server.authority);
  const other = json.authority.replace(/./g, (digit) => ((parseInt(digit, 16) + 1) % 16).toString(16));
  assert.match(await refused(t, `https://127.0.0.1:${port}`, `${json.code}.${other}`), /not the server whose code it is/);
  assert.match(await refused(t, `https://127.0.0.2:${port}`, `${json.code}.${json.authority}`), /certificate is for another name/);
  assert.match(await refused(t, `https://127.0.0.1:${port}`, json.code), /not the server|certificate/); // nobody vouches for it
  assert.match(await refused(t, `http://192.0.2.1:${port}`, json.code), /TLS only: https/);
  assert.equal((await http(server, 'GET', '/api/v1/touchpoints')).json.touchpoints[0].registered, false);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/api/v1/health`)); // plain words to the TLS port
  await assert.rejects(fetch(`https://127.0.0.1:${port}/api/v1/health`)); // this machine does not know the authority

  // The broker speaks TLS only.
  const said = await new Promise((done) => {
    let text = '';
    const socket = connect(Number(new URL(server.nats).port), '127.0.0.1', () => socket.write('CONNECT {"verbose":true}\r\nPING\r\n'));
    socket.on('data', (data) => { text += data; });
    socket.on('close', () => done(text));
    socket.on('error', () => {});
  });
  assert.match(said, /"tls_required":true/);
  assert.doesNotMatch(said, /PONG/);
});

test('nothing in the open beyond this machine', { skip }, async (t) => {
  for (const [args, sentence] of [[['--listen', '0.0.0.0:0'], /not loopback/], [['--trust-proxy', 'proxy.example'], /numeric addresses/], [['--nats', 'nats://192.0.2.1:4222'], /TLS only: tls/]]) {
    const data = join(temporary(t), 'data');
    const program = run(join(bin, 'teburad'), ['management', '--data', data, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml'), ...args]);
    t.after(() => program.child.kill('SIGKILL'));
    const { code } = await program.ended;
    assert.equal(code, 64, program.err);
    assert.match(program.err, sentence);
    assert.equal(existsSync(data), false); // before anything is made
  }
});

const shownBy = (port) => new Promise((done) => {
  const socket = secure({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
    done(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  });
  socket.on('error', () => done(null));
});

test('the operator\'s own certificate is read again when it changes, and a bad one is not taken', async (t) => {
  const folder = temporary(), certificate = join(folder, 'own.pem'), key = join(folder, 'own.key');
  const make = (number, keyFile = key) => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-out', certificate,
    '-subj', '/CN=localhost', '-days', '2', '-set_serial', String(number)], { stdio: 'ignore' });
  make(17, key);
  writeFileSync(join(folder, 'other.key'), 'no key');
  const bad = run(join(bin, 'teburad'), ['management', '--data', join(folder, 'data'), '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml'), '--listen-tls', '127.0.0.1:0',
    '--tls-certificate', certificate, '--tls-key', join(folder, 'other.key')]);
  const server = await startTeburad(t, { args: ['--tls-certificate', certificate, '--tls-key', key] }), { port } = new URL(server.https);
  assert.equal((await bad.ended).code, 78, bad.err);
  assert.equal(existsSync(join(folder, 'data')), false);
  assert.match(bad.err, /own\.pem, .*other\.key: the private key is no PEM/);
  assert.equal(await shownBy(port), '11');
  make(18, join(folder, 'other.key')); // its key is somewhere else
  server.program.child.kill('SIGHUP');
  await waitFor('it is refused', () => /the old one stays: .*do not belong together/.test(server.program.err));
  assert.equal(await shownBy(port), '11');
  make(19); // nobody says so
  await waitFor('the new one', async () => (await shownBy(port)) === '13');
  assert.equal((await http(server, 'GET', '/api/v1/health')).status, 200);
});

const faketime = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`;

test('certificates are renewed when a third of their life is left', { skip: skip || (existsSync(faketime) ? false : 'libfaketime is not installed') }, async (t) => {
  const stamp = join(temporary(t), 'time');
  writeFileSync(stamp, '+0d');
  const server = await startTeburad(t, { env: { LD_PRELOAD: faketime, FAKETIME_TIMESTAMP_FILE: stamp, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` } });
  const port = new URL(server.https).port;
  const first = await shownBy(port), file = join(server.data, 'nats.pem'), broker = readFileSync(file, 'utf8');
  assert.ok(first);
  writeFileSync(stamp, '+540d'); // two thirds are 550
  await sleep(3000);
  assert.equal(await shownBy(port), first);
  writeFileSync(stamp, '+560d');
  await waitFor('another certificate', async () => { const now = await shownBy(port); return now && now !== first; });
  assert.notEqual(readFileSync(file, 'utf8'), broker);
  await waitFor('the broker has read its own anew', () => /Reloaded: tls/.test(readFileSync(join(server.data, 'nats.log'), 'utf8')));
});
