// X7 A7 A11: three servers, three brokers and PostgreSQL, each a machine of its own (network namespaces, TLS), while people travel: the server that
// leads is cut off from brokers and other servers, then from the database, silently, until another leads; then a broker from the other brokers. Nothing is lost,
// nothing counts twice, no payment twice, lists as full recomputation and a second opinion on the rules say. Longer, and by chance: make torture.
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, natsProgram, waitFor } from '../support/teburad.mjs';
import { canPart } from '../torture/network.mjs';
import { ServersSite, cutHazards } from '../torture/servers.mjs';
import { Notebook, travel } from '../torture/traveller.mjs';
import { verdict } from '../torture/verdict.mjs';

const missing = !natsProgram ? 'there is no nats-server on this machine' : !existsSync('/usr/lib/postgresql') ? 'there is no PostgreSQL on this machine'
  : !existsSync(join(bin, 'hollow_terminal')) ? 'hollow_terminal is not built' : !canPart ? 'network namespaces need root and ip netns' : '';
if (missing) {
  console.error(`skipped: ${missing}`);
  process.exit(77);
}
let storm = true, who = 0, passed = false;
const began = Date.now();
const site = new ServersSite(3, { network: true, say: (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${text}`) });
site.random = () => Math.random() * 0.4; // short waits
const book = new Notebook();
try {
  await site.open();
  const people = Array.from({ length: 4 }, async () => {
    while (storm) await travel(site, book, who++, () => !storm);
  });
  await waitFor('somebody has passed', () => book.sure.size > 0, 180000);
  for (const name of ['leader-from-brokers', 'leader-from-database', 'broker-from-brokers']) {
    site.say(name);
    await cutHazards[name](site);
  }
  const before = book.sure.size;
  await waitFor('passages go on', () => book.sure.size > before, 180000);
  storm = false;
  await Promise.all(people);
  const { wrong } = await verdict(site, book);
  assert.deepEqual(wrong, []);
  assert.equal(site.takeovers.length, 2);
  passed = true;
} finally {
  storm = false;
  await site.close(passed ? '' : 'logs');
  if (!passed) console.log(`what was left lies in ${site.logs}`);
}
