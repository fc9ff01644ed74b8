// A20: a trip by rail by its profile alone: gate, car, conductor, and off every list at the gate of the destination; real processes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { demoPeople } from '../support/edge.mjs';
import { skipWithoutParts, hours, luhn, startSite, register, meet } from '../support/site.mjs';

skipWithoutParts();

test('a trip', async (t) => {
  const { server, edges, post, visit, counts } = await startSite(t, 'train', {
    registration: {}, tokyo: { role: 'origin_gate', attributes: { station: 'Tokyo' } }, 'car-8': { role: 'car_door', attributes: { train: 'Hikari501', car: '8' } },
    conductor: { attributes: { train: 'Hikari501' } }, kyoto: { role: 'destination_gate', attributes: { station: 'Kyoto' } },
  });
  const { registration, tokyo, 'car-8': door, conductor, kyoto } = edges;
  const [hana, stranger] = await demoPeople(2);
  const number = luhn('T1234567');
  const trip = { train: 'Hikari501', car: '8', seat: '12A', platform: '14', origin: 'Tokyo', destination: 'Kyoto', departs: hours(0.1), arrives: hours(3), discount: 'student' };
  await visit(number, 'HANA', trip);
  assert.equal((await register(registration, number, hana)).outcome, 'admitted');
  await tokyo.until('on the list', (s) => s.list.entries === 1);
  assert.equal((await meet(door, hana)).reason, 'not_entered');
  assert.equal((await meet(tokyo, stranger)).reason, 'no_ticket');
  const entered = await meet(tokyo, hana); // her face is enough: no number is asked for
  assert.deepEqual([entered.outcome, entered.fields], ['admitted', { train: 'Hikari501', platform: '14', car: '8', seat: '12A' }], JSON.stringify(entered));
  await door.until('on the list', (s) => s.list.entries === 1);
  assert.deepEqual((await meet(door, hana)).fields, { seat: '12A' });
  await conductor.until('on the list', (s) => s.list.entries === 1);
  const seen = await meet(conductor, hana);
  assert.deepEqual(seen.fields, { car: '8', seat: '12A', destination: 'Kyoto', discount: 'student' });
  assert.equal((await meet(conductor, stranger)).outcome, 'unknown');
  assert.equal((await meet(kyoto, hana)).reason, 'too_early');
  await post('visits', { reference: number, facts: { ...trip, departs: hours(-0.1) } }, 200); // the train has left
  await kyoto.until('on the list', (s) => s.list.entries === 1);
  assert.equal((await meet(kyoto, hana)).outcome, 'admitted');
  for (const edge of Object.values(edges)) await edge.until('an empty list', (s) => s.list.entries === 0 && s.outbox === 0);
  assert.deepEqual(await counts().then((c) => [c.visitors, c.entries]), [0, 0]);
  for (const edge of Object.values(edges)) assert.equal((await edge.stop()).code, 0);
  assert.equal((await server.stop()).code, 0);
  assert.doesNotMatch(server.program.err, /AddressSanitizer|runtime error|HANA/);
});
