// What is wrong, and what to do about it; nothing when all is well.
import { useState } from 'preact/hooks';
import { server, type Touchpoint } from '../shared/api';
import { sentence } from '../shared/parts';
import { named, span, t } from '../shared/words';
import type { Data } from './data';
import { conditionOf } from './terminals';

export interface Matter { key: string; grave: boolean; what: string; todo: string; act?: { label: string; sure: string; run: () => Promise<unknown> } }

const names = (list: Touchpoint[]) => list.slice(0, 3).map((p) => p.id).join(', ') + (list.length > 3 ? ' …' : '');

/** Gates whose last call for an attendant nobody has answered. */
function calls(data: Data): Matter[] {
  const open = ['interlock_released', 'interlock_forced', 'interlock_vanished', 'interlock_unannounced', 'interlock_no_sensors', 'interlock_held'];
  return [...data.called].filter(([, { reason }]) => open.includes(reason)).map(([id, { reason }]) => ({ key: `call-${id}`, grave: true, what: t('m_call', id, named(reason)), todo: t('m_call_do') }));
}

export function mattersOf(data: Data, now: number): Matter[] {
  const { health, counts } = data, found: Matter[] = [];
  const say = (key: string, grave: boolean, what: string, todo: string, act?: Matter['act']) => void found.push({ key, grave, what, todo, ...(act ? { act } : {}) });
  const are = (...conditions: string[]) => data.touchpoints.filter((p) => conditions.includes(conditionOf(p, now)));
  if (data.trouble) say('trouble', true, data.trouble, t('m_server_do'));
  if (health && !health.database) say('database', true, t('m_database'), t('m_database_do'));
  if (health && !health.bus) say('bus', true, t('m_bus'), t('m_bus_do'));
  if (health?.bus && health.leads && !health.follows) say('follows', true, t('m_follows'), t('m_follows_do'));
  if (health?.clock.held) say('clock', true, t('m_clock', span(Math.abs(health.clock.ahead_seconds))), t('m_clock_do'), { label: t('m_clock_act'), sure: t('m_clock_sure'), run: () => server('clock/accept', 'POST') });
  found.push(...calls(data));
  if (data.quarantine.length > 0)
    say('quarantine', false, t('m_quarantine', data.quarantine.length), t('m_quarantine_do', data.quarantine[0]!.reason), { label: t('m_quarantine_act'), sure: '', run: async () => { for (const e of data.quarantine) await server(`quarantine/${e.id}/retry`, 'POST'); } });
  if (counts && counts.ledger_sum !== 0) say('ledger', true, t('m_ledger', counts.ledger_sum), t('m_ledger_do'));
  const silent = are('silent'), stale = are('stale'), expired = are('code_expired');
  if (silent.length) say('silent', false, t('m_silent', silent.length, names(silent)), t('m_silent_do'));
  if (stale.length) say('stale', false, t('m_stale', stale.length, names(stale)), t('m_stale_do'));
  if (expired.length) say('expired', false, t('m_expired', expired.length, names(expired)), t('m_expired_do'));
  return found;
}

function Row({ matter, changed }: { matter: Matter; changed: () => void }) {
  const [said, setSaid] = useState(''), { act } = matter;
  async function run(): Promise<void> {
    if (!act || (act.sure && !confirm(act.sure))) return;
    await act.run().then(() => setSaid(''), (e) => setSaid(sentence(e)));
    changed();
  }
  return (
    <li class={matter.grave ? 'grave' : ''} data-matter={matter.key}>
      <strong>{matter.what}</strong> <span>{matter.todo}</span>
      {act && <button type="button" onClick={() => void run()}>{act.label}</button>}
      {said && <em role="alert">{said}</em>}
    </li>
  );
}

export function Attention({ matters, changed }: { matters: Matter[]; changed: () => void }) {
  return (
    <section class="attention" aria-label={t('attention')} role="status">
      <ul>{matters.map((m) => <Row key={m.key} matter={m} changed={changed} />)}</ul>
    </section>
  );
}
