// edge.mjs: terminals for scenario tests: starts tebura-edge, talks to its local interface, knows people of the demo photographs.
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { root, bin, run, waitFor, http, temporary } from './teburad.mjs';
import { passport, boardingPass } from './documents.mjs';

const picturesDirectory = join(process.env.TEBURA_DEPS ?? join(root, '.deps'), 'pictures');

// Every answer of a local interface is held against api/edge.yaml where the tests' packages are installed (tools/setup --test).
const described = await (async () => {
  try {
    const module = await import('ajv/dist/2020.js');
    const yaml = await import('yaml');
    const Ajv = module.default.default ?? module.default;
    const document = yaml.parse(readFileSync(join(root, 'api/edge.yaml'), 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: true });
    ajv.addSchema(document, 'edge');
    const state = ajv.compile({ $ref: 'edge#/components/schemas/State' });
    const failure = ajv.compile(document.components.responses.Error.content['application/json'].schema);
    return (method, path, answer) => {
      const [route] = path.split('?');
      const operation = document.paths[route]?.[method.toLowerCase()];
      if (!operation?.responses[answer.status]) throw new Error(`${method} ${route} answers ${answer.status}, which api/edge.yaml does not name: ${answer.text}`);
      const valid = answer.status === 200 ? state : answer.status === 204 ? null : failure;
      if (valid && !valid(answer.json)) throw new Error(`${method} ${route} ${answer.status}: ${JSON.stringify(valid.errors)}: ${answer.text}`);
      return answer;
    };
  } catch {
    return (method, path, answer) => answer;
  }
})();

// Terminals at once: [kiosk, gate] = await startEdges(t, server, [{ id: 'kiosk', role: 'checkin' }, ...]).
export const startEdges = (t, server, all) => Promise.all(all.map((one) => startEdge(t, server, one)));

// The demo photographs (npm @vladmandic/face-api).
export const picture = (n) => join(picturesDirectory, `sample${n}.jpg`);
export const havePictures = existsSync(picture(1));

// Announces a touchpoint and starts its terminal. `edge.stop('SIGKILL')` is a power cut; `edge.restart()` starts it again from its directory.
export async function startEdge(t, server, { id, role, zone, attributes = {}, args = [], camera = 'virtual:', env = {} }) {
  const announced = await http(server, 'POST', '/api/v1/touchpoints', { body: { id, role, zone, attributes } });
  if (announced.status !== 201 && announced.status !== 200) throw new Error(`touchpoint ${id}: ${announced.text}`);
  const edge = { id, role, data: join(temporary(t), 'edge'), program: null, url: null, token: null, err: () => edge.program.err };
  const start = async (more) => {
    edge.program = run(join(bin, 'tebura-edge'), ['--data', edge.data, ...(server.https ? ['--server', server.https, '--origin', server.url] : ['--server', server.url]), '--profile', join(root, 'profiles/airport.yaml'),
      '--camera', camera, ...(/^(virtual|still):/.test(camera) ? ['--without-liveness'] : []), ...args, ...more], { env: { ...process.env, ...env } });
    const program = edge.program;
    await waitFor(`tebura-edge ${id} is ready`, () => program.out.includes('\n') || program.result);
    if (program.result) throw new Error(`tebura-edge ${id} ended with ${JSON.stringify(program.result)}: ${program.err}`);
    edge.ready = JSON.parse(program.out.split('\n')[0]);
    edge.url = edge.ready.screen;
    edge.token = readFileSync(edge.ready.token_file, 'utf8').trim();
  };
  edge.restart = (more = []) => start(more);
  edge.stop = async (signal = 'SIGTERM') => {
    if (!edge.program.result) edge.program.child.kill(signal);
    return edge.program.ended;
  };
  t.after(() => edge.stop());
  edge.code = server.https ? `${announced.json.code}.${announced.json.authority}` : announced.json.code;
  await start(['--code', edge.code]);
  edge.call = async (method, path, body) => described(method, path, await http(edge, method, path, { body }));
  edge.state = async () => (await edge.call('GET', '/v1/state')).json;
  // Waits, by long poll, for a state in which the condition holds.
  edge.until = async (what, condition, ms = 60000) => {
    let state = await edge.state();
    const end = Date.now() + ms;
    while (!condition(state)) {
      if (Date.now() > end) throw new Error(`${id}: it never came about: ${what}; now ${JSON.stringify(state)}`);
      state = (await edge.call('GET', `/v1/state?after=${state.number}&wait=5`)).json;
    }
    return state;
  };
  // Shows people to the virtual camera; none: nobody is there.
  const scene = async (where, people) => {
    const answer = await edge.call('PUT', '/v1/scene', { ...where, people: people.map((p) => ({ picture: p.picture, region: p.region, distance: p.distance ?? 1 })), noise: 2, seed: 1 + Math.floor(Math.random() * 1000) });
    if (answer.status !== 204) throw new Error(`scene: ${answer.text}`);
  };
  edge.show = (...people) => scene({}, people);
  edge.showInside = (...people) => scene({ inside: true }, people); // between two doors
  // Nobody stands there, and a result does not stay on the screen for the seconds that people need to read it.
  edge.clear = async () => {
    await edge.show();
    return waitFor(`${id} is free for the next one`, async () => {
      const state = await edge.until('nobody before the camera', (s) => !s.candidates);
      if (state.state === 'idle' && !state.served) return state;
      if (['idle', 'reporting'].includes(state.state)) await edge.call('POST', '/v1/reset'); // 409: what was decided is not written yet
    });
  };
  // What was decided since, about whom; then nobody stands there any more.
  edge.decided = async (before) => {
    const { last } = await edge.until('a decision', (s) => s.last && s.last.transaction !== before.last?.transaction);
    await edge.show();
    return last;
  };
  // Nobody stands there, then this person: what was decided about them. "Try again" is not "no": people do, and on a busy machine they have to.
  edge.meet = async (...people) => {
    for (let tries = 0; ; tries++) {
      const before = await edge.clear();
      await edge.show(...people);
      const last = await edge.decided(before);
      if (last.outcome !== 'retry' || tries === 4) return last;
    }
  };
  return edge;
}

