// A11: a terminal that loses its power in the middle of a payment: charged once or voided, nothing charged twice, nothing left open.
import test from 'node:test';
import assert from 'node:assert/strict';
import { natsProgram, natsServer, startTeburad, http, waitFor, sleep } from '../support/teburad.mjs';
import { startEdges, demoPeople, havePictures, checkin } from '../support/edge.mjs';

if (!natsProgram || !havePictures) {
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

const inMinutes = (m) => new Date(Date.now() + m * 60000).toISOString().replace(/\.\d+Z/, 'Z');
const counts = async (server) => (await http(server, 'GET', '/api/v1/counts')).json;

// A shopper with a card, at a shop's terminal that knows them.
async function shopping(t, args) {
  const server = await startTeburad(t, { args });
  const departure = inMinutes(60);
  await http(server, 'PUT', `/api/v1/flights/NH105/${departure.slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(20), departure } });
  const [ann] = (await demoPeople(1)).map((p) => ({ ...p, date: new Date(departure) }));
  const [kiosk, security, shop] = await startEdges(t, server, [
    { id: 'kiosk', role: 'checkin', zone: 'landside' },
    { id: 'security', role: 'security', zone: 'security_area' },
    { id: 'shop', role: 'shop', zone: 'airside' },
  ]);
  assert.equal((await checkin(kiosk, ann, '105')).outcome, 'admitted');
  await kiosk.stop();
  await security.until('the list', (s) => s.list.entries === 1);
  assert.equal((await security.meet(ann)).outcome, 'admitted');
  await security.until('reported', (s) => s.outbox === 0);
  await security.stop();
  const { id } = (await http(server, 'GET', `/api/v1/people?passport=${ann.number}`)).json.people[0];
  assert.equal((await http(server, 'POST', `/api/v1/people/${id}/instruments`, { body: { kind: 'card', token: 'good' } })).status, 201);
  await shop.until('the list', (s) => s.list.entries === 1);
  return { server, shop, ann };
}

async function begin(shop, ann, amount) {
  assert.equal((await shop.call('POST', '/v1/sale', { amount, currency: 'JPY' })).status, 200);
  await shop.show(ann);
}

test('power cut at any moment of a payment', async (t) => {
  const { server, shop, ann } = await shopping(t);
  let attempts = 0;
  for (const delay of [0, 120, 250, 400, 600, 900]) { // from before the face to after the answer
    await shop.show();
    await begin(shop, ann, 1000 + delay);
    attempts++;
    await sleep(delay);
    await shop.stop('SIGKILL');
    await shop.restart();
    await shop.until('the outbox is empty', (s) => s.list.connected && s.outbox === 0);
    assert.equal((await shop.state()).state, 'idle');
    assert.equal((await shop.state()).sale, undefined); // no amount of one person survives (M7)
  }
  // Exactly at the dangerous place: the payment is on its way.
  await begin(shop, ann, 777);
  await shop.until('it is asked', (s) => s.state === 'asking' && !s.screen.ask);
  await shop.stop('SIGKILL');
  attempts++;
  await shop.restart();
  await shop.until('the void is reported', (s) => s.list.connected && s.outbox === 0);
  const settled = await waitFor('the server has applied it', async () => {
    const now = await counts(server);
    return now.payments_voided >= 1 && now;
  });
  assert.equal(settled.ledger_sum, 0);
  assert.ok(settled.payments <= attempts, JSON.stringify(settled));
  assert.equal((await http(server, 'POST', '/api/v1/check')).status, 200);
  // The terminal works on as if nothing had been.
  const before = await counts(server);
  await begin(shop, ann, 500);
  assert.equal((await shop.until('paid', (s) => s.last)).last.outcome, 'admitted');
  const after = await counts(server);
  assert.equal(after.payments - before.payments, 1);
  assert.equal(after.payments_voided, before.payments_voided);
});

test('the broker goes while a payment is under way: tried again under the same id, then voided once', async (t) => {
  const broker = await natsServer(t);
  await broker.start();
  const { server, shop, ann } = await shopping(t, ['--nats', broker.url]);
  const before = await counts(server);
  await broker.stop('SIGKILL');
  await shop.until('alone', (s) => !s.list.connected);
  await begin(shop, ann, 900);
  const last = (await shop.until('given up', (s) => s.last)).last;
  assert.equal(last.outcome, 'failed');
  assert.equal(last.reason, 'offline');
  const state = await shop.state();
  assert.equal(state.outbox, 1); // the void
  assert.notEqual(state.screen.tone, 'refuse');
  await broker.start();
  await shop.until('the void is reported', (s) => s.list.connected && s.outbox === 0);
  const settled = await waitFor('applied', async () => {
    const now = await counts(server);
    return now.events_applied > before.events_applied && now;
  });
  assert.equal(settled.payments, before.payments); // it never arrived, so nothing was charged
  assert.equal(settled.ledger_sum, 0);
});
