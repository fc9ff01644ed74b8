// verdict.mjs: after the storm: nothing lost, nothing twice, nobody on a list they should have left.
import { waitFor } from '../support/teburad.mjs';

async function allPassages(site) {
  const counts = new Map();
  for (let after = 0; ;) {
    const { passages } = await site.sure('GET', `passages?after=${after}&max=1000`);
    if (!passages.length) return counts;
    for (const one of passages) {
      after = one.number;
      if (one.kind !== 'passage') continue;
      const key = `${one.touchpoint} ${one.visit}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
}

function comparePassages(book, server, wrong) {
  for (const [key, times] of book.sure) {
    const there = server.get(key) ?? 0;
    const most = times + (book.perhaps.get(key) ?? 0);
    if (there < times) wrong.push(`lost: ${key}: the terminal recorded ${times}, the server has ${there}`);
    if (there > most) wrong.push(`twice: ${key}: the terminal recorded ${times} to ${most}, the server has ${there}`);
  }
  for (const [key, there] of server)
    if (!book.sure.has(key) && there > (book.perhaps.get(key) ?? 0)) wrong.push(`from nowhere: ${key}: ${there} times`);
}

// The rules of profiles/airport.yaml, said once more by hand: an independent opinion of who belongs where.
function belongs(terminal, person, gateOf) {
  const status = ['booked', 'checked_in', 'security_passed', 'emigration_passed', 'boarded'].indexOf(person.status);
  switch (terminal.role) {
    case 'security': return status === 1 && !person.flag;
    case 'emigration': return person.flag && status === 2;
    case 'shop': return person.flag && status >= 2 && status < 4 && person.instruments > 0;
    case 'boarding': return person.flag && status >= 2 && status < 4 && gateOf(person) === terminal.attributes.gate;
    default: return false;
  }
}

async function compareLists(site, book, wrong) {
  const { people } = await site.sure('GET', 'people');
  const { flights } = await site.sure('GET', 'flights');
  const gateOf = (person) => flights.find((flight) => flight.id === person.flight)?.gate;
  const visits = people.map((person) => person.visit);
  let entries = 0;
  for (const terminal of site.terminals) {
    const { on } = await terminal.tell('list', ...visits);
    const want = new Set(people.filter((person) => belongs(terminal, person, gateOf)).map((person) => person.visit));
    entries += on.length;
    for (const visit of on) if (!want.has(visit)) wrong.push(`${visit} is on the list of ${terminal.id} and should have left it`);
    for (const visit of want) if (!on.includes(visit)) wrong.push(`${visit} is missing on the list of ${terminal.id}`);
  }
  return { people: people.length, entries };
}

async function comparePayments(site, book, wrong) {
  const counts = await site.sure('GET', 'counts');
  const { paid, unknown } = book.payments;
  if (counts.ledger_sum !== 0) wrong.push(`the ledger's sum is ${counts.ledger_sum}`);
  if (counts.payments < paid.size || counts.payments > paid.size + unknown)
    wrong.push(`${counts.payments} payments stand, the tills printed ${paid.size} receipts and ${unknown} more were cut short`);
  return counts;
}

export async function verdict(site, book) {
  const wrong = [...site.surprises];
  await waitFor('terminals have reported everything', async () => {
    const views = await Promise.all(site.terminals.map((terminal) => terminal.tell('list')));
    return views.every((view) => view.connected && view.outbox === 0);
  }, 120000);
  await waitFor('the server has published everything', async () => (await site.sure('GET', 'counts')).outbox === 0, 60000);
  // What a server had in hand when it was killed comes again when the broker has given up waiting for its acknowledgement.
  const began = Date.now();
  await waitFor('every passage', async () => {
    const server = await allPassages(site);
    return [...book.sure].every(([key, times]) => (server.get(key) ?? 0) >= times);
  }, 60000).catch(() => {});
  site.say(`everything was there ${((Date.now() - began) / 1000).toFixed(1)} s after the end`);
  comparePassages(book, await allPassages(site), wrong);
  // What brokers have forgotten, or what a server could not tell, is noticed and written again within seconds; for ever is wrong.
  let lists, off;
  await waitFor('lists are right', async () => {
    lists = await compareLists(site, book, off = []);
    return !off.length;
  }, 30000).catch(() => {});
  wrong.push(...off);
  const counts = await comparePayments(site, book, wrong);
  await site.sure('POST', 'check').catch((error) => wrong.push(`full recomputation: ${error.message}`));
  return { wrong, lists, counts };
}
