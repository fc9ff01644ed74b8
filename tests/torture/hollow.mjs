// hollow.mjs: a hollow terminal as an object: commands in order, one answer each; killed and started again at will.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from '../support/teburad.mjs';

export class Gone extends Error {} // the terminal died before it answered: what was asked may have happened or not

export class Hollow {
  constructor(site, id, role, attributes, { command = [], env = {} } = {}) {
    Object.assign(this, { site, id, role, attributes, command, env, waiting: [], child: null, queue: Promise.resolve(), starts: 0 });
  }

  // `command`: what stands before the program: a network namespace, a false clock.
  async start(code) {
    const words = [...this.command, join(bin, 'hollow_terminal'), join(this.site.folder, this.id), this.site.terminalsUrl, this.site.profile, ...(code ? [code] : [])];
    const child = spawn(words[0], words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...this.env } });
    this.child = child;
    this.starts++;
    this.ended = new Promise((done) => child.once('close', (status, signal) => {
      if (this.child === child) this.child = null;
      for (const one of this.waiting.splice(0)) one.reject(new Gone(`${this.id} ended with ${status ?? signal}`));
      // What libfaketime shares among processes stays behind a kill.
      for (const left of [`faketime_shm_${child.pid}`, `sem.faketime_sem_${child.pid}`]) rmSync(`/dev/shm/${left}`, { force: true });
      if (signal !== 'SIGKILL' && status !== 0) this.site.surprise(`${this.id} ended by itself: ${status ?? signal}`);
      done();
    }));
    child.stderr.on('data', (text) => appendFileSync(join(this.site.logs, `${this.id}.log`), text));
    child.stdin.on('error', () => {});
    const first = new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
    createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.resolve(JSON.parse(line)));
    return first;
  }

  // One command after the other; rejects with Gone when the terminal died meanwhile.
  tell(...words) {
    const answer = this.queue.then(() => new Promise((resolve, reject) => {
      if (!this.child) return reject(new Gone(`${this.id} is not running`));
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${words.join(' ')}\n`);
    }));
    this.queue = answer.catch(() => {});
    return answer;
  }

  async kill() {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.child?.stdin.end();
    await this.ended;
  }
}
