// A16 A18 A20: the real server runs a hotel, a world's fair, a stadium and a railway from their profiles alone (with terminals and faces: hotel, expo, stadium, train).
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bin, root, natsProgram, startTeburad, http } from '../support/teburad.mjs';
import { luhn, mod97 } from '../support/site.mjs';

if (!natsProgram) {
  console.error('skipped: there is no nats-server on this machine');
  process.exit(77);
}

const hours = (h) => new Date(Date.now() + h * 3600e3).toISOString().replace(/\.\d+Z/, 'Z');
const file = (site) => join(root, `profiles/${site}.yaml`);
const profileOf = (site) => JSON.parse(execFileSync(join(bin, 'tebura'), ['profile', 'show', '--json', file(site)])).profiles[0].profile;

// Facts of a visit that has begun.
const sites = {
  hotel: { reference: luhn('H000001'), facts: { room: '707', arrival: hours(-3), leaving: hours(20), guests: 2, breakfast: true, payer: true } },
  expo: { facts: { ticket: mod97('EX2026112201'), ticket_kind: 'season', valid_from: hours(-900), valid_until: hours(900), opens: hours(-3), closes: hours(9) } },
  stadium: { reference: luhn('ST000000001'), facts: { event: 'final', gate: 'C', block: '12', seat: '7', doors: hours(-1), begins: hours(1), ends: hours(3), adult: true } },
  train: { reference: luhn('T0000001'), facts: { train: 'Hikari501', car: '8', seat: '12A', origin: 'Tokyo', destination: 'Kyoto', departs: hours(1), arrives: hours(3) } },
};

for (const [site, { reference = 'R1', facts }] of Object.entries(sites)) {
  test(`a ${site} from its profile`, async (t) => {
    const profile = profileOf(site);
    const server = await startTeburad(t, { args: ['--profile', file(site)] });
    const post = (path, body) => http(server, 'POST', path, { body });
    const told = (await http(server, 'GET', '/api/v1/site')).json;
    assert.equal(told.profile, site);
    const words = new Map(told.words.map((word) => [word.name, word]));
    for (const name of told.statuses) assert.match(words.get(name).ja, /[\u3040-\u30ff\u4e00-\u9fff]/, name); // the console says it in both languages
    assert.deepEqual(told.roles.filter((role) => !told.zones.some((zone) => zone.name === role.zone)), []);

    for (const role of profile.roles) { // a terminal of every role, with what its rules ask of it
      const wanted = Object.fromEntries(role.attributes.map((name) => [name, facts[name] ?? 'elsewhere']));
      assert.equal((await post('/api/v1/touchpoints', { id: `${role.name}-1`.replaceAll('_', '-'), role: role.name, attributes: wanted })).status, 201, role.name);
      if (role.attributes.length) assert.equal((await post('/api/v1/touchpoints', { id: 'lacking', role: role.name })).status, 400);
    }

    const made = await post('/api/v1/visits', { reference, name: 'HANA', facts });
    assert.equal(made.status, 201, made.text);
    if (reference !== 'R1') // what no terminal could read would find nobody
      assert.match((await post('/api/v1/visits', { reference: reference.replace(/.$/, (c) => (+c + 1) % 10), name: 'KEN', facts })).text, /wrong check digit/);
    const declared = new Set(profile.facts.map((fact) => fact.name));
    const undeclared = ['flight', 'room', 'doors'].find((name) => !declared.has(name));
    assert.equal((await post('/api/v1/visits', { reference: 'R2', name: 'KEN', facts: { ...facts, [undeclared]: 'x' } })).status, 400);
    const { people } = (await http(server, 'GET', '/api/v1/people')).json;
    assert.equal(people.length, 1);
    assert.equal(people[0].status, profile.statuses[0]);
    assert.equal(people[0].reference, reference);
    const open = (name) => { const fact = profile.facts.find((f) => f.name === name); return fact.type === 'text' && fact.for.length > 0 && !fact.sensitive; };
    assert.deepEqual(people[0].facts, Object.fromEntries(Object.entries(facts).filter(([name]) => open(name)))); // no ticket's code, no room
    assert.equal(people[0].lists, 0); // nobody has agreed to anything
    assert.equal((await post('/api/v1/check')).status, 200);

    assert.equal((await http(server, 'DELETE', `/api/v1/visits/${made.json.visit}`)).status, 204);
    assert.equal((await http(server, 'GET', '/api/v1/people')).json.people.length, 0);
    assert.equal((await server.stop()).code, 0);
    assert.doesNotMatch(server.program.err, /AddressSanitizer|runtime error|HANA/);
  });
}
