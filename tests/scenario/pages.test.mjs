// Goal: anyone can try the journey on themselves in a browser: check in, pass security and pay with the webcam, watched on the console (A1, A4, A8, A9, A11, S11; issue 2, item 8).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const bin = process.env.TEBURA_BIN ?? path.join(root, 'build/debug');
const dist = path.join(root, 'web/dist'), profile = path.join(root, 'profiles/airport.yaml');
const picture = path.join(root, '.deps/pictures/sample6.jpg');
const PATIENCE = 90_000; // milliseconds for one step on a busy machine with sanitizers

function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(77);
}
for (const [file, how] of [['/usr/bin/chromium', 'install chromium'], [`${dist}/index.html`, 'run make web'], [picture, 'run tools/setup'],
  [`${bin}/teburad`, 'build first'], [`${bin}/tebura-edge`, 'build first'], [path.join(root, 'tests/node_modules/playwright-core'), 'run tools/setup --for test']])
  if (!existsSync(file)) skip(`${file} is missing: ${how}`);
if (spawnSync('ffmpeg', ['-version']).error) skip('ffmpeg is missing: it makes the fake camera’s film');

const { chromium } = createRequire(path.join(root, 'tests/package.json'))('playwright-core');
const box = mkdtempSync(path.join(tmpdir(), 'tebura-pages-'));
const screenshots = process.env.TEBURA_SCREENSHOTS; // a folder: then pictures of the pages are left there
const children = [], browsers = [];
const begun = Date.now(), step = (text) => console.log(`- ${((Date.now() - begun) / 1000).toFixed(1)} s: ${text}`);

/** Starts a program and gives the one JSON line that it prints when it is ready. */
function start(name, args) {
  const child = spawn(path.join(bin, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', log = '';
  child.stderr.on('data', (data) => { log = (log + data).slice(-4000); });
  const ready = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${name} was not ready in time\n${log}`)), PATIENCE);
    child.stdout.on('data', (data) => {
      out += data;
      if (!out.includes('\n')) return;
      clearTimeout(timer);
      done(JSON.parse(out.slice(0, out.indexOf('\n'))));
    });
    child.on('exit', (code) => { clearTimeout(timer); fail(new Error(`${name} ended with ${code}\n${log}`)); });
    child.on('error', fail);
  });
  children.push({ name, id: path.basename(args[args.indexOf('--data') + 1]), child, log: () => log });
  return ready;
}

async function stop({ name, child, log }) {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
  }
  if (child.exitCode !== 0) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}\n${log()}`);
}

/** A film for Chromium's fake camera: one face of a demo picture. It moves and has noise, and is long enough not to come round
 *  again before the same terminal: the same picture for ever, and a loop, are attacks that a terminal tells. */
function film(name, crop) {
  const file = path.join(box, `${name}.mjpeg`);
  const [width, height, x, y] = crop.split(':');
  const made = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-loop', '1', '-r', '10', '-i', picture, '-t', '40',
    '-vf', `crop=${width}:${height}:'${x}+5*sin(1.3*t)':'${y}+4*sin(0.9*t+1)',scale=480:640,noise=alls=2:allf=t`,
    '-pix_fmt', 'yuvj420p', '-q:v', '3', file], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  return file;
}

