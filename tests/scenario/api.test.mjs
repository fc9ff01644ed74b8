// A3 A4 A14: the HTTP API is exactly what api/openapi.yaml says: every route, every answer, every refusal, against a real teburad and broker.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { bin, root, startTeburad, http, natsProgram, waitFor } from '../support/teburad.mjs';
import { passport, boardingPass } from '../support/documents.mjs';

let Ajv, yaml;
try {
  Ajv = (await import('ajv/dist/2020.js')).default.default ?? (await import('ajv/dist/2020.js')).default;
  yaml = await import('yaml');
} catch {
  console.error('skipped: the packages of tests/ are not installed (tools/setup --test)');
  process.exit(77);
}
if (!natsProgram) {
  console.error('skipped: there is no nats-server on this machine');
  process.exit(77);
}

const document = yaml.parse(readFileSync(join(root, 'api/openapi.yaml'), 'utf8'));
const ajv = new (Ajv.default ?? Ajv)({ strict: false, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
ajv.addSchema(document, 'api');

const methods = ['get', 'put', 'post', 'delete'];
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.filter((method) => item[method]).map((method) => ({ path, method, item, operation: item[method], name: `${method.toUpperCase()} ${path}` })));
const pattern = (path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
const seen = new Set();

function resolveRef(node) {
  return node.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : node;
}

const validators = new Map();
function validatorOf(schema) {
  const key = JSON.stringify(schema);
  if (!validators.has(key)) validators.set(key, ajv.compile(JSON.parse(key.replaceAll('"#/', '"api#/'))));
  return validators.get(key);
}

function check(schema, data, what) {
  const validate = validatorOf(schema);
  assert.ok(validate(data), `${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(data)}`);
}

// Holds one answer against the document.
function judge(method, path, answer) {
  const found = operations.find((o) => o.method === method.toLowerCase() && pattern(o.path).test(path.split('?')[0]));
  assert.ok(found, `${method} ${path} is not in the document`);
  const described = found.operation.responses[answer.status];
  assert.ok(described, `${found.name} answered ${answer.status}, which is not described: ${answer.text}`);
  seen.add(`${found.name} ${answer.status}`);
  const content = resolveRef(described).content;
  if (!content) assert.equal(answer.text, '', `${found.name} ${answer.status} has no body`);
  else if (content['application/json']) check(content['application/json'].schema, answer.json, `${found.name} ${answer.status}`);
  return answer;
}

async function call(server, method, path, expected, options = {}) {
  const answer = await http(server, method, path, options);
  assert.equal(answer.status, expected, `${method} ${path}: ${answer.text}`);
  return judge(method, path, answer).json;
}

async function refused(server, method, path, status, name, options = {}) {
  const body = await call(server, method, path, status, options);
  if (name) assert.equal(body.error.status, name);
}

// A value for every parameter of a path: formed well, of something that is not there.
const sample = { number: 'XX999', date: '2030-01-01', id: '0'.repeat(31) + '1', model: '7' };
const samplePath = (path) => path.replace(/\{(\w+)\}/g, (_, name) => sample[name]);

const soon = new Date(Date.now() + 3 * 3600e3);
const day = soon.toISOString().slice(0, 10);
const flight = { from: 'HND', to: 'ITM', gate: '62', boarding: new Date(soon - 30 * 60e3).toISOString(), departure: soon.toISOString() };
const flightPath = `/api/v1/flights/NH105/${day}`;
const pass = (more = {}) => boardingPass({ date: soon, ...more });

test('the document and the table of routes are the same', () => {
  const table = readFileSync(join(root, 'apps/teburad/routes.c'), 'utf8');
  const served = [...table.matchAll(/\{"(\w+)", (ROOT )?"([^"]+)", ([^,]+),/g)].map(([, method, below, path, flags]) => ({ name: `${method} ${below ? '/api/v1' : ''}${path}`, open: flags.includes('TB_HTTP_OPEN') }));
  assert.ok(served.length > 10);
  assert.deepEqual(served.map((r) => r.name).sort(), operations.map((o) => o.name).sort());
  for (const { name, operation } of operations) {
    const open = JSON.stringify(operation.security ?? document.security) === '[]';
    assert.equal(served.find((r) => r.name === name).open, open, `${name}: security`);
  }
  for (const { operation, name } of operations) { // every schema compiles
    for (const [status, response] of Object.entries(operation.responses)) {
      const schema = resolveRef(response).content?.['application/json']?.schema;
      if (schema) assert.doesNotThrow(() => validatorOf(schema), `${name} ${status}`);
    }
  }
});

test('the API', async (t) => {
  const server = await startTeburad(t);

  await t.test('site', async () => {
    const health = await waitFor('the lists are delivered', async () => {
      const body = await call(server, 'GET', '/api/v1/health', 200, { token: null });
      return body.bus ? body : null;
    });
    assert.equal(health.status, 'ok');
    assert.equal(health.simulation.payments, true);
    const site = await call(server, 'GET', '/api/v1/site', 200, { token: null });
    assert.equal(site.site, 'test_site');
    const roles = site.roles.map((role) => role.name);
    for (const role of ['checkin', 'bag_drop', 'security', 'emigration', 'shop', 'pickup', 'boarding', 'customs']) assert.ok(roles.includes(role), role);
    assert.deepEqual(site.consents.map((consent) => consent.name), ['arrival_services', 'way_home']);
    const counts = await call(server, 'GET', '/api/v1/counts', 200);
    assert.equal(counts.people, 0);
    assert.equal((await call(server, 'POST', '/api/v1/check', 200)).equal, true);
  });

  await t.test('flights', async () => {
    const put = await call(server, 'PUT', flightPath, 200, { body: flight });
    assert.equal(put.id, `NH105/${day}`);
    assert.equal(put.gate, '62');
    const moved = await call(server, 'PUT', flightPath, 200, { body: { ...flight, gate: '64B', boarding: flight.boarding.replace('Z', '+00:00') } });
    assert.equal(moved.gate, '64B');
    const later = await call(server, 'PUT', `/api/v1/flights/NH1/${day}`, 200, { body: { ...flight, gate: '', cancelled: true } });
    assert.equal(later.cancelled, true);
    assert.equal((await call(server, 'GET', '/api/v1/flights', 200)).flights.length, 2);
    const gone = await call(server, 'POST', `/api/v1/flights/NH1/${day}/departed`, 200);
    assert.equal(gone.departed, true);
    await refused(server, 'POST', '/api/v1/flights/NH999/2030-01-01/departed', 404, 'NOT_FOUND');
    for (const path of ['/api/v1/flights/nh105/2026-11-21', '/api/v1/flights/NH105/2026-13-21', '/api/v1/flights/NH105/20261121', '/api/v1/flights/NH/2026-11-21', '/api/v1/flights/NH12345/2026-11-21'])
      await refused(server, 'PUT', path, 400, 'INVALID_ARGUMENT', { body: flight });
    const wrong = [{ ...flight, from: 'Tokyo' }, { ...flight, to: 'hn' }, { ...flight, gate: 'gate 1' }, { ...flight, departure: 'soon' }, { ...flight, boarding: flight.departure, departure: flight.boarding },
      { ...flight, cancelled: 1 }, { ...flight, extra: 1 }, { from: 'HND' }, {}, []];
    for (const body of wrong)
      await refused(server, 'PUT', flightPath, 400, 'INVALID_ARGUMENT', { body });
  });

  let person;
  await t.test('check-in without a face', async () => {
    const checkin = (body, ...rest) => call(server, 'POST', '/api/v1/checkins', ...rest, { body });
    const admitted = await checkin({ mrz: passport(), boarding_pass: pass() }, 200);
    assert.equal(admitted.verdict, 'admit');
    assert.equal((await checkin({ mrz: passport(), boarding_pass: pass(), channel: 'desk' }, 200)).visit, admitted.visit);
    const online = await checkin({ mrz: passport({ number: 'TR7654321', surname: 'SATO', given: 'TARO', sex: 'M' }), boarding_pass: pass({ surname: 'SATO', given: 'TARO', seat: '013B', pnr: 'DEF456' }), channel: 'online' }, 200);
    assert.equal(online.verdict, 'admit');
    const refusals = [
      [{ mrz: passport({ wrong: true }), boarding_pass: pass() }, 422, 'CHECK_DIGIT'],
      [{ mrz: passport({ expires: '200101' }), boarding_pass: pass() }, 422, 'DOCUMENT_EXPIRED'],
      [{ mrz: passport(), boarding_pass: pass({ date: new Date(soon.getTime() + 86400e3) }) }, 422, 'WRONG_DAY'],
      [{ mrz: passport(), boarding_pass: pass({ surname: 'YAMADA' }) }, 422, 'OTHER_PERSON'],
      [{ mrz: 'nonsense', boarding_pass: pass() }, 400, 'MALFORMED'],
      [{ mrz: passport(), boarding_pass: 'nonsense' }, 415, 'UNSUPPORTED'],
      [{ mrz: passport() }, 400, 'INVALID_ARGUMENT'],
      [{ mrz: passport(), boarding_pass: pass(), channel: 'door' }, 400, 'INVALID_ARGUMENT'],
      [{ mrz: passport(), boarding_pass: pass(), consent: true }, 400, 'INVALID_ARGUMENT'],
      [{ mrz: passport(), boarding_pass: pass({ flight: '0777' }) }, 404, 'NOT_FOUND'],
    ];
    for (const [body, status, name] of refusals)
      await refused(server, 'POST', '/api/v1/checkins', status, name, { body });
  });

  await t.test('people', async () => {
    const { people } = await call(server, 'GET', '/api/v1/people', 200);
    assert.equal(people.length, 2);
    const found = await call(server, 'GET', '/api/v1/people?passport=TR1234567', 200);
    assert.equal(found.people.length, 1);
    person = found.people[0];
    assert.equal(person.name, 'HANAKO SUZUKI');
    assert.equal(person.status, 'checked_in');
    assert.equal(person.templates, 0);
    assert.equal(person.consent, false);
    assert.deepEqual(await call(server, 'GET', '/api/v1/people?passport=ZZ0000000', 200), { people: [] });
    await refused(server, 'GET', '/api/v1/people?passport=a%20b', 400, 'INVALID_ARGUMENT');
    await call(server, 'POST', `/api/v1/people/${person.id}/instruments`, 201, { body: { kind: 'card', token: 'tok_1', pin: '1234' } });
    for (const body of [{ kind: 'card' }, { kind: 'card', token: 't', pin: '12' }, { kind: 'card', token: 't', pin: '' }, { kind: 'card', token: 't', pin: '12a4' }, { kind: 'card', token: 't', pin: 1234 }, { kind: 'x'.repeat(40), token: 't' }])
      await refused(server, 'POST', `/api/v1/people/${person.id}/instruments`, 400, 'INVALID_ARGUMENT', { body });
    await call(server, 'POST', '/api/v1/items', 201, { body: { passport: 'TR1234567', description: 'perfume' } });
    await refused(server, 'POST', '/api/v1/items', 404, 'NOT_FOUND', { body: { passport: 'ZZ0000000', description: 'perfume' } });
    await refused(server, 'POST', '/api/v1/items', 400, 'INVALID_ARGUMENT', { body: { passport: 'tr', description: 'perfume' } });
    const after = (await call(server, 'GET', '/api/v1/people?passport=TR1234567', 200)).people[0];
    assert.equal(after.instruments, 1);
    assert.equal(after.items_waiting, 1);
    assert.deepEqual(Object.keys(await call(server, 'GET', `/api/v1/people/${person.id}/journey`, 200)), ['passages']);
    assert.deepEqual(await call(server, 'GET', `/api/v1/people/${person.id}/templates`, 200), { templates: [] });
    await call(server, 'DELETE', `/api/v1/people/${person.id}/consent`, 204);
  });

  await t.test('visits', async () => {
    const facts = { departure: soon.toISOString().replace(/\.\d+Z/, 'Z'), boarding: soon.toISOString().replace(/\.\d+Z/, 'Z'), gate: '9' };
    const visit = (body, status) => call(server, 'POST', '/api/v1/visits', status, { body });
    const made = await visit({ reference: 'V1', name: 'KEN ITO', facts }, 201);
    assert.deepEqual(await visit({ reference: 'V1', facts: { ...facts, gate: '10' } }, 200), made);
    const second = await visit({ reference: 'V2', person: made.person, facts }, 201);
    assert.equal(second.person, made.person);
    assert.notEqual(second.visit, made.visit);
    const wrong = [{ facts }, { reference: 'V3', facts }, { reference: 'V 3', name: 'A', facts }, { reference: 'V3', name: 'A' }, { reference: 'V3', name: 'A', facts: [] }, { reference: 'V3', name: 'A', facts: {} },
      ...[{ room: '7' }, { status: 2 }, { consented: true }, { gate: 9 }, { gate: null }, { gate: 'x'.repeat(200) }, { departure: 'soon' }, { boarding: '2099-01-01T00:00:00Z' }, { departure: '2020-01-01T00:00:00Z', boarding: '2020-01-01T00:00:00Z' }].map((more) => ({ reference: 'V3', name: 'A', facts: { ...facts, ...more } })),
      { reference: 'V3', name: 'A', person: 'x', facts }, { reference: 'V3', name: 'A', facts, extra: 1 }];
    for (const body of wrong)
      await refused(server, 'POST', '/api/v1/visits', 400, 'INVALID_ARGUMENT', { body });
    await refused(server, 'POST', '/api/v1/visits', 404, 'NOT_FOUND', { body: { reference: 'V3', person: sample.id, facts } });
    await refused(server, 'POST', '/api/v1/visits', 409, 'CONFLICT', { body: { reference: 'V1', person: person.id, facts } });
    assert.equal((await call(server, 'POST', '/api/v1/check', 200)).equal, true);
    for (const one of [made, second])
      await call(server, 'DELETE', `/api/v1/visits/${one.visit}`, 204);
    await refused(server, 'DELETE', `/api/v1/visits/${made.visit}`, 404, 'NOT_FOUND');
    await refused(server, 'DELETE', '/api/v1/visits/xyz', 400, 'INVALID_ARGUMENT');
    assert.equal((await call(server, 'GET', '/api/v1/people', 200)).people.length, 2); // without another visit the person went, too
  });

  await t.test('models', async () => {
    const { models } = await call(server, 'GET', '/api/v1/models', 200);
    assert.equal(models.length, 1);
    assert.deepEqual({ ...models[0], model: 0 }, { model: 0, dimension: 512, in_force: true, served: true, people: 0, templates: 0, only: 0 });
    await refused(server, 'DELETE', `/api/v1/models/${models[0].model}?lose=1`, 409, 'CONFLICT');
    await refused(server, 'DELETE', '/api/v1/models/7', 404, 'NOT_FOUND');
    for (const path of ['0', 'x', '4294967296', '7?lose=2', '7?lose=yes'])
      await refused(server, 'DELETE', `/api/v1/models/${path}`, 400, 'INVALID_ARGUMENT');
  });

  await t.test('touchpoints', async () => {
    const announced = await call(server, 'POST', '/api/v1/touchpoints', 201, { body: { id: 'boarding-62', role: 'boarding', attributes: { gate: '62', spare: true, lane: 3 } } });
    assert.equal(announced.id, 'boarding-62');
    await refused(server, 'POST', '/api/v1/touchpoints', 409, 'EXISTS', { body: { id: 'boarding-62', role: 'boarding' } });
    await refused(server, 'POST', '/api/v1/touchpoints', 404, 'NOT_FOUND', { body: { id: 'lounge-1', role: 'lounge' } });
    for (const body of [{ id: 'Boarding', role: 'boarding' }, { id: 'x'.repeat(40), role: 'boarding' }, { id: 'a.b', role: 'boarding' }, { role: 'boarding' }, { id: 'b', role: 'boarding', attributes: { 'Not A Name': 1 } }, { id: 'b', role: 'boarding', attributes: { x: 1.5 } }, { id: 'b', role: 'boarding', attributes: [] }, { id: 'b', role: 'boarding' }])
      await refused(server, 'POST', '/api/v1/touchpoints', 400, 'INVALID_ARGUMENT', { body });
    const key = randomBytes(32).toString('hex');
    const registered = await call(server, 'POST', '/api/v1/registrations', 201, { token: null, body: { code: announced.code, public_key: key } });
    assert.equal(registered.touchpoint, 'boarding-62');
    assert.equal(registered.attributes.gate, '62');
    assert.equal(registered.nats_url, server.nats);
    assert.equal(registered.broker_token, null); /* it brought no key for it */
    await refused(server, 'POST', '/api/v1/touchpoints/boarding-62/code', 409, 'CONFLICT');
    await refused(server, 'POST', '/api/v1/touchpoints/nowhere/code', 404, 'NOT_FOUND');
    const second = await call(server, 'POST', '/api/v1/touchpoints', 201, { body: { id: 'boarding-63', role: 'boarding', attributes: { gate: '63' } } });
    const renewed = await call(server, 'POST', '/api/v1/touchpoints/boarding-63/code', 201);
    assert.ok(Math.abs(Date.parse(renewed.until) - Date.now() - 86400000) < 600000);
    const keys = { public_key: randomBytes(32).toString('hex'), broker_key: randomBytes(32).toString('hex') };
    await refused(server, 'POST', '/api/v1/registrations', 401, 'UNAUTHORISED', { token: null, body: { code: second.code, ...keys } });
    const own = await call(server, 'POST', '/api/v1/registrations', 201, { token: null, body: { code: renewed.code, ...keys } });
    const claims = JSON.parse(Buffer.from(own.broker_token.split('.')[1], 'base64url'));
    assert.deepEqual([claims.name, claims.nats.type], ['boarding-63', 'user']);
    await refused(server, 'POST', '/api/v1/registrations', 401, 'UNAUTHORISED', { token: null, body: { code: announced.code, public_key: randomBytes(32).toString('hex') } });
    await refused(server, 'POST', '/api/v1/registrations', 401, 'UNAUTHORISED', { token: null, body: { code: '0'.repeat(32), public_key: key } });
    for (const body of [{ code: 'x', public_key: key }, { code: announced.code, public_key: 'x' }, { code: announced.code }, { code: announced.code.toUpperCase().replace(/[0-9]/g, 'A'), public_key: key }])
      await refused(server, 'POST', '/api/v1/registrations', 400, 'INVALID_ARGUMENT', { token: null, body });
    const { touchpoints } = await call(server, 'GET', '/api/v1/touchpoints', 200);
    assert.equal(touchpoints.length, 2);
    assert.equal(touchpoints[0].registered, true);
    assert.deepEqual(touchpoints[0].attributes, { gate: '62', spare: true, lane: 3 });
    assert.equal(touchpoints[0].last, null);
    assert.match((await call(server, 'GET', '/api/v1/authority', 200, { token: null })).certificate, /BEGIN CERTIFICATE/);
    const standing = { public_key: keys.public_key };
    const { order, renewal } = await call(server, 'POST', '/api/v1/standing', 200, { token: null, body: standing });
    assert.equal(order, '');
    assert.match(renewal, /^[0-9a-f]+$/);
    await refused(server, 'POST', '/api/v1/standing', 400, 'INVALID_ARGUMENT', { token: null, body: { public_key: 'x' } });
    await refused(server, 'POST', '/api/v1/standing', 404, 'NOT_FOUND', { token: null, body: { public_key: key.replace(/./g, '1') } });
    await call(server, 'POST', '/api/v1/touchpoints/boarding-63/wipe', 204);
    assert.match((await call(server, 'POST', '/api/v1/standing', 200, { token: null, body: standing })).order, /^[0-9a-f]{80,}$/);
    await call(server, 'POST', '/api/v1/touchpoints/boarding-63/revoke', 204);
    for (const what of ['wipe', 'revoke']) {
      await refused(server, 'POST', `/api/v1/touchpoints/boarding-63/${what}`, 409, 'CONFLICT');
      await refused(server, 'POST', `/api/v1/touchpoints/nowhere/${what}`, 404, 'NOT_FOUND');
    }
    await call(server, 'POST', '/api/v1/touchpoints/boarding-63/code', 201);
    for (let i = 0; i < 10; i++) await http(server, 'POST', '/api/v1/registrations', { token: null, body: { code: '0'.repeat(32), public_key: key } });
    await refused(server, 'POST', '/api/v1/registrations', 429, 'TOO_OFTEN', { token: null, body: { code: renewed.code, ...keys } });
  });

  await t.test('watching', async () => {
    const { last } = await call(server, 'GET', '/api/v1/passages?max=1000', 200);
    const begun = Date.now();
    assert.deepEqual(await call(server, 'GET', `/api/v1/passages?after=${last}&wait=1`, 200), { passages: [], last });
    assert.ok(Date.now() - begun >= 900, 'it waited');
    for (const query of ['after=-1', 'wait=61', 'max=0', 'max=1001', 'after=x'])
      await refused(server, 'GET', `/api/v1/passages?${query}`, 400, 'INVALID_ARGUMENT');
    await refused(server, 'GET', '/api/v1/stream?after=x', 400, 'INVALID_ARGUMENT');
    const end = new AbortController();
    const response = await fetch(`${server.url}/api/v1/stream?token=${server.token}`, { signal: end.signal });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    seen.add('GET /api/v1/stream 200');
    let heard = '';
    const events = () => heard.split('\n\n').map((block) => ({ event: block.match(/^event: (.*)$/m)?.[1], data: block.match(/^data: (.*)$/m)?.[1] })).filter((e) => e.event && e.data);
    const reading = (async () => { for await (const chunk of response.body) heard += Buffer.from(chunk).toString(); })().catch(() => {});
    await waitFor('the first events', () => events().some((e) => e.event === 'counts') && events().some((e) => e.event === 'touchpoint'));
    await call(server, 'POST', '/api/v1/touchpoints', 201, { body: { id: 'shop-1', role: 'shop' } });
    await waitFor('the new terminal is told', () => events().some((e) => e.event === 'touchpoint' && JSON.parse(e.data).id === 'shop-1'));
    end.abort();
    await reading;
    for (const { event, data } of events())
      check({ $ref: `#/components/schemas/${{ counts: 'Counts', touchpoint: 'Touchpoint', passage: 'Passage' }[event]}` }, JSON.parse(data), `event ${event}`);
  });

  await t.test('who may not', async () => {
    for (const { method, path, operation, name } of operations) {
      if (JSON.stringify(operation.security ?? document.security) === '[]') continue;
      for (const token of [null, 'f'.repeat(64), `${server.token}x`, ''])
        await refused(server, method.toUpperCase(), samplePath(path), 401, 'UNAUTHORISED', { token, ...(operation.requestBody ? { body: {} } : {}) });
      assert.ok(seen.has(`${name} 401`));
    }
    const foreign = await http(server, 'GET', '/api/v1/health', { headers: { Origin: 'http://evil.example' } });
    assert.equal(foreign.status, 403);
  });

  await t.test('what is no request', async () => {
    for (const { method, path } of operations.filter((o) => o.operation.requestBody && o.path !== '/api/v1/flight-changes')) { // that one takes lines, and answers each
      const [verb, at] = [method.toUpperCase(), samplePath(path)];
      await refused(server, verb, at, 400, 'MALFORMED', { raw: '{"a":', headers: { 'Content-Type': 'application/json' } });
      await refused(server, verb, at, 400, 'MALFORMED', { raw: Buffer.from([0xff, 0xfe, 0x00]), headers: { 'Content-Type': 'application/json' } });
      await refused(server, verb, at, 400, 'INVALID_ARGUMENT', { body: ['x'] });
      await refused(server, verb, at, 400, 'INVALID_ARGUMENT'); // no body at all
      await refused(server, verb, at, 413, 'TOO_LARGE', { body: { mrz: 'x'.repeat(2 << 20) } });
      await refused(server, verb, at, 415, 'UNSUPPORTED', { raw: '{}', headers: { 'Content-Type': 'text/plain' } });
    }
    for (const path of ['/api/v1', '/api/v1/', '/api/v2/health', '/api/v1/health/', '/api/v1/people/x/y/z', '/api/v1/nothing', '/api/v1/../v1/nothing', '/metric']) {
      const answer = await http(server, 'GET', path);
      assert.equal(answer.status, 404, path);
      check({ $ref: '#/components/schemas/Error' }, answer.json, path);
    }
    for (const { path, item } of operations) {
      const other = methods.find((method) => !item[method]);
      const answer = await http(server, other.toUpperCase(), samplePath(path));
      assert.equal(answer.status, 405, `${other} ${path}`);
      check({ $ref: '#/components/schemas/Error' }, answer.json, path);
    }
    for (const path of ['', '/consent']) {
      await refused(server, 'DELETE', `/api/v1/people/xyz${path}`, 400, 'INVALID_ARGUMENT');
      await refused(server, 'DELETE', `/api/v1/people/${sample.id}${path}`, 404, 'NOT_FOUND');
    }
    await refused(server, 'GET', '/api/v1/people/xyz/templates', 400, 'INVALID_ARGUMENT');
    await refused(server, 'GET', `/api/v1/people/${sample.id}/templates`, 404, 'NOT_FOUND');
    await refused(server, 'GET', '/api/v1/people/xyz/journey', 400, 'INVALID_ARGUMENT');
    await refused(server, 'GET', `/api/v1/people/${sample.id}/journey`, 404, 'NOT_FOUND');
    await refused(server, 'POST', `/api/v1/people/${sample.id}/instruments`, 404, 'NOT_FOUND', { body: { kind: 'card', token: 'tok' } });
    await refused(server, 'POST', '/api/v1/flights/xx/yy/departed', 400, 'INVALID_ARGUMENT');
    await refused(server, 'POST', '/api/v1/visits/xyz/position-token', 400, 'INVALID_ARGUMENT');
    await refused(server, 'POST', `/api/v1/visits/${sample.id}/position`, 401, 'UNAUTHORISED', { token: null, body: { token: 'f'.repeat(64), x: 1, y: 2 } });
  });

  await t.test('flight information, occasions, further consents', async () => {
    const changes = '/api/v1/flight-changes', json = { 'Content-Type': 'application/json' };
    const told = await call(server, 'POST', changes, 200, { body: [{ carrier: 'NH', flight_number: '0105', date: day, gate: '63' }, { carrier: 'NH' }] });
    assert.deepEqual(told.results.map((r) => r.outcome), ['applied', 'refused']);
    await refused(server, 'POST', changes, 400, 'MALFORMED', { raw: '[{"carrier":', headers: json });
    await refused(server, 'POST', changes, 400, 'INVALID_ARGUMENT');
    await refused(server, 'POST', changes, 413, 'TOO_LARGE', { raw: ' '.repeat(9 << 20), headers: json });
    await refused(server, 'POST', changes, 415, 'UNSUPPORTED', { raw: 'x', headers: { 'Content-Type': 'text/plain' } });
    await call(server, 'PUT', '/api/v1/occasions/day-1', 204, { body: { facts: {} } });
    await refused(server, 'PUT', '/api/v1/occasions/day-1', 400, 'INVALID_ARGUMENT', { body: { facts: { gate: '1' } } });
    await call(server, 'POST', '/api/v1/visits', 201, { body: { reference: 'OC1', name: 'CREW', occasion: 'day-1', facts: { departure: flight.departure.replace(/\.\d+Z/, 'Z') } } });
    assert.equal((await call(server, 'GET', '/api/v1/occasions', 200)).occasions[0].visits, 1);
    await refused(server, 'DELETE', '/api/v1/occasions/day-1', 409, 'CONFLICT');
    const { people } = await call(server, 'GET', '/api/v1/people', 200);
    const crew = people.find((one) => one.name === 'CREW');
    const consents = `/api/v1/people/${crew.id}/consents`;
    await refused(server, 'PUT', `${consents}/way_home`, 403, 'NO_CONSENT');
    for (const verb of ['PUT', 'DELETE']) {
      await refused(server, verb, `${consents}/nonsense`, 404, 'NOT_FOUND');
      await refused(server, verb, '/api/v1/people/xyz/consents/way_home', 400, 'INVALID_ARGUMENT');
    }
    await call(server, 'DELETE', `${consents}/way_home`, 204);
    await call(server, 'DELETE', `/api/v1/visits/${crew.visit}`, 204);
    await call(server, 'DELETE', '/api/v1/occasions/day-1', 204);
    await refused(server, 'DELETE', '/api/v1/occasions/day-1', 404, 'NOT_FOUND');
  });

  await t.test('operating', async () => {
    const reader = readFileSync(join(server.data, 'metrics.token'), 'utf8').trim();
    for (const token of [server.token, reader]) {
      const { status, text } = await http(server, 'GET', '/metrics', { token });
      assert.equal(status, 200);
      assert.match(text, /^tebura_people \d+$/m);
      assert.match(text, /^tebura_broker_connected 1$/m);
      assert.match(text, /^tebura_database_bytes\{database="central"\} \d{4,}$/m);
      assert.doesNotMatch(text, /SUZUKI|TR1234567|NH105/);
    }
    judge('GET', '/metrics', await http(server, 'GET', '/metrics'));
    await refused(server, 'GET', '/api/v1/people', 401, 'UNAUTHORISED', { token: reader }); // it opens the metrics and nothing else
    await refused(server, 'GET', '/metrics', 401, 'UNAUTHORISED', { token: null });
    await call(server, 'POST', '/api/v1/clock/accept', 204);
    assert.deepEqual((await call(server, 'GET', '/api/v1/health', 200, { token: null })).clock, { held: false, ahead_seconds: 0 });
    assert.deepEqual(await call(server, 'GET', '/api/v1/quarantine', 200), { events: [] });
    for (const [method, more] of [['POST', '/retry'], ['DELETE', '']]) {
      await refused(server, method, `/api/v1/quarantine/xyz${more}`, 400, 'INVALID_ARGUMENT');
      await refused(server, method, `/api/v1/quarantine/${sample.id}${more}`, 404, 'NOT_FOUND');
    }
  });

  await t.test('deleting', async () => {
    await call(server, 'DELETE', `/api/v1/people/${person.id}`, 204);
    await refused(server, 'DELETE', `/api/v1/people/${person.id}`, 404, 'NOT_FOUND');
    assert.equal((await call(server, 'GET', '/api/v1/people', 200)).people.length, 1);
    assert.equal((await call(server, 'POST', '/api/v1/check', 200)).equal, true);
    assert.ok((await call(server, 'POST', '/api/v1/backups', 201)).bytes > 0); // more in backup.test.mjs
  });

  await t.test('every described answer was seen', () => {
    const conflict = new Set(['POST /api/v1/backups 409', 'POST /api/v1/backups 415', 'POST /api/v1/backups 507', 'PUT /api/v1/flights/{number}/{date} 409', 'PUT /api/v1/people/{id}/consents/{name} 204', 'PUT /api/v1/occasions/{id} 409', 'POST /api/v1/checkins 409', 'DELETE /api/v1/models/{model} 200', 'GET /api/v1/health 503', 'POST /api/v1/quarantine/{id}/retry 204', 'DELETE /api/v1/quarantine/{id} 204',
      'POST /api/v1/visits/{id}/position-token 200', 'POST /api/v1/visits/{id}/position-token 404', 'POST /api/v1/visits/{id}/position 204']); // shown by the unit tests of management
    const missing = operations.flatMap(({ name, operation }) => Object.keys(operation.responses).map((status) => `${name} ${status}`)).filter((one) => !seen.has(one) && !conflict.has(one));
    assert.deepEqual(missing, []);
  });

  const examine = (...args) => spawnSync(join(bin, 'teburad'), ['check', '--json', ...args], { encoding: 'utf8' });
  const files = ['--data', server.data, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml')];
  await t.test('teburad check', () => {
    const asked = examine('--url', server.url, '--token-file', server.token_file);
    assert.equal(asked.status, 0, asked.stderr);
    assert.equal(JSON.parse(asked.stdout).equal, true);
    const locked = examine(...files); // the service holds them
    assert.equal(locked.status, 75, locked.stderr);
    assert.match(locked.stderr, /another program holds the database/);
  });
  const { code } = await server.stop();
  assert.equal(code, 0);
  const stopped = examine(...files);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.deepEqual(JSON.parse(stopped.stdout).differences, []);
  assert.equal(examine('--data', '/nonexistent', '--site', 'x', '--profile', join(root, 'profiles/airport.yaml')).status, 66);
  assert.equal(examine('--data', server.data).status, 64);
  assert.doesNotMatch(server.program.err, /AddressSanitizer|runtime error|SUZUKI|TR1234567/); // no personal data in the log either
  assert.ok(!server.program.err.includes(server.token) && !server.program.out.includes(server.token));
});
