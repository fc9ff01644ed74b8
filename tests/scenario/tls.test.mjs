// Goal: TLS between terminals and server: the right server alone is believed, and nothing leaves the machine in the open. X7
import test from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startTeburad, http, run, bin, root, natsProgram, temporary } from '../support/teburad.mjs';

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
  for (const [args, sentence] of [[['--listen', '0.0.0.0:0'], /not loopback/], [['--nats', 'nats://192.0.2.1:4222'], /TLS only: tls/]]) {
    const program = run(join(bin, 'teburad'), ['management', '--data', join(temporary(t), 'data'), '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml'), ...args]);
    t.after(() => program.child.kill('SIGKILL'));
    const { code } = await program.ended;
    assert.equal(code, 64, program.err);
    assert.match(program.err, sentence);
  }
});
