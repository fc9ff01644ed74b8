// servers.mjs: the same airport with several servers on one PostgreSQL and one broker (doc/adr/111): any of them may be hit, the one that leads first of all,
// and PostgreSQL itself. PostgreSQL is a private one with syncs on; where we are root it runs as user postgres. With `network` every server, PostgreSQL and
// three brokers of one cluster are machines of their own (network namespaces at one switch, TLS between them), and the network is cut (doc/adr/113).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { bin, freePort, http, natsProgram, run, sleep, waitFor } from '../support/teburad.mjs';
import { Machines } from './network.mjs';
import { Site } from './site.mjs';

const programs = () => readdirSync('/usr/lib/postgresql').sort().map((version) => `/usr/lib/postgresql/${version}/bin`).at(-1);
const asUser = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--pdeathsig', 'KILL'] : [];

export class Postgres {
  // machines: it is one of them, and all others may come in.
  constructor(folder, machines) {
    this.folder = folder; // nobody else's
    this.data = join(folder, 'data');
    this.machines = machines;
  }

  async open() {
    mkdirSync(this.folder, { mode: 0o700 });
    this.port = await freePort();
    if (asUser.length) spawnSync('chown', ['postgres:postgres', this.folder]);
    this.do('initdb', '-D', this.data, '-A', 'trust', '-U', 'tebura', '-E', 'UTF8', '--locale=C');
    if (this.machines) appendFileSync(join(this.data, 'pg_hba.conf'), `host all all ${this.machines.subnet}.0/24 trust\n`);
    await this.start();
    this.ask('CREATE DATABASE site TEMPLATE template0', 'postgres');
    this.url = this.machines ? `postgresql://tebura@${this.machines.address('db')}:${this.port}/site?sslmode=disable` : `postgresql://tebura@127.0.0.1:${this.port}/site`;
  }

  do(program, ...words) {
    const all = [...asUser, join(programs(), program), ...words];
    const result = spawnSync(all[0], all.slice(1), { encoding: 'utf8', cwd: '/' });
    if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`);
    return result.stdout;
  }

  ask(sql, database = 'site') {
    return this.do('psql', '-h', this.folder, '-p', String(this.port), '-U', 'tebura', '-AtXq', '-c', sql, database).trim();
  }

  async start() {
    const log = openSync(`${this.folder}.log`, 'a');
    const all = [...(this.machines?.inside('db') ?? []), ...asUser, join(programs(), 'postgres'), '-D', this.data, '-p', String(this.port),
      '-c', `listen_addresses=${this.machines?.address('db') ?? '127.0.0.1'}`,
      '-c', `unix_socket_directories=${this.folder}`, '-c', 'shared_buffers=32MB'];
    this.child = spawn(all[0], all.slice(1), { stdio: ['ignore', log, log], cwd: '/' });
    this.ended = new Promise((done) => this.child.once('close', done));
    await waitFor('PostgreSQL answers', () => { try { return this.ask('SELECT 1', 'postgres'); } catch { return false; } });
  }

  // hard: as a machine that loses power, but for what the disk was told to keep.
  async stop(hard) {
    this.child.kill(hard ? 'SIGQUIT' : 'SIGINT');
    await this.ended;
  }
}

// One call, with TLS by the site's authority where the server has an address of its own. Who is cut off does not answer: `patience` ms.
async function call({ url, authority, token }, method, path, body, patience) {
  if (!authority) return http({ url, token }, method, path, { body });
  const asking = request(url + path, { method, ca: authority, agent: false, headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    signal: AbortSignal.timeout(patience) });
  asking.end(body && JSON.stringify(body));
  const [reply] = await once(asking, 'response');
  const text = (await reply.setEncoding('utf8').toArray()).join('');
  return { status: reply.statusCode, text, json: text && (reply.headers['content-type'] ?? '').startsWith('application/json') ? JSON.parse(text) : undefined };
}

const brokers = ['b1', 'b2', 'b3'];

export class ServersSite extends Site {
  constructor(count, { network, ...options }) {
    super({ ...options, broker: network ? 'machines' : 'external' });
    this.count = count;
    this.servers = [];
    this.takeovers = [];
    if (network) this.network = this.machines = new Machines(['db', ...brokers, ...Array.from({ length: count }, (_, i) => `s${i}`)]);
    this.postgres = new Postgres(join(this.logs, 'postgres'), this.machines);
    if (asUser.length) spawnSync('chmod', ['711', this.logs]);
  }

  // `open` of a site of one server starts this: here it is all of them, each with a folder of its own and copies of the keys.
  async startServer() {
    await this.postgres.open();
    for (let i = 0; i < this.count; i++) {
      const server = { i, machine: `s${i}`, data: join(this.folder, `server-${i}`), port: i ? await freePort() : this.port, starts: 0 };
      mkdirSync(server.data, { mode: 0o700 });
      if (i) for (const key of ['master.key', 'operator.token', 'terminals.key'].filter((name) => existsSync(join(this.servers[0].data, name))))
        copyFileSync(join(this.servers[0].data, key), join(server.data, key));
      this.servers.push(server);
      if (this.machines && !i) await this.startBrokers(server);
      if (!i) await this.startOne(server);
    }
    await Promise.all(this.servers.slice(1).map((server) => this.startOne(server)));
  }

  // As an operator does: a server runs once, which makes the keys; it writes the brokers' configurations; they are started.
  async startBrokers(server) {
    const folder = join(this.folder, 'brokers');
    const about = ['--data', server.data, '--site', 'torture', '--profile', this.profile, '--database', this.postgres.url];
    await this.startOne(server, []);
    server.program.child.kill('SIGTERM');
    await server.program.ended;
    const nodes = brokers.map((name) => `${this.machines.address(name)}:4222`);
    const made = run(this.machines.inside(server.machine)[0], [...this.machines.inside(server.machine).slice(1), join(bin, 'teburad'), 'broker-config', ...about,
      '--nodes', nodes.join(','), '--out', folder, '--store', join(folder, 'store')]);
    if ((await made.ended).code !== 0) throw new Error(`teburad broker-config: ${made.err}`);
    this.authority = readFileSync(join(folder, 'authority.pem'), 'utf8');
    this.brokers = brokers.map((name, i) => {
      const words = [...this.machines.inside(name), natsProgram, '-c', join(folder, `tebura-${i + 1}.conf`)];
      const program = run(words[0], words.slice(1));
      program.child.stderr.on('data', (text) => appendFileSync(join(this.logs, `${name}.log`), text));
      return program;
    });
    this.nats = nodes.map((node) => `tls://${node}`).join(',');
    server.starts = this.serverStarts = 0;
  }

