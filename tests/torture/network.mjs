// network.mjs: network namespaces of this process, gone at the end: Network is a cable to one in which terminals live; Machines are several at one switch,
// each with an address of its own, and this machine too. For root; with `ip` alone.
import { execFileSync, spawnSync } from 'node:child_process';

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
// A container's root may be allowed neither: tried once.
function tryIt() {
  const name = `tbp${process.pid}`, works = (...words) => spawnSync('ip', words).status === 0;
  const can = process.getuid() === 0 && works('netns', 'add', name) && works('link', 'add', 'name', name, 'type', 'bridge');
  works('link', 'del', name);
  works('netns', 'del', name);
  return can;
}
export const canPart = tryIt();

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

const nobody = '02:00:00:00:00:01'; // a network card that nobody has

export class Machines {
  constructor(names) {
    this.base = `tbm${process.pid}`;
    this.subnet = `10.78.${process.pid % 250}`;
    this.names = [];
    process.once('exit', () => this.end()); // also when a test throws
    ip('link', 'add', 'name', `${this.base}s`, 'type', 'bridge');
    try {
      ip('addr', 'add', `${this.subnet}.254/24`, 'dev', `${this.base}s`);
      ip('link', 'set', `${this.base}s`, 'up');
      names.forEach((name, i) => this.add(name, `${this.base}v${i}`));
    } catch (error) {
      this.end();
      throw error;
    }
  }

  add(name, cable) {
    const space = this.space(name);
    ip('netns', 'add', space);
    this.names.push(name);
    ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    ip('link', 'set', cable, 'master', `${this.base}s`, 'up');
    ip('-n', space, 'addr', 'add', `${this.address(name)}/24`, 'dev', 'eth0');
    for (const device of ['eth0', 'lo']) ip('-n', space, 'link', 'set', device, 'up');
  }

  space(name) {
    return `${this.base}-${name}`;
  }

  address(name) {
    return `${this.subnet}.${this.names.indexOf(name) + 1}`;
  }

  inside(name) {
    return ['ip', 'netns', 'exec', this.space(name)];
  }

  unplug(name) {
    ip('-n', this.space(name), 'link', 'set', 'eth0', 'down');
  }

  plug(name) {
    ip('-n', this.space(name), 'link', 'set', 'eth0', 'up');
  }

  // From now on what either of them sends to the other gets lost, and nobody is told.
  part(one, other) {
    for (const [here, there] of [[one, other], [other, one]])
      ip('-n', this.space(here), 'neigh', 'replace', this.address(there), 'lladdr', nobody, 'nud', 'permanent', 'dev', 'eth0');
  }

  join(one, other) {
    for (const [here, there] of [[one, other], [other, one]]) ip('-n', this.space(here), 'neigh', 'del', this.address(there), 'dev', 'eth0');
  }

  end() {
    for (const name of this.names.splice(0)) spawnSync('ip', ['netns', 'del', this.space(name)]); // its cable with it
    spawnSync('ip', ['link', 'del', `${this.base}s`]);
  }
}
