#!/usr/bin/env node
// X7, A7, A11: real programs killed, frozen and starved at random while people travel; afterwards nothing is lost, nothing counts twice, and
// every list is what full recomputation says. usage: torture.mjs [--seconds N] [--seed N] [--hazards a,b] [--people N] [--broker own|external|cluster]
// [--disk MIB] [--clocks] [--network] [--servers N] [--keep] [--quiet]. --network: one server and its terminals have a cable between them; of several servers
// each is a machine of its own, as are three brokers and PostgreSQL, and any of them may be cut off from any other (network.mjs).
import { parseArgs } from 'node:util';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, sleep } from '../support/teburad.mjs';
import { Site, canFakeClocks, canMount } from './site.mjs';
import { Notebook, travel } from './traveller.mjs';
import { hazards as hazardsOfOne } from './hazards.mjs';
import { ServersSite, cutHazards, serverHazards, slowHazards } from './servers.mjs';
import { canPart } from './network.mjs';
import { verdict } from './verdict.mjs';

const { values } = parseArgs({ options: {
  seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, hazards: { type: 'string' }, people: { type: 'string', default: '12' }, broker: { type: 'string', default: 'own' },
  servers: { type: 'string', default: '1' }, disk: { type: 'string', default: '0' }, clocks: { type: 'boolean', default: false }, network: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false }, quiet: { type: 'boolean', default: false } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const several = Number(values.servers) > 1; // on one PostgreSQL
const usual = !several ? hazardsOfOne : values.network && canPart ? cutHazards : serverHazards;
const hazards = several ? { ...usual, ...slowHazards } : hazardsOfOne;
const chosen = (values.hazards?.split(',') ?? Object.keys(usual)).filter(Boolean);
for (const name of chosen)
  if (!hazards[name]) {
    console.error(`there is no hazard ${name}; there are ${Object.keys(hazards).join(', ')}`);
    process.exit(64);
  }
if (!existsSync(join(bin, 'hollow_terminal'))) {
  console.error(`${bin}/hollow_terminal is not built (cmake --build --target torture_programs)`);
  process.exit(66);
}

let state = seed >>> 0; // mulberry32: the same seed has the same hazards in the same order; the moments are the machine's
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const began = Date.now();
const say = (text) => values.quiet || console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const options = { say, broker: values.broker, disk: canMount ? Number(values.disk) : 0, clocks: values.clocks && canFakeClocks, network: values.network && canPart };
const site = several ? new ServersSite(Number(values.servers), options) : new Site(options);
site.random = random;
if (values.disk !== '0' && !canMount) console.log('not root: no disk can be filled');
if (values.network && !canPart) console.log('not root, or no ip netns: no network can be cut');
if (values.clocks && !canFakeClocks) console.log('no libfaketime: all clocks agree');
const book = new Notebook();
const struck = {};
let code = 1;
say(`seed ${seed}, hazards: ${chosen.join(', ') || 'none'}`);
try {
  await site.open();
  const until = Date.now() + Number(values.seconds) * 1000;
  const over = () => Date.now() > until;
  let who = 0;
  const streams = Array.from({ length: Number(values.people) }, async () => {
    while (!over()) await travel(site, book, who++, over);
  });
  const storm = (async () => {
    await sleep(2000);
    while (!over() && chosen.length) {
      const name = chosen[Math.floor(random() * chosen.length)];
      say(name);
      await hazards[name](site);
      struck[name] = (struck[name] ?? 0) + 1;
      await sleep(random() * 2000);
    }
  })();
  await Promise.all([storm, ...streams]);
  say('the storm is over');
  const { wrong, lists, counts } = await verdict(site, book);
  for (const text of wrong.slice(0, 20)) console.log(`wrong: ${text}`);
  console.log(JSON.stringify({ seed, seconds: Number(values.seconds), struck, checkins: book.checkins, passages: book.sure.size, cut_short: book.perhaps.size,
    paid: book.payments.paid.size, voided: book.payments.voided.size, declined: book.payments.declined, people: lists.people, entries: lists.entries,
    applied_since_last_start: counts.events_applied, ...(several ? { takeovers_ms: site.takeovers } : {}), wrong: wrong.length }));
  code = wrong.length ? 1 : 0;
} catch (error) {
  console.error(error);
} finally {
  await site.close(values.keep ? 'all' : code ? 'logs' : '').catch(() => {});
  if (code || values.keep) console.log(`seed ${seed}; what was left lies in ${site.logs}`);
}
process.exit(code);
