// network.mjs: a cable between this machine and a network namespace in which terminals live: cut, plugged in again, gone at the end. For root.
import { execFileSync } from 'node:child_process';

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });

export class Network {
  constructor() {
    this.name = `tbt${process.pid}`;
    const third = process.pid % 250;
    this.here = `10.77.${third}.1`;
    this.there = `10.77.${third}.2`;
    ip('netns', 'add', this.name);
    try {
      ip('link', 'add', `${this.name}a`, 'type', 'veth', 'peer', 'name', `${this.name}b`, 'netns', this.name);
      ip('addr', 'add', `${this.here}/30`, 'dev', `${this.name}a`);
      ip('link', 'set', `${this.name}a`, 'up');
      ip('-n', this.name, 'addr', 'add', `${this.there}/30`, 'dev', `${this.name}b`);
      ip('-n', this.name, 'link', 'set', `${this.name}b`, 'up');
      ip('-n', this.name, 'link', 'set', 'lo', 'up');
    } catch (error) {
      this.end();
      throw error;
    }
    this.command = ['ip', 'netns', 'exec', this.name];
  }

  cut() { // at the far end: here the address stays, and nobody is told
    ip('-n', this.name, 'link', 'set', `${this.name}b`, 'down');
  }

  mend() {
    ip('-n', this.name, 'link', 'set', `${this.name}b`, 'up');
  }

  end() {
    ip('netns', 'del', this.name); // the cable with it
  }
}
