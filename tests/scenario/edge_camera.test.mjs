// A camera that gives no picture is a fault, one that gives the same picture for ever is an attack; a terminal says which.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { natsProgram, startTeburad, http, temporary } from '../support/teburad.mjs';
import { startEdge, demoPeople, havePictures } from '../support/edge.mjs';

const missing = !natsProgram ? 'there is no nats-server on this machine'
  : !havePictures ? 'the demo pictures are not here (tools/setup)'
  : spawnSync('ffmpeg', ['-version']).error ? 'ffmpeg is missing: it cuts one face out of a picture' : '';
if (missing) {
  console.error(`skipped: ${missing}`);
  process.exit(77);
}

test('no picture, the same picture for ever, and a film that ends', async (t) => {
  const server = await startTeburad(t);
  const [person] = await demoPeople(1);
  const directory = temporary(t);
  const picture = join(directory, 'person.jpg');
  const { x, y, width, height } = person.region;
  const made = spawnSync('ffmpeg', ['-loglevel', 'error', '-i', person.picture, '-vf',
    `crop=${Math.floor(width)}:${Math.floor(height)}:${Math.max(0, Math.floor(x))}:${Math.max(0, Math.floor(y))},scale=-2:480`, '-q:v', '2', picture]);
  assert.equal(made.status, 0, `${made.stderr}`);
  const edge = await startEdge(t, server, { id: 'security', role: 'security', zone: 'security_area', camera: 'pushed:' });

  const silent = await edge.until('nobody pushes', (s) => s.camera_status === 'CAMERA_SILENT');
  assert.match(silent.camera, /nobody sends any/);
  assert.doesNotMatch(silent.screen.en, /does not work/); // the page is where the pictures will come from

  const same = readFileSync(picture);
  let state = silent;
  const seen = new Set();
  for (const end = Date.now() + 60000; state.camera_status !== 'INJECTED' && Date.now() < end;) {
    const pushed = await http(edge, 'POST', '/v1/frame', { raw: same, headers: { 'Content-Type': 'image/jpeg' } });
    assert.equal(pushed.status, 204, pushed.text);
    await new Promise((done) => setTimeout(done, 60));
    state = await edge.state();
    seen.add(state.camera_status);
  }
  assert.equal(state.camera_status, 'INJECTED', `seen: ${[...seen]}, ${JSON.stringify(state)}`);
  assert.match(state.camera, /the same ones again/);
  assert.equal(state.last?.outcome === 'admitted', false);

  state = await edge.until('silence again', (s) => s.camera_status === 'CAMERA_SILENT');
  assert.match(state.camera, /nobody sends any/);

  const film = join(directory, 'film.mp4');
  const filmed = spawnSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=1', film]);
  assert.equal(filmed.status, 0, `${filmed.stderr}`);
  const cinema = await startEdge(t, server, { id: 'cinema', role: 'security', zone: 'security_area', camera: `video:${film}` });
  state = await cinema.until('the film is over', (s) => s.camera_status !== 'OK');
  assert.equal(state.camera_status, 'END_OF_STREAM');
  assert.match(state.screen.en, /does not work/);
});
