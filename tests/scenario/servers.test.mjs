// X7, issue 4 item 7: three teburad on one PostgreSQL and one broker, each killed at random, the one that leads above all, sessions, PostgreSQL and the broker too, while
// people travel (tests/torture/servers.mjs): no passage lost, none twice, no payment twice, lists as full recomputation says; another takes over at once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, natsProgram, root } from '../support/teburad.mjs';

if (!natsProgram || !existsSync('/usr/lib/postgresql')) {
  console.error(`skipped: there is no ${natsProgram ? 'PostgreSQL' : 'nats-server'} on this machine`);
  process.exit(77);
}
const result = spawnSync('node', [join(root, 'tests/torture/torture.mjs'), '--servers', '3', '--seconds', '10', '--people', '6', '--hazards', 'leader,server,sessions,postgres,broker'], { env: { ...process.env, TEBURA_BIN: bin }, stdio: 'inherit' });
process.exit(result.status ?? 1);
