// nats_cluster.mjs: three real nats-servers on loopback that are one cluster; each can be killed and come back with what its disk holds.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, natsProgram, run, waitFor } from './teburad.mjs';

export const nodes = 3;

export class NatsCluster {
  constructor(folder) {
    this.folder = folder;
    this.running = [];
  }

  // `settings`: further lines of each node's configuration, e.g. accounts.
  async start(settings = '') {
    this.ports = await Promise.all(Array.from({ length: nodes }, freePort));
    this.routes = await Promise.all(Array.from({ length: nodes }, freePort));
    this.monitors = await Promise.all(Array.from({ length: nodes }, freePort));
    for (let i = 0; i < nodes; i++) {
      mkdirSync(join(this.folder, `node-${i}`), { recursive: true });
      writeFileSync(join(this.folder, `node-${i}.conf`), `server_name: node-${i}
listen: "127.0.0.1:${this.ports[i]}"
http: "127.0.0.1:${this.monitors[i]}"
logfile: "${this.folder}/node-${i}.log"
max_payload: 131072
jetstream { store_dir: "${this.folder}/node-${i}", max_memory_store: 268435456, max_file_store: 1073741824 }
cluster { name: site, listen: "127.0.0.1:${this.routes[i]}", routes: [${this.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}] }
${settings}
`);
      this.startNode(i);
    }
    await this.whole();
  }

  get url() {
    return this.ports.map((port) => `nats://127.0.0.1:${port}`).join(',');
  }

  startNode(i) {
    this.running[i] = run(natsProgram, ['-c', join(this.folder, `node-${i}.conf`)]);
  }

  async killNode(i) {
    this.running[i].child.kill('SIGKILL');
    await this.running[i].ended;
  }

  async look(i, path) {
    const answer = await fetch(`http://127.0.0.1:${this.monitors[i]}/${path}`).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }

  // The node that leads a stream, or the cluster itself; -1: none is known to.
  async leader(stream) {
    for (let i = 0; i < nodes; i++) {
      const view = await this.look(i, stream ? 'jsz?streams=true' : 'jsz');
      const cluster = stream ? view?.account_details?.flatMap((account) => account.stream_detail ?? []).find((one) => one.name === stream)?.cluster : view?.meta_cluster;
      if (cluster?.leader) return Number(cluster.leader.split('-')[1]);
    }
    return -1;
  }

  // Every node is there and knows who leads.
  async whole() {
    await waitFor('the cluster of brokers', async () => {
      const views = await Promise.all(Array.from({ length: nodes }, (_, i) => this.look(i, 'jsz')));
      return views.every((view) => view?.meta_cluster?.leader && view.meta_cluster.cluster_size === nodes);
    }, 60000);
  }

  async stop() {
    for (const one of this.running) one?.child.kill('SIGKILL');
    await Promise.all(this.running.map((one) => one?.ended));
  }
}
