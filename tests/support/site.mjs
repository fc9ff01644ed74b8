// site.mjs: sites other than an airport in scenario tests: the server and its terminals by one profile, a face by reference, a ticket's
// code at a gate, and whether anything of somebody is left on a disk.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { natsProgram, root, startTeburad, http } from './teburad.mjs';
import { startEdge, havePictures } from './edge.mjs';

export function skipWithoutParts() {
  if (natsProgram && havePictures) return;
  console.error(`skipped: ${natsProgram ? 'the demo pictures are not here (tools/setup)' : 'there is no nats-server on this machine'}`);
  process.exit(77);
}

export const hours = (h) => new Date(Date.now() + h * 3600e3).toISOString().replace(/\.\d+Z/, 'Z');
const file = (site) => join(root, `profiles/${site}.yaml`);

// Check digits as profiles name them: Luhn over the digits, and ISO/IEC 7064 MOD 97-10 over letters and digits.
export function luhn(body) {
  let sum = 0;
  [...body.replace(/\D/g, '')].reverse().forEach((c, i) => { const v = Number(c) * (i % 2 ? 1 : 2); sum += v > 9 ? v - 9 : v; });
  return body + String((10 - (sum % 10)) % 10);
}
export function mod97(body) {
  const number = BigInt([...`${body}00`].map((c) => parseInt(c, 36)).join(''));
  return body + String(98n - (number % 97n)).padStart(2, '0');
}

// The server of a site with its terminals, all started at once: {drive: {role: 'drive', attributes: {...}}}.
export async function startSite(t, site, touchpoints) {
  const server = await startTeburad(t, { args: ['--profile', file(site)] });
  const edges = Object.fromEntries(await Promise.all(Object.entries(touchpoints).map(async ([id, { role = id.replaceAll('-', '_'), attributes } = {}]) =>
    [id, await startEdge(t, server, { id, role, attributes, args: ['--profile', file(site)] })])));
  const post = async (path, body, status = 201) => {
    const answer = await http(server, 'POST', `/api/v1/${path}`, { body });
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const visit = (reference, name, facts) => post('visits', { reference, name, facts });
  const end = async ({ visit: id }) => {
    const answer = await http(server, 'DELETE', `/api/v1/visits/${id}`);
    if (answer.status !== 204) throw new Error(`end of a visit: ${answer.status} ${answer.text}`);
  };
  const counts = async () => (await http(server, 'GET', '/api/v1/counts')).json;
  const journey = async ({ person }) => (await http(server, 'GET', `/api/v1/people/${person}/journey`)).json;
  return { server, edges, post, visit, end, counts, journey };
}

async function must(edge, path, body) {
  const answer = await edge.call('POST', path, body);
  if (answer.status !== 200) throw new Error(`${edge.id} ${path}: ${answer.status} ${answer.text}`);
  return answer.json;
}

// Somebody before a terminal: what was decided about them.
export const meet = (edge, person) => edge.meet(person);

// A face by reference: the number, consent, the live picture. What was decided.
export async function register(edge, reference, person, { agree = true } = {}) {
  const before = await edge.clear();
  await must(edge, '/v1/reference', { reference });
  const asked = await edge.until('consent', (s) => s.screen.ask === 'consent' || (s.last && s.last.transaction !== before.last?.transaction));
  if (asked.screen.ask === 'consent') {
    await must(edge, '/v1/consent', { agree });
    if (agree) await edge.show(person);
  }
  return edge.decided(before);
}

// Somebody at a gate that reads a code beside the face, in either order.
export async function enter(edge, code, person, { faceFirst = false } = {}) {
  const before = await edge.clear();
  if (faceFirst) {
    await edge.show(person);
    await edge.until('the code is asked for', (s) => s.screen.ask === 'reference');
  }
  await must(edge, '/v1/reference', { reference: code });
  if (!faceFirst) await edge.show(person);
  return edge.decided(before);
}

export async function buy(edge, person, sale = {}) {
  const before = await edge.clear();
  await must(edge, '/v1/sale', { amount: 1200, currency: 'JPY', ...sale });
  await edge.show(person);
  const after = await edge.until('a decision', (s) => s.screen.ask === 'staff' || (s.last && s.last.transaction !== before.last?.transaction));
  if (after.screen.ask === 'staff') await must(edge, '/v1/staff', { confirm: true });
  return edge.decided(before);
}

// The files below these directories in which one of the words stands.
export function filesWith(words, ...directories) {
  const found = [];
  const walk = (path) => {
    if (statSync(path).isDirectory()) return readdirSync(path).forEach((name) => walk(join(path, name)));
    const content = readFileSync(path);
    for (const word of words) if (content.includes(word)) found.push(`${path}: ${word}`);
  };
  directories.forEach(walk);
  return found;
}
