// E3 A20: the day of an event at a stadium by its profile alone, also when its server is gone: ticket number and face at one's own gate, block, kiosk; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoPeople } from '../support/edge.mjs';
import { skipWithoutParts, hours, luhn, startSite, register, enter, meet, buy } from '../support/site.mjs';

skipWithoutParts();

test('the day of an event', async (t) => {
  const { server, edges, post, visit } = await startSite(t, 'stadium', {
    registration: {}, 'gate-c': { role: 'entry', attributes: { gate: 'C' } }, 'block-12': { role: 'block', attributes: { block: '12' } }, kiosk: {},
  });
  const { registration, 'gate-c': gate, 'block-12': block, kiosk } = edges;
  const [ann, ben, cid] = await demoPeople(3);
  const [anns, bens, cids] = [1, 2, 3].map((n) => luhn(`ST${String(n).padStart(9, '7')}`));
  const event = { event: 'final', gate: 'C', block: '12', seat: '7', doors: hours(-1), begins: hours(1), ends: hours(3) };
  const annsVisit = await visit(anns, 'ANN', event);
  await visit(bens, 'BEN', { ...event, seat: '8', block: '13' });
  await visit(cids, 'CID', { ...event, gate: 'A' });
  for (const [number, person] of [[anns, ann], [bens, ben], [cids, cid]]) assert.equal((await register(registration, number, person)).outcome, 'admitted');
  await post(`people/${annsVisit.person}/instruments`, { kind: 'card', token: 'good' });
  await gate.until('two on the list', (s) => s.list.entries === 2);

  const wrong = await enter(gate, cids, cid); // not on this gate's list: the server knows why
  assert.deepEqual([wrong.reason, wrong.fields.gate], ['other_gate', 'A']);
  const inside = await enter(gate, anns, ann);
  assert.deepEqual([inside.outcome, inside.fields], ['admitted', { block: '12', seat: '7' }], JSON.stringify(inside));
  await block.until('one on the list', (s) => s.list.entries === 1);
  assert.equal((await meet(block, ann)).outcome, 'admitted');
  await kiosk.until('one on the list', (s) => s.list.entries === 1);
  assert.equal((await buy(kiosk, ann)).outcome, 'admitted');
  assert.equal((await meet(block, ben)).reason, 'not_entered');

  // Without the server the gate goes on with its own list: both orders, and each refusal that can be known here.
  await gate.until('everything is told', (s) => s.outbox === 0);
  await server.stop();
  await gate.until('the broker is gone', (s) => !s.list.connected);
  assert.equal((await enter(gate, bens, ann)).reason, 'other_face');
  assert.equal((await enter(gate, anns, ann)).reason, 'reference_used');
  assert.equal((await enter(gate, cids, cid)).reason, 'offline');
  const alone = await enter(gate, bens, ben, { faceFirst: true });
  assert.deepEqual([alone.outcome, alone.source], ['admitted', 'list'], JSON.stringify(alone));
  assert.ok((await gate.state()).outbox > 0);
  for (const edge of Object.values(edges)) {
    assert.equal((await edge.stop()).code, 0);
    assert.doesNotMatch(edge.program.err, /AddressSanitizer|runtime error/);
  }
});
