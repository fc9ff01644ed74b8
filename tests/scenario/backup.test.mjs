// X7: a backup of a running server, restored elsewhere with the master key, is that moment's site; without the key it is noise.
import test from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { http, startTeburad, temporary, run, bin, root } from '../support/teburad.mjs';
import { passport, boardingPass } from '../support/documents.mjs';

const inMinutes = (m) => new Date(Date.now() + m * 60000);
const people = async (server) => (await http(server, 'GET', '/api/v1/people')).json.people.map((person) => person.name).sort();

async function book(server, n, date) {
  const name = { surname: `GUEST${String.fromCharCode(65 + n)}`, given: 'TEST' };
  const answer = await http(server, 'POST', '/api/v1/checkins', { body: {
    mrz: passport({ ...name, number: `TB${1000000 + n}` }), boarding_pass: boardingPass({ ...name, date, seat: `0${10 + n}A` }) } });
  assert.ok(answer.status < 300, answer.text);
}

test('backup, loss, restore', async (t) => {
  const server = await startTeburad(t);
  const date = inMinutes(90);
  await http(server, 'PUT', `/api/v1/flights/NH105/${date.toISOString().slice(0, 10)}`, { body: { from: 'HND', to: 'ITM', gate: '12', boarding: inMinutes(60).toISOString(), departure: date.toISOString() } });
  for (let n = 0; n < 3; n++) await book(server, n, date);

  const [backup, ...others] = await Promise.all([http(server, 'POST', '/api/v1/backups'), book(server, 3, date), book(server, 4, date)]); // while it works
  assert.equal(backup.status, 201, backup.text);
  assert.equal(others.length, 2);
  const { folder, bytes } = backup.json;
  assert.deepEqual(readdirSync(folder).sort(), ['central.db', 'nats.port', 'visitor.db']);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  let size = 0;
  for (const name of readdirSync(folder)) {
    const content = readFileSync(join(folder, name));
    if (name.endsWith('.db')) size += content.length;
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    assert.equal(content.includes('GUEST'), false);
    assert.equal(content.subarray(0, 15).toString(), content.subarray(0, 15).toString().replace('SQLite format 3', ''));
  }
  assert.equal(bytes, size);
  assert.deepEqual(readdirSync(join(server.data, 'backups')).filter((name) => name.endsWith('.part')), []);
  await book(server, 5, date);
  assert.equal((await http(server, 'POST', '/api/v1/check')).json.equal, true); // it works on
  await server.stop('SIGKILL'); // the machine burns

  const elsewhere = join(temporary(t), 'data');
  mkdirSync(elsewhere, { mode: 0o700 });
  for (const name of readdirSync(folder)) cpSync(join(folder, name), join(elsewhere, name));
  const blind = run(join(bin, 'teburad'), ['management', '--data', elsewhere, '--site', 'test_site', '--profile', join(root, 'profiles/airport.yaml')]);
  assert.equal((await blind.ended).code, 78, blind.err); // without the key it does not start, and makes no new one
  assert.match(blind.err, /master\.key is missing/);
  cpSync(join(server.data, 'master.key'), join(elsewhere, 'master.key'));
  const other = run(join(bin, 'teburad'), ['management', '--data', elsewhere, '--site', 'test_site', '--profile', join(root, 'profiles/hotel.yaml')]);
  assert.equal((await other.ended).code, 78, other.err); // statuses of one kind of site mean nothing to another
  assert.match(other.err, /profile airport/);
  const again = await startTeburad(t, { data: elsewhere });
  const names = await people(again);
  assert.ok(names.length >= 3 && names.length <= 5, names.join());
  for (const n of [0, 1, 2]) assert.ok(names.some((name) => name.includes(`GUEST${String.fromCharCode(65 + n)}`)));
  assert.equal(names.some((name) => name.includes('GUESTF')), false); // that was later
  assert.equal((await http(again, 'POST', '/api/v1/check')).json.equal, true);
});

test('a backup on a full disk leaves nothing behind', { skip: process.getuid() !== 0 && 'needs root to mount a small file system' }, async (t) => {
  const { execFileSync } = await import('node:child_process');
  const { writeFileSync } = await import('node:fs');
  const disk = mkdtempSync(join(tmpdir(), 'tebura-test-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tebura-backup', disk]);
  const server = await startTeburad(t, { data: join(disk, 'data') });
  const { bavail, bsize } = (await import('node:fs')).statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 65536));
  const refused = await http(server, 'POST', '/api/v1/backups');
  assert.equal(refused.status, 507, refused.text);
  assert.deepEqual(readdirSync(join(server.data, 'backups')), []);
  assert.equal((await http(server, 'GET', '/api/v1/counts')).status, 200);
  await server.stop();
  execFileSync('umount', [disk]);
  rmdirSync(disk);
});
