// site.mjs: an airport of real programs that can be hit: server, broker, terminals. With `disk`, all that they write lies on a file system of that many
// MiB; with `clocks`, each terminal's clock is minutes off (libfaketime); with `network`, terminals live in a network
// namespace and speak TLS with server and broker (of teburad's own). All are the machine's: without root or the library the site says so.
import { existsSync, mkdtempSync, readFileSync, rmSync, mkdirSync, appendFileSync, unlinkSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, freePort, http, natsProgram, root, run, sleep, waitFor } from '../support/teburad.mjs';
import { NatsCluster } from '../support/nats_cluster.mjs';
import { Hollow } from './hollow.mjs';
import { Network } from './network.mjs';

export const gates = ['12', '14'];
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'.replace('x86_64', process.arch === 'arm64' ? 'aarch64' : 'x86_64');
export const canFakeClocks = existsSync(faketime);
export const canMount = process.getuid() === 0;
const layout = [['kiosk-1', 'checkin', {}], ['kiosk-2', 'checkin', {}], ['security-1', 'security', {}], ['security-2', 'security', {}],
  ['emigration-1', 'emigration', {}], ['shop-1', 'shop', { shop: 'books' }], ['gate-12', 'boarding', { gate: '12' }], ['gate-14', 'boarding', { gate: '14' }]];

