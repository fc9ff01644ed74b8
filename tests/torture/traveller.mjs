// traveller.mjs: people who go through the airport, and a notebook of what the terminals said they did.
import { sleep } from '../support/teburad.mjs';
import { passport, boardingPass } from '../support/documents.mjs';
import { Gone } from './hollow.mjs';

const letters = (n) => [...String(n)].map((digit) => String.fromCharCode(65 + Number(digit))).join('');

// sure: the terminal said so after it was durable; perhaps: it died before it could say.
export class Notebook {
  sure = new Map(); // "touchpoint visit" -> times
  perhaps = new Map();
  payments = { paid: new Set(), voided: new Set(), unknown: 0, declined: 0 };
  visits = new Map(); // visit -> {flight, boarded, ...}
  checkins = 0;

  note(map, touchpoint, visit) {
    const key = `${touchpoint} ${visit}`;
    map.set(key, (map.get(key) ?? 0) + 1);
  }
}

// Tries at terminals of the role until one lets the person through. Answers false when the time is over.
async function pass(site, book, role, visit, over) {
  const terminals = site.of(role);
  for (let tries = 0; !over(); tries++) {
    const terminal = terminals[(tries + Math.floor(site.random() * terminals.length)) % terminals.length];
    try {
      const answer = await terminal.tell('pass', visit);
      if (answer.event) {
        book.note(book.sure, terminal.id, visit);
        return true;
      }
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      book.note(book.perhaps, terminal.id, visit);
    }
    // It may have happened at the terminal that died: then the list says no everywhere, and the next step is open.
    if (tries > 3 && await maybeThrough(site, visit, role)) return true;
    await sleep(50 + site.random() * 100);
  }
  return false;
}

const rank = { booked: 0, checked_in: 1, security_passed: 2, emigration_passed: 3, boarded: 4 };
const after = { security: 2, emigration: 3, boarding: 4 };
async function maybeThrough(site, visit, role) {
  try {
    const { people } = await site.api('GET', 'people');
    const person = people.find((one) => one.visit === visit);
    return person && rank[person.status] >= after[role];
  } catch {
    return false;
  }
}

async function checkIn(site, who, flight, over) {
  const number = `TT${String(1000000 + who)}`;
  const name = { surname: `TORTURE${letters(who)}`, given: 'T' };
  const mrz = passport({ ...name, number }).replace('\n', '|');
  const bcbp = boardingPass({ ...name, flight: flight.slice(2).padStart(4, '0'), date: site.departure, seat: `${String(who % 900).padStart(3, '0')}A` }).replaceAll(' ', '_');
  const kiosks = site.of('checkin');
  while (!over()) {
    try {
      const answer = await kiosks[Math.floor(site.random() * kiosks.length)].tell('checkin', who, mrz, bcbp);
      if (answer.answer === 'admit') return { visit: answer.visit, number };
      if (answer.answer === 'refuse' && answer.reason === 'already_checked_in') { // the answer was lost, the check-in was not
        const { people } = await site.sure('GET', `people?passport=${number}`);
        if (people[0]) return { visit: people[0].visit, number };
      } else if (answer.answer === 'refuse') {
        throw new Error(`check-in of ${who} was refused: ${JSON.stringify(answer)}`);
      }
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
    await sleep(100);
  }
  return null;
}

async function shop(site, book, number, visit, over) {
  const { people } = await site.sure('GET', `people?passport=${number}`);
  if (!people[0] || over()) return;
  try {
    await site.api('POST', `people/${people[0].id}/instruments`, { kind: 'card', token: 'good' });
    const answer = await site.of('shop')[0].tell('pay', visit, 100 + Math.floor(site.random() * 900));
    if (answer.is === 'paid') book.payments.paid.add(answer.payment);
    else if (answer.is === 'voided') book.payments.voided.add(answer.payment);
    else book.payments.declined++;
  } catch (error) {
    if (error instanceof Gone) book.payments.unknown++;
    else site.say(`shop: ${error.message}`);
  }
}

export async function travel(site, book, who, over) {
  const flight = site.random() < 0.5 ? 'NH112' : 'NH114';
  const papers = await checkIn(site, who, flight, over);
  if (!papers) return;
  book.checkins++;
  const { visit, number } = papers;
  book.visits.set(visit, { flight, who });
  if (!await pass(site, book, 'security', visit, over)) return;
  if (site.random() < 0.3) await shop(site, book, number, visit, over);
  if (!await pass(site, book, 'emigration', visit, over)) return;
  await pass(site, book, 'boarding', visit, over);
}
