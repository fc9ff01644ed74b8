// Goal: behind deploy/'s HAProxy each terminal is known by its own address: who tries codes locks out nobody else, and nobody else's word about addresses counts. X7
import test from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect } from 'node:net';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTeburad, http, run, root, freePort, temporary, waitFor } from '../support/teburad.mjs';

const haproxy = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'].map((place) => join(place, 'haproxy')).find((path) => existsSync(path));

// A registration with a code, from one of this machine's loopback addresses.
const tries = (port, from, ca, code) => new Promise((done, failed) => {
  const body = JSON.stringify({ code, public_key: '12'.repeat(32) });
  const call = request({ host: '127.0.0.1', port, localAddress: from, ca, servername: 'tebura.example', method: 'POST', path: '/api/v1/registrations', agent: false,
    headers: { Host: 'tebura.example', 'Content-Type': 'application/json', 'Content-Length': body.length } }, (answer) => {
    answer.resume();
    answer.on('end', () => done(answer.statusCode));
  });
  call.on('error', failed);
  call.end(body);
});

test('ten wrong codes from one address leave the others alone', { skip: !haproxy && 'there is no haproxy on this machine' }, async (t) => {
  const server = await startTeburad(t, { args: ['--tls-names', 'tebura.example', '--host', 'tebura.example', '--trust-proxy', '127.0.0.1'] });
  const directory = temporary(), port = await freePort(), statistics = await freePort();
  const { certificate } = (await http(server, 'GET', '/api/v1/authority')).json;
  writeFileSync(join(directory, 'ca.pem'), certificate);
  const text = readFileSync(join(root, 'deploy/haproxy/haproxy.cfg'), 'utf8');
  assert.match(text, /send-proxy-v2/);
  writeFileSync(join(directory, 'haproxy.cfg'), text.replace(/maxconn 4000.*/, 'maxconn 1000').replace('bind :443', `bind 127.0.0.1:${port}`).replace('127.0.0.1:8404', `127.0.0.1:${statistics}`)
    .replace('/etc/tebura/ca.pem', join(directory, 'ca.pem')).replace('192.0.2.11:8443', server.https.replace('https://', '')).replace(/^ *server (two|three).*\n/gm, ''));
  const proxy = run(haproxy, ['-db', '-f', join(directory, 'haproxy.cfg')]);
  t.after(() => { proxy.child.kill('SIGTERM'); return proxy.ended; });
  const wrong = 'ab'.repeat(16);
  const through = (from, code = wrong) => tries(port, from, certificate, code);
  await waitFor('HAProxy and its server', () => through('127.0.0.9').then((status) => status === 401, () => proxy.result));
  assert.equal(proxy.result, null, proxy.err);

  for (let i = 0; i < 10; i++) assert.equal(await through('127.0.0.2'), 401);
  assert.equal(await through('127.0.0.2'), 429);
  assert.equal(await through('127.0.0.3'), 401); // is heard
  assert.match(server.program.err, /from 127\.0\.0\.2 is wrong/);
  const announced = await http(server, 'POST', '/api/v1/touchpoints', { body: { id: 'security-1', role: 'security' } });
  assert.equal(await through('127.0.0.3', announced.json.code), 201);

  // Whoever is not the proxy and says to be another is not heard at all.
  const { hostname, port: direct } = new URL(server.https);
  const said = await new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(direct), localAddress: '127.0.0.4' }, () => socket.write('PROXY TCP4 127.0.0.5 127.0.0.1 4660 443\r\n'));
    const heard = [];
    socket.on('data', (data) => heard.push(data));
    socket.on('error', () => {});
    socket.on('close', () => done(Buffer.concat(heard)));
  });
  assert.equal(said.includes('HTTP/1.1'), false);
  assert.doesNotMatch(server.program.err, /127\.0\.0\.5/);
});