// Everybody in the demo pictures who looks at the camera, found by `tebura faces`: as people before a virtual camera.
export async function demoPeople(least) {
  const people = [];
  for (const n of [5, 6, 3, 4, 2, 1]) {
    const found = run(join(bin, 'tebura'), ['faces', '--json', picture(n)]);
    const { code } = await found.ended;
    if (code !== 0) throw new Error(`tebura faces: ${found.err}`);
    for (const face of JSON.parse(found.out).faces) {
      if (face.advice !== 'OK' || face.quality < 85) continue;
      const [x, y, width, height] = face.box;
      const k = people.length;
      people.push({
        picture: picture(n), region: { x: x - 0.6 * width, y: y - 0.5 * height, width: 2.2 * width, height: 2 * height },
        surname: `TRAVELLER${String.fromCharCode(65 + k)}`, given: 'DEMO', number: `TR${String(1000000 + k)}`, seat: `0${10 + k}A`,
      });
    }
    if (people.length >= least) return people.slice(0, least);
  }
  throw new Error(`only ${people.length} people in the demo pictures`);
}

// The page of this person's passport, base64: simulated by `tebura scene`, as the demo photographs show groups.
export function page(person) {
  const { x, y, width, height } = person.region ?? { x: 0, y: 0, width: 0, height: 0 };
  const directory = mkdtempSync(join(tmpdir(), 'tebura-page-'));
  try {
    execFileSync(join(bin, 'tebura'), ['scene', person.picture, [x, y, width, height].join(','), join(directory, 'page.jpg')]);
    return readFileSync(join(directory, 'page.jpg')).toString('base64');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function papers(person, flight) {
  return {
    mrz: passport({ surname: person.surname, given: person.given, number: person.number }),
    bcbp: boardingPass({ surname: person.surname, given: person.given, flight: flight.padStart(4, '0'), date: person.date ?? new Date(), seat: person.seat ?? '012A' }),
  };
}

// The whole dialogue of a check-in terminal. Returns what was decided.
export async function checkin(edge, person, flight, { agree = true, passportPicture } = {}) {
  const { mrz, bcbp } = papers(person, flight);
  const must = async (path, body) => {
    const answer = await edge.call('POST', path, body);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  await edge.show();
  const before = await edge.state();
  await must('/v1/passport', { mrz, picture: passportPicture ?? page(person) });
  await must('/v1/boarding-pass', { bcbp });
  const asked = await edge.until('consent', (s) => s.screen.ask === 'consent' || (s.last && s.last.transaction !== before.last?.transaction));
  if (asked.screen.ask === 'consent') {
    await must('/v1/consent', { agree });
    if (agree) await edge.show(person);
  }
  return (await edge.until('a decision', (s) => s.last && s.last.transaction !== before.last?.transaction)).last;
}
