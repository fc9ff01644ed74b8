// X7 A7 A11: server, broker and terminals are killed and frozen at random for a quarter of a minute while people travel, and the cable between terminals (in a
// network namespace, with TLS) and the rest is cut (tests/torture; make torture takes longer): no passage lost, none twice, no payment twice, every list as full recomputation and a second opinion on the rules say.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bin, natsProgram, root } from '../support/teburad.mjs';

if (!natsProgram) {
  console.error('skipped: there is no nats-server on this machine');
  process.exit(77);
}
const result = spawnSync('node', [join(root, 'tests/torture/torture.mjs'), '--seconds', '15', '--disk', '96', '--network'], { env: { ...process.env, TEBURA_BIN: bin }, stdio: 'inherit' });
process.exit(result.status ?? 1);
