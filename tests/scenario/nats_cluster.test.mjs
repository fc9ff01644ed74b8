// X11 X7 A7: three brokers that are one cluster: the one that leads the stream of events is killed while people pass, comes back, then two are killed,
// so that no majority is left, and come back with their memory empty. Passages go on within seconds, none is lost or counts twice, and every list is
// what full recomputation and a second opinion on the rules say.
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bin, natsProgram, sleep, waitFor } from '../support/teburad.mjs';
import { Site } from '../torture/site.mjs';
import { Notebook, travel } from '../torture/traveller.mjs';
import { verdict } from '../torture/verdict.mjs';

const skip = !natsProgram ? 'there is no nats-server on this machine' : !existsSync(join(bin, 'hollow_terminal')) ? 'hollow_terminal is not built' : false;

test('a cluster of brokers loses one, then its majority', { skip, timeout: 240000 }, async () => {
  let storm = true, who = 0;
  const began = Date.now(), site = new Site({ broker: 'cluster', say: (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${text}`) });
  site.random = Math.random;
  const book = new Notebook();
  const passed = async () => (await site.api('GET', 'counts')).events_applied;
  // Somebody has passed after this moment, and the server knows it.
  const goesOn = async (what) => {
    const from = await passed(), since = Date.now();
    await waitFor(`passages after ${what}`, async () => (await passed()) > from, 60000);
    site.say(`${what}: passages go on after ${((Date.now() - since) / 1000).toFixed(1)} s`);
  };
  try {
    await site.open();
    const { cluster } = site;
    const people = Array.from({ length: 3 }, async () => {
      while (storm) await travel(site, book, who++, () => !storm);
    });
    await goesOn('the start');
    const copies = await waitFor('three copies', async () => {
      const view = await cluster.look(0, 'jsz?streams=true&config=true');
      const streams = view?.account_details?.flatMap((account) => account.stream_detail ?? []) ?? [];
      return streams.length === 17 && streams.map((stream) => stream.config.num_replicas);
    });
    assert.deepEqual([...new Set(copies)], [3]);

    const leader = Math.max(await cluster.leader('EVENTS_torture'), 0);
    await cluster.killNode(leader);
    await goesOn(`node ${leader} is dead`);
    cluster.startNode(leader);
    await cluster.whole();

    const two = [leader, (leader + 1) % 3];
    await Promise.all(two.map((node) => cluster.killNode(node)));
    site.say('the majority is gone');
    await sleep(1000);
    two.forEach((node) => cluster.startNode(node));
    await goesOn('the majority is back');
    storm = false;
    await Promise.all(people);

    const { wrong, lists } = await verdict(site, book);
    assert.deepEqual(wrong, []);
    assert.ok(book.sure.size > 3, `${book.sure.size} passages`);
    assert.ok(lists.people > 2);
  } finally {
    storm = false;
    await site.close();
  }
});
