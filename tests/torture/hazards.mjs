// hazards.mjs: what may happen to a site at any moment. Each brings back what it took.
import { sleep } from '../support/teburad.mjs';
import { gates } from './site.mjs';

export const hazards = {
  async 'kill-server'(site) {
    await site.killServer();
    await sleep(site.random() * 1500);
    await site.startServer();
  },
  async 'kill-terminal'(site) {
    const terminal = site.terminals[Math.floor(site.random() * site.terminals.length)];
    await terminal.kill();
    await sleep(site.random() * 800);
    await terminal.start();
  },
  async 'kill-broker'(site) {
    await site.killBroker(); // its memory is empty when it is back
  },
  async 'lose-broker'(site) { // with its disk, and whatever it had acknowledged; only a broker of the site's own
    if (!site.broker) return;
    await site.killBroker(true);
  },
  async blackout(site) { // the server goes, terminals hand on what they do, then the broker loses its disk: nobody but they has it
    if (!site.broker) return;
    await site.killServer();
    await sleep(1000 + site.random() * 1000);
    await site.killBroker(true);
    await site.startServer();
  },
  async 'cut-network'(site) { // between the terminals and everything else
    if (!site.network) return;
    site.network.cut();
    await sleep(500 + site.random() * 6000);
    site.network.mend();
  },
  async 'move-gate'(site) {
    const number = site.random() < 0.5 ? 'NH112' : 'NH114';
    await site.putFlight(number, gates[Math.floor(site.random() * gates.length)]);
  },
  async 'fill-disk'(site) { // of server, broker and terminals at once; only on a file system of the site's own
    if (!site.disk) return;
    const empty = site.fillDisk();
    await sleep(500 + site.random() * 3000);
    empty();
  },
  async 'freeze-terminal'(site) { // it hangs, as on a bad disk, and comes back
    const terminal = site.terminals[Math.floor(site.random() * site.terminals.length)];
    terminal.child?.kill('SIGSTOP');
    await sleep(500 + site.random() * 2500);
    terminal.child?.kill('SIGCONT');
  },
};