const troubles = [], asked = []; // asked: what servers are sent and could log: addresses (never a fragment) and referrers
async function browse(cameraFilm) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${cameraFilm}`],
  });
  browsers.push(browser);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', colorScheme: 'dark' });
  context.setDefaultTimeout(PATIENCE);
  return context;
}
async function open(context, url) {
  const page = await context.newPage();
  page.on('request', (request) => asked.push(`${request.method()} ${request.url().split('#')[0]} ${request.headers().referer ?? ''}`));
  page.on('pageerror', (error) => troubles.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => { if (message.type() === 'error') troubles.push(`${page.url()}: ${message.text()}`); });
  await page.goto(url);
  return page;
}
async function shot(page, name) {
  if (screenshots) await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
}

async function main() {
  const { http, token_file: tokenFile } = await start('teburad', ['management', '--data', path.join(box, 'server'), '--site', 'airport',
    '--profile', profile, '--listen', '127.0.0.1:0', '--web', dist]);
  const token = readFileSync(tokenFile, 'utf8').trim();
  async function api(method, resource, body) {
    const answer = await fetch(`${http}/api/v1/${resource}`, {
      method, headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${resource}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
  async function until(what, check) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) {
      const found = await check();
      if (found) return found;
    }
    throw new Error(`it did not come to this: ${what}`);
  }

  step('four terminals whose camera is the page');
  const edges = {}, keys = {}, roles = ['checkin', 'security', 'shop', 'customs'];
  for (const role of roles) {
    const id = `${role}-1`, doors = role === 'customs';
    const { code } = await api('POST', 'touchpoints', { id, role, attributes: doors ? { airport: 'ITM' } : {} });
    const { screen, token_file: file } = await start('tebura-edge', ['--data', path.join(box, id), '--server', http, '--code', code, '--profile', profile, '--camera', 'pushed:', ...(doors ? ['--camera-inside', 'pushed:'] : [])]);
    edges[role] = screen;
    keys[role] = readFileSync(file, 'utf8').trim();
  }
  const link = (...wanted) => wanted.map((role) => `screen=${edges[role]}~${keys[role]}`).join('&');
  const state = async (role) => (await fetch(`${edges[role]}/v1/state`, { headers: { Authorization: `Bearer ${keys[role]}` } })).json();
  await until('every terminal has told of themselves', async () => {
    const { touchpoints } = await api('GET', 'touchpoints');
    return touchpoints.length === roles.length && touchpoints.every((p) => p.last?.screen);
  });

  step('the console: the token leaves the address bar, the terminals are on the map');
  const traveller = await browse(film('traveller', '582:776:979:53'));
  const console_ = await open(traveller, `${http}/#token=${token}`);
  for (const role of roles) await console_.waitForSelector(`[data-touchpoint="${role}-1"]`);
  await console_.waitForSelector('.liveness.on');
  assert.ok(!console_.url().includes(token));
  assert.ok((await console_.textContent('.simulation')).includes('no money'));

  step('a terminal is announced from the console: its code is shown once, its card says how long it is good for');
  await console_.click('.announce-button');
  await console_.selectOption('dialog.announce select', 'boarding');
  await console_.fill('dialog.announce input >> nth=0', 'boarding-7');
  await console_.fill('dialog.announce input >> nth=1', '7'); // what the role's rules ask of it
  await console_.click('dialog.announce button.primary');
  assert.match(await console_.inputValue('.code-shown textarea'), /^[0-9a-f]{32}\.[0-9a-f]{64}$/);
  await shot(console_, 'console-announced');
  await console_.click('dialog.announce header button');
  await console_.waitForSelector('[data-touchpoint="boarding-7"][data-condition="announced"]');

  step('check-in with a made-up traveller and the webcam');
  const touch = await open(traveller, `${http}/touchpoint#token=${token}&${link(...roles)}`);
  const isKept = (page) => [token, ...Object.values(keys)].every((secret) => !page.url().includes(secret));
  assert.ok(isKept(touch), touch.url());
  const frames = [];
  touch.on('request', (request) => { if (request.method() === 'POST') frames.push(request.url()); });
  await touch.click('.chooser li button:has-text("checkin-1")');
  await touch.waitForSelector('[data-ask="passport"]');
  await touch.click('.camera .primary');
  await touch.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  assert.equal(frames.filter((url) => url.endsWith('/v1/frame')).length, 0, 'no picture leaves the page before the terminal wants one');
  await touch.click('.madeup button');
  await touch.waitForFunction(() => [...document.querySelectorAll('textarea')].every((t) => t.value.length > 40));
  await touch.click('.page button');
  await touch.waitForSelector('.page img');
  await shot(touch, 'checkin-documents');
  await touch.click('.documents button.primary');
  await touch.waitForSelector('.consent .text:has-text("deleted")');
  await shot(touch, 'checkin-consent');
  await touch.click('.consent .row button:nth-child(2)');
  await touch.waitForSelector('[data-outcome="admitted"], [data-outcome="refused"], [data-outcome="failed"], [data-outcome="unknown"]');
  await shot(touch, 'checkin-decided');
  assert.equal(await touch.getAttribute('.terminal-page', 'data-outcome'), 'admitted', await touch.textContent('.words'));
  const { people } = await api('GET', 'people');
  assert.equal(people.length, 1);
  assert.ok(people[0].consent && people[0].templates >= 1 && people[0].in_visitor_db);

  step('security lets the same face through, by its own list');
  await until('the entry has reached the gate', async () => (await state('security')).list.entries === 1);
  await touch.click('header.top button');
  await touch.click('.chooser li button:has-text("security-1")');
  await touch.click('.camera .primary');
  await touch.waitForSelector('[data-outcome="admitted"]');
  await shot(touch, 'security-admitted');
  assert.ok((await touch.textContent('.words .second')).match(/[\u3040-\u30ff\u4e00-\u9fff]/), 'both languages are shown');

  step('the console tells of it as it happens, and knows the way');
  const line = console_.locator('.passages li', { hasText: 'security-1' }).first();
  await line.waitFor();
  assert.match(await line.textContent(), /passed/);
  await until('the status follows', async () => (await api('GET', 'people')).people[0].status === 'security_passed');
  await shot(console_, 'console');
  await console_.click('.people button.link');
  await console_.waitForSelector('dialog .timeline li:has-text("security-1")');
  await console_.click('dialog button.card');
  await until('the means of payment is registered', async () => (await api('GET', 'people')).people[0].instruments === 1);
  await console_.waitForSelector('dialog button.card', { state: 'detached' });
  await shot(console_, 'console-journey');
  await console_.click('dialog header button');
  await console_.click('.switch button[lang="ja"]');
  await console_.waitForSelector('h2:has-text("利用者")');
  const shownIn = async (selector) => console_.locator(selector).allTextContents();
  const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;
  for (const text of [...await shownIn('.zone h3'), ...await shownIn('.station h4'), ...await shownIn('.terminal .state'), ...await shownIn('.people tbody td:nth-child(4)'), ...await shownIn('.passages .what')])
    assert.match(text, japanese);

  children.find(({ id }) => id === 'checkin-1').child.kill('SIGTERM'); // nobody needs it any more; at the end its silence shows

  step('the shop charges the card of the face before it, once');
  await until('the shop has the customer on its list', async () => (await state('shop')).list.entries === 1);
  await touch.click('header.top button');
  await touch.click('.chooser li button:has-text("shop-1")');
  await touch.click('.camera .primary');
  await touch.fill('input[type="number"]', '1200');
  await shot(touch, 'shop-amount');
  assert.ok((await touch.textContent('.simulation')).includes('no money')); // here it is about money
  await touch.click('.says form button.primary');
  await touch.waitForSelector('[data-outcome="admitted"]');
  await shot(touch, 'shop-paid');
  await until('the payment is booked', async () => { const c = await api('GET', 'counts'); return c.payments === 1 && c.ledger_sum === 0; });
  await console_.waitForSelector('.passages li:has-text("shop-1")');

  step('two doors as a picture; an attendant who is called is seen on the console until one has looked');
  await touch.click('header.top button');
  await touch.click('.chooser li button:has-text("customs-1")');
  await touch.waitForSelector('[data-doors="closed"] .badge');
  assert.ok(!(await touch.textContent('.simulation')).includes('no money'));
  await touch.click('.doors button.danger');
  await touch.waitForSelector('[data-doors="released"] .alarm');
  await shot(touch, 'doors-released');
  await console_.waitForSelector('.attention [data-matter="call-customs-1"]');
  await shot(console_, 'console-attention');
  await touch.click('.doors .row button');
  await console_.waitForSelector('.attention [data-matter="call-customs-1"]', { state: 'detached' });

  step('a stranger before the same gate is not let through, and stays nobody');
  const { templates } = await api('GET', 'counts'); // gates have offered theirs of the traveller (S6)
  const stranger = await browse(film('stranger', '578:771:75:234'));
  const other = await open(stranger, `${http}/touchpoint?edge=${encodeURIComponent(edges.security)}`);
  await other.waitForSelector('.screen-token [role="alert"]:has-text("screen.token")');
  assert.equal(await other.locator('.camera, .words .first').count(), 0, 'who does not have the token sees nothing');
  await other.fill('.screen-token input', keys.shop); // another terminal's
  await other.click('.screen-token button');
  await until('it is not taken', async () => (await other.inputValue('.screen-token input')) === '' && (await other.locator('.screen-token').count()) === 1);
  await other.goto(`${http}/touchpoint#${link('security')}`);
  await other.waitForSelector('.camera .primary');
  assert.ok(isKept(other), other.url());
  await other.reload(); // it is kept as long as the tab
  const transaction = async () => (await state('security')).last?.transaction;
  await touch.goto('about:blank'); // the first camera goes off
  const before = await transaction();
  await other.click('.camera .primary');
  await until('the gate has decided anew', async () => (await transaction()) !== before);
  await other.waitForSelector('[data-outcome="refused"], [data-outcome="unknown"]');
  await shot(other, 'security-stranger');
  await console_.waitForSelector('.passages li.tone-refuse:has-text("security-1")');
  const after = await api('GET', 'people');
  assert.equal(after.people.length, 1);
  assert.equal((await api('GET', 'counts')).templates, templates);

  step('a silent terminal, and one that is revoked from the console after a question');
  await console_.waitForSelector('[data-touchpoint="checkin-1"][data-condition="silent"]');
  assert.match(await console_.textContent('.attention [data-matter="silent"]'), /checkin-1/);
  console_.once('dialog', (dialog) => void dialog.accept());
  await console_.click('[data-touchpoint="shop-1"] .orders summary');
  await console_.click('[data-touchpoint="shop-1"] [data-order="revoke"]');
  await console_.waitForSelector('[data-touchpoint="shop-1"][data-condition="out_of_service"] .renew');
  await shot(console_, 'console-conditions');

  step('terminals’ tokens are in no request line, no referrer and no log');
  assert.ok(asked.some((line) => line.includes('/v1/state?')));
  for (const secret of Object.values(keys)) {
    assert.deepEqual(asked.filter((line) => line.includes(secret)), []);
    assert.ok(!children.some(({ log }) => log().includes(secret)), 'a token is in a log');
  }

  step('pictures went to the terminals only; a link cannot send them elsewhere');
  const sent = frames.filter((url) => url.endsWith('/v1/frame'));
  assert.ok(sent.length > 0);
  assert.ok(sent.every((url) => Object.values(edges).some((edge) => url.startsWith(`${edge}/`))), 'a frame went somewhere else');
  const lured = await open(stranger, `${http}/touchpoint?edge=${encodeURIComponent('http://camera.example')}`);
  await lured.waitForSelector('.chooser');
  assert.deepEqual(troubles.filter((t) => !t.includes('401')), [], 'the pages complain'); // the stranger has no token: 401 is right

  const { equal, difference } = await api('POST', 'check');
  assert.ok(equal, difference);
}

let failed = null;
try {
  await main();
} catch (error) {
  failed = error;
}
for (const browser of browsers) await browser.close().catch(() => undefined);
for (const child of children.reverse()) await stop(child).catch((error) => { failed ??= error; });
if (!failed) {
  const seen = readdirSync(box, { recursive: true }).map(String);
  if (seen.some((name) => /\.(jpe?g|png)$/i.test(name))) failed = new Error(`a picture was left: ${seen.join(', ')}`);
}
rmSync(box, { recursive: true, force: true });
if (failed) {
  console.error(failed);
  process.exit(1);
}
console.log('ok');