  // Where it listens and whom it asks; nats: instead of the usual --nats.
  wordsOf(server, nats) {
    const words = ['--listen', `127.0.0.1:${server.port}`, '--database', this.postgres.url];
    if (!this.machines) return [...words, '--nats', `nats://127.0.0.1:${this.brokerPort}`];
    const address = this.machines.address(server.machine);
    return [...words, '--listen-tls', `${address}:${this.tlsPort}`, '--tls-names', address, ...(nats ?? ['--nats', this.nats])];
  }

  async startOne(server, nats) {
    const log = join(this.logs, `server-${server.i}.log`);
    const words = [...(this.machines?.inside(server.machine) ?? []), join(bin, 'teburad'), 'management', '--data', server.data, '--site', 'torture', '--profile', this.profile,
      '--utc-offset', '0', ...this.wordsOf(server, nats)];
    for (;;) {
      const program = run(words[0], words.slice(1));
      server.program = program;
      program.child.stderr.on('data', (text) => appendFileSync(log, text));
      await waitFor('teburad serves', () => program.out.includes('\n') || program.result, 120000);
      if (!program.result) break;
      if (program.result.signal !== 'SIGKILL' && program.result.code !== 75) throw new Error(`teburad ended with ${JSON.stringify(program.result)}: ${program.err}`);
      await sleep(200); // 75: PostgreSQL is away; whoever watches over it (systemd) starts it again
    }
    server.starts++;
    this.serverStarts++;
    server.url = this.machines ? `https://${this.machines.address(server.machine)}:${this.tlsPort}` : `http://127.0.0.1:${server.port}`;
    this.token = readFileSync(join(server.data, 'operator.token'), 'utf8').trim();
  }

  ask(server, method, path, body, patience = 15000) {
    return call({ url: server.url, authority: this.authority, token: this.token }, method, `/api/v1/${path}`, body, patience);
  }

  running() {
    return this.servers.filter((server) => server.url && !server.program.result && !server.frozen);
  }