export class Site {
  // broker: 'own' (teburad starts one), 'external' (ours) or 'cluster' (three of ours).
  constructor({ say = () => {}, broker = 'own', disk = 0, clocks = false, network = false } = {}) {
    this.brokerKind = broker;
    this.logs = mkdtempSync(join(tmpdir(), 'tebura-torture-'));
    this.folder = join(this.logs, 'disk');
    mkdirSync(this.folder);
    if (disk) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk}m,mode=0700`, 'tebura-torture', this.folder]);
    this.disk = disk;
    this.clocks = clocks;
    this.network = network ? new Network() : null;
    this.data = join(this.folder, 'server');
    this.profile = join(root, 'profiles/airport.yaml');
    this.say = say;
    this.surprises = [];
    this.terminals = [];
    this.serverStarts = 0;
    mkdirSync(this.data, { mode: 0o700 });
  }

  surprise(text) {
    if (!this.closing) this.surprises.push(text);
    this.say(`!! ${text}`);
  }

  async open() {
    this.port = await freePort();
    this.url = this.terminalsUrl = `http://127.0.0.1:${this.port}`;
    if (this.network) {
      this.tlsPort = await freePort();
      this.terminalsUrl = `https://${this.network.here ?? this.network.address('s0')}:${this.tlsPort}`;
    }
    if (this.brokerKind === 'external') await this.startBroker();
    if (this.brokerKind === 'cluster') {
      this.cluster = new NatsCluster(join(this.folder, 'nats'));
      await this.cluster.start();
    }
    await this.startServer();
    for (const [id, role, attributes] of layout) {
      const terminal = new Hollow(this, id, role, attributes, { env: this.clockOf(id), command: this.network?.command });
      const announced = await this.api('POST', 'touchpoints', { id, role, attributes });
      await terminal.start(this.network ? `${announced.code}.${announced.authority}` : announced.code);
      this.terminals.push(terminal);
    }
    for (const gate of gates) await this.putFlight(`NH1${gate}`, gate);
  }

  // Minutes ahead or behind, each terminal its own. The sanitizer's runtime does not come first then.
  clockOf(id) {
    if (!this.clocks) return {};
    const seconds = Math.round((this.random() - 0.5) * 600);
    this.say(`the clock of ${id} is ${seconds} s off`);
    return { LD_PRELOAD: faketime, FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_RESET: '1',
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`.replace(/^:/, '') };
  }

  // Not a byte is free until the answer is called.
  fillDisk() {
    const file = join(this.folder, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64k'], { stdio: 'ignore' }); // until there is no room
    return () => unlinkSync(file);
  }

  of(role) {
    return this.terminals.filter((terminal) => terminal.role === role);
  }

  async startServer() {
    const words = [join(bin, 'teburad'), 'management', '--data', this.data, '--site', 'torture', '--profile', this.profile, '--listen', `127.0.0.1:${this.port}`, '--utc-offset', '0',
      ...(this.network ? ['--listen-tls', `${this.network.here}:${this.tlsPort}`, '--tls-names', this.network.here, '--broker-listen', this.network.here] : []),
      ...(this.cluster ? ['--nats', this.cluster.url] : this.broker ? ['--nats', `nats://127.0.0.1:${this.brokerPort}`] : [])];
    const program = run(words[0], words.slice(1));
    this.server = program;
    this.serverStarts++;
    await waitFor('teburad serves', () => program.out.includes('\n') || program.result, 120000);
    appendFileSync(join(this.logs, 'server.log'), program.err);
    program.child.stderr.on('data', (text) => appendFileSync(join(this.logs, 'server.log'), text));
    if (program.result) throw new Error(`teburad ended with ${JSON.stringify(program.result)}: ${program.err}`);
    const line = JSON.parse(program.out.split('\n')[0]);
    this.token = readFileSync(line.token_file, 'utf8').trim();
  }

  async killServer() {
    this.server.child.kill('SIGKILL');
    await this.server.ended;
  }

  async startBroker() {
    this.brokerPort ??= await freePort();
    this.broker = run(natsProgram, ['-js', '-a', '127.0.0.1', '-p', String(this.brokerPort), '-sd', join(this.folder, 'nats')]);
    await sleep(200);
  }

  async killBroker(disk = false) {
    if (this.cluster) {
      const node = Math.floor(this.random() * 3);
      await this.cluster.killNode(node);
      await sleep(this.random() * 10000); // brokers wait 4 to 9 s before they choose another leader
      this.cluster.startNode(node);
      return this.cluster.whole();
    }
    if (this.broker) {
      this.broker.child.kill('SIGKILL');
      await this.broker.ended;
      if (disk) rmSync(join(this.folder, 'nats'), { recursive: true });
      await sleep(this.random() * 1000);
      return this.startBroker();
    }
    const found = run('pgrep', ['-P', String(this.server.child.pid), '-f', natsProgram]); // teburad's child: it starts another
    await found.ended;
    const pid = Number(found.out.trim().split('\n')[0]);
    if (pid) process.kill(pid, 'SIGKILL');
    return sleep(300 + this.random() * 1200);
  }

  async api(method, path, body) {
    const answer = await http({ url: this.url, token: this.token }, method, `/api/v1/${path}`, { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  // Asked until it is answered: the server may be away.
  async sure(method, path, body) {
    for (let tries = 0; ; tries++) {
      try {
        return await this.api(method, path, body);
      } catch (error) {
        if (tries > 400 || / 4\d\d /.test(error.message)) throw error;
        await sleep(100);
      }
    }
  }

  async putFlight(number, gate) {
    this.departure ??= new Date(Date.now() + 150 * 60000);
    const boarding = new Date(Date.now() - 5 * 60000);
    await this.sure('PUT', `flights/${number}/${this.departure.toISOString().slice(0, 10)}`,
      { from: 'HND', to: 'ITM', gate, boarding: boarding.toISOString(), departure: this.departure.toISOString() });
  }

  // keep: 'all', or 'logs' of a run that went wrong.
  async close(keep) {
    this.closing = true;
    await Promise.all(this.terminals.map((terminal) => terminal.stop()));
    if (this.server && !this.server.result) {
      this.server.child.kill('SIGTERM');
      await this.server.ended;
    }
    await this.cluster?.stop();
    this.broker?.child.kill('SIGTERM');
    await this.broker?.ended;
    this.network?.end();
    if (keep === 'all') return;
    if (this.disk) execFileSync('umount', [this.folder]);
    rmSync(keep ? this.folder : this.logs, { recursive: true, force: true });
  }
}
