// teburad.mjs: starts real programs for scenario tests, in directories of their own, and ends exactly those.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const bin = process.env.TEBURA_BIN ?? join(root, 'build/debug');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits for what another process brings about; the bound is "never", not a measure.
export async function waitFor(what, condition, ms = 60000) {
  const until = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > until) throw new Error(`it never came about: ${what}`);
    await sleep(50);
  }
}

// A directory that is removed when the process ends: the programs of a test still write to it while the test's own hooks run.
const directories = [];
process.once('exit', () => directories.forEach((one) => rmSync(one, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })));
export function temporary() {
  directories.push(mkdtempSync(join(tmpdir(), 'tebura-test-')));
  return directories.at(-1);
}

// Below the ports that the system gives to outgoing connections: nobody gets it by chance while its program is stopped for a moment.
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 20000), server = createServer();
    const isFree = await new Promise((done) => server.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)));
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

// A program with its output kept. `ended` resolves to {code, signal}.
export function run(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const state = { child, out: '', err: '', ended: null, result: null };
  child.stdout?.on('data', (text) => { state.out += text; });
  child.stderr?.on('data', (text) => { state.err += text; });
  state.ended = new Promise((done) => child.once('close', (code, signal) => {
    state.result = { code, signal };
    done(state.result);
  }));
  child.once('error', (error) => { state.err += error.message; });
  return state;
}

// teburad management. Answers when it serves; ended and checked for a clean end after the test.
export async function startTeburad(t, { data, args = [], env = {} } = {}) {
  data ??= join(temporary(), 'data');
  const program = run(join(bin, 'teburad'), ['management', '--data', data, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml'),
    '--utc-offset', '0', '--listen-tls', '127.0.0.1:0', ...args], { env: { ...process.env, ...env } });
  const stop = async (signal = 'SIGTERM') => {
    if (!program.result) program.child.kill(signal);
    return program.ended;
  };
  t.after(() => stop());
  await waitFor('teburad serves', () => program.out.includes('\n') || program.result);
  if (program.result) throw new Error(`teburad ended with ${JSON.stringify(program.result)}: ${program.err}`);
  const line = JSON.parse(program.out.split('\n')[0]);
  const token = readFileSync(line.token_file, 'utf8').trim();
  return { ...line, url: line.http, token, data, program, stop };
}

const natsPlaces = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
export const natsProgram = natsPlaces.map((place) => join(place, 'nats-server')).find((path) => existsSync(path));

// A nats-server of the test's own, which can be stopped and started again on the same port with the same store.
export async function natsServer(t) {
  const directory = temporary();
  const port = await freePort();
  let program = null;
  const server = {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      program = run(natsProgram, ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', directory]);
      await waitFor('nats-server takes connections', () => new Promise((done) => {
        const socket = connect(port, '127.0.0.1', () => { socket.destroy(); done(true); });
        socket.once('error', () => done(false));
      }));
    },
    async stop(signal = 'SIGTERM') {
      if (!program) return;
      program.child.kill(signal);
      await program.ended;
      program = null;
    },
  };
  t.after(() => server.stop());
  return server;
}

// One HTTP call; the body is parsed when it is JSON.
export async function http(server, method, path, { body, token = server.token, headers = {}, raw } = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body !== undefined ? { 'Content-Type': 'application/json' } : {}), ...headers },
    body: raw ?? (body !== undefined ? JSON.stringify(body) : undefined),
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, headers: response.headers, text, json: type.startsWith('application/json') && text ? JSON.parse(text) : undefined };
}