  // Any server that answers, as behind a proxy.
  async api(method, path, body) {
    let last = new Error('no server is running');
    for (const server of this.running().sort(() => this.random() - 0.5)) {
      try {
        const answer = await this.ask(server, method, path, body);
        if (answer.status < 300) return answer.json;
        last = new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
        if (answer.status !== 503) throw last;
      } catch (error) {
        if (error === last) throw error;
        last = error;
      }
    }
    throw last;
  }

  async leader(but) {
    const asked = this.running().filter((server) => server !== but);
    const answers = await Promise.all(asked.map((server) => this.ask(server, 'GET', 'health', undefined, 2000).catch(() => null)));
    return asked.find((_, i) => answers[i]?.json?.leads) ?? null;
  }

  async strike(server) {
    server.program.child.kill('SIGKILL');
    await server.program.ended;
  }

  async close(keep) {
    this.closing = true;
    await Promise.all(this.servers.filter(({ program }) => program && !program.result).map(({ program }) => {
      program.child.kill('SIGCONT');
      program.child.kill('SIGTERM');
      return program.ended;
    }));
    for (const broker of this.brokers ?? []) broker.child.kill('SIGKILL');
    await Promise.all((this.brokers ?? []).map((broker) => broker.ended));
    if (this.postgres.child) await this.postgres.stop(false);
    this.server = null;
    await super.close(keep);
  }
}

async function takeover(site, former) {
  const began = Date.now();
  await waitFor('another server leads', () => site.leader(former), 90000);
  site.takeovers.push(Date.now() - began);
  site.say(`another leads after ${Date.now() - began} ms`);
}

export const serverHazards = {
  async leader(site) {
    const server = await site.leader();
    if (!server) return;
    await site.strike(server);
    await takeover(site, server);
    await sleep(site.random() * 500);
    await site.startOne(server);
  },
  async server(site) {
    const servers = site.running();
    const server = servers[Math.floor(site.random() * servers.length)];
    await site.strike(server);
    await sleep(site.random() * 500);
    await site.startOne(server);
  },
  async sessions(site) { // of anybody, in the middle of anything
    site.postgres.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'teburad' AND random() < 0.6");
  },
  async postgres(site) {
    await site.postgres.stop(true);
    await sleep(site.random() * 500);
    await site.postgres.start();
  },
  async broker(site) {
    await site.killBroker();
  },
};
// Longer than PostgreSQL waits for a session that says nothing: only when it is asked for by name.
export const slowHazards = {
  async frozen(site) {
    const server = await site.leader();
    if (!server) return;
    server.frozen = true;
    server.program.child.kill('SIGSTOP');
    await takeover(site, server);
    await sleep(1000);
    server.program.child.kill('SIGCONT');
    server.frozen = false;
  },
};

// ---- the network ----

// Between the first and each of the others, silently, until the answer is called.
function part(site, machine, others) {
  for (const other of others) site.machines.part(machine, other);
  return () => others.forEach((other) => site.machines.join(machine, other));
}

// Whatever cuts the leader off stays until another leads, and a while longer.
async function cutLeader(site, cut) {
  const server = await waitFor('somebody leads', () => site.leader(), 90000);
  const mend = cut(server);
  try {
    await takeover(site, server);
    await sleep(site.random() * 3000);
  } finally {
    mend();
  }
}

const aWhile = (site) => sleep(500 + site.random() * 10000);

export const cutHazards = {
  ...serverHazards,
  'leader-from-brokers': (site) => cutLeader(site, ({ machine }) => part(site, machine, [...brokers, ...site.servers.map((other) => other.machine).filter((other) => other !== machine)])),
  'leader-from-database': (site) => cutLeader(site, ({ machine }) => part(site, machine, ['db'])),
  'unplug-leader': (site) => cutLeader(site, ({ machine }) => {
    site.machines.unplug(machine);
    return () => site.machines.plug(machine);
  }),
  async 'unplug-server'(site) {
    const { machine } = site.servers[Math.floor(site.random() * site.servers.length)];
    site.machines.unplug(machine);
    await aWhile(site);
    site.machines.plug(machine);
  },
  async 'broker-from-brokers'(site) {
    const one = brokers[Math.floor(site.random() * brokers.length)];
    const mend = part(site, one, brokers.filter((other) => other !== one));
    await aWhile(site);
    mend();
  },
  async 'unplug-broker'(site) {
    const one = brokers[Math.floor(site.random() * brokers.length)];
    site.machines.unplug(one);
    await aWhile(site);
    site.machines.plug(one);
  },
};
delete cutHazards.broker; // of these there are three, each with a cable
