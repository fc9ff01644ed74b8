// servers.mjs: the same airport with several servers on one PostgreSQL and one broker (doc/adr/111): any of them may be hit, the one that leads first of all,
// and PostgreSQL itself. PostgreSQL is a private one with syncs on; where we are root it runs as user postgres.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bin, freePort, http, run, sleep, waitFor } from '../support/teburad.mjs';
import { Site } from './site.mjs';

const programs = () => readdirSync('/usr/lib/postgresql').sort().map((version) => `/usr/lib/postgresql/${version}/bin`).at(-1);
const asUser = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--pdeathsig', 'KILL'] : [];

export class Postgres {
  constructor(folder) {
    this.folder = folder; // nobody else's
    this.data = join(folder, 'data');
  }

  async open() {
    mkdirSync(this.folder, { mode: 0o700 });
    this.port = await freePort();
    if (asUser.length) spawnSync('chown', ['postgres:postgres', this.folder]);
    this.do('initdb', '-D', this.data, '-A', 'trust', '-U', 'tebura', '-E', 'UTF8', '--locale=C');
    await this.start();
    this.ask('CREATE DATABASE site TEMPLATE template0', 'postgres');
    this.url = `postgresql://tebura@127.0.0.1:${this.port}/site`;
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
    const all = [...asUser, join(programs(), 'postgres'), '-D', this.data, '-p', String(this.port), '-c', 'listen_addresses=127.0.0.1',
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

export class ServersSite extends Site {
  constructor(count, options) {
    super({ ...options, broker: 'external' });
    this.count = count;
    this.servers = [];
    this.takeovers = [];
    this.postgres = new Postgres(join(this.logs, 'postgres'));
    if (asUser.length) spawnSync('chmod', ['711', this.logs]);
  }

  // `open` of a site of one server starts this: here it is all of them, each with a folder of its own and copies of the keys.
  async startServer() {
    await this.postgres.open();
    for (let i = 0; i < this.count; i++) {
      const server = { i, data: join(this.folder, `server-${i}`), port: i ? await freePort() : this.port, starts: 0 };
      mkdirSync(server.data, { mode: 0o700 });
      if (i) for (const key of ['master.key', 'operator.token', 'terminals.key'].filter((name) => existsSync(join(this.servers[0].data, name))))
        copyFileSync(join(this.servers[0].data, key), join(server.data, key));
      this.servers.push(server);
      await this.startOne(server);
    }
  }

  async startOne(server) {
    const log = join(this.logs, `server-${server.i}.log`);
    for (;;) {
      const program = run(join(bin, 'teburad'), ['management', '--data', server.data, '--site', 'torture', '--profile', this.profile, '--listen', `127.0.0.1:${server.port}`,
        '--utc-offset', '0', '--nats', `nats://127.0.0.1:${this.brokerPort}`, '--database', this.postgres.url]);
      server.program = program;
      program.child.stderr.on('data', (text) => appendFileSync(log, text));
      await waitFor('teburad serves', () => program.out.includes('\n') || program.result, 120000);
      if (!program.result) break;
      if (program.result.signal !== 'SIGKILL' && program.result.code !== 75) throw new Error(`teburad ended with ${JSON.stringify(program.result)}: ${program.err}`);
      await sleep(200); // 75: PostgreSQL is away; whoever watches over it (systemd) starts it again
    }
    server.starts++;
    this.serverStarts++;
    server.url = `http://127.0.0.1:${server.port}`;
    this.token = readFileSync(join(server.data, 'operator.token'), 'utf8').trim();
  }

  running() {
    return this.servers.filter((server) => server.url && !server.program.result && !server.frozen);
  }

  // Any server that answers, as behind a proxy.
  async api(method, path, body) {
    let last = new Error('no server is running');
    for (const server of this.running().sort(() => this.random() - 0.5)) {
      try {
        const answer = await http({ url: server.url, token: this.token }, method, `/api/v1/${path}`, { body });
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

  async leader() {
    for (const server of this.running()) {
      const answer = await http({ url: server.url, token: this.token }, 'GET', '/api/v1/health').catch(() => null);
      if (answer?.json?.leads) return server;
    }
    return null;
  }

  async strike(server) {
    server.program.child.kill('SIGKILL');
    await server.program.ended;
  }

  async close(keep) {
    this.closing = true;
    for (const server of this.servers)
      if (server.program && !server.program.result) {
        server.program.child.kill('SIGCONT');
        server.program.child.kill('SIGTERM');
        await server.program.ended;
      }
    if (this.postgres.child) await this.postgres.stop(false);
    this.server = null;
    await super.close(keep);
  }
}

async function takeover(site, former) {
  const began = Date.now();
  await waitFor('another server leads', async () => { const leader = await site.leader(); return leader && leader !== former; }, 30000);
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
