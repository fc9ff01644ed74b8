// Two doors with an interlock, as a picture: the doors, who is between them, what is still missing, and who may do what. No names.
import { useState } from 'preact/hooks';
import type { Doors as State, Edge } from '../shared/edge';
import { sentence } from '../shared/parts';
import { named, t, type Word } from '../shared/words';

const insideText = (n: number) => (n < 0 ? t('inside_unknown') : n === 0 ? t('inside_0') : n === 1 ? t('inside_1') : t('inside_n', n));

function Door({ title, at, lock }: { title: Word; at: 'open' | 'shut'; lock: 'open' | 'locked' }) {
  return <li class={`door ${at} ${lock === 'open' ? 'unlocked' : 'locked'}`}><i aria-hidden="true" /><strong>{t(title)}</strong><span>{t(at)}</span><small>{t(lock === 'open' ? 'lock_open' : 'lock_locked')}</small></li>;
}

function Need({ title, now }: { title: Word; now: string }) {
  const met = now === 'same' || now === 'given';
  return <li class={met ? 'met' : now === 'other' ? 'not' : ''}><b aria-hidden="true">{met ? '✓' : now === 'other' ? '✕' : '…'}</b> {t(title)}: {t(`${title === 'need_face' ? 'face' : 'approval'}_${now}` as Word)}</li>;
}

/** One movement after the other, as people make them; a locked door does not move. */
function movements(d: State): { word: Word; steps: [State['entry'], State['exit'], number][] }[] {
  const by = (side: 'entry' | 'exit', inside: number): [State['entry'], State['exit'], number][] =>
    (side === 'entry' ? [['open', 'shut', d.inside], ['open', 'shut', inside], ['shut', 'shut', inside]] : [['shut', 'open', d.inside], ['shut', 'open', inside], ['shut', 'shut', inside]]);
  const found: { word: Word; steps: [State['entry'], State['exit'], number][] }[] = [];
  if (d.state === 'entering') found.push({ word: 'sim_step_in', steps: by('entry', 1) }, { word: 'sim_two', steps: by('entry', 2) });
  if (d.inside > 0 && d.entry_lock === 'open' && d.state !== 'entering') found.push({ word: 'sim_step_out', steps: by('entry', 0) });
  if (d.inside > 0 && d.exit_lock === 'open') found.push({ word: 'sim_step_out', steps: by('exit', 0) });
  return found;
}

export function Doors({ edge, doors: d }: { edge: Edge; doors: State }) {
  const [trouble, setTrouble] = useState('');
  const run = (act: () => Promise<unknown>) => act().then(() => setTrouble(''), (e) => setTrouble(sentence(e)));
  const ask = (what: string) => void run(() => edge.post('interlock', { do: what }));
  const move = (steps: [string, string, number][]) => void run(async () => { for (const [entry, exit, inside] of steps) await edge.put('doors', { entry, exit, inside }); });
  const moves = d.simulation ? movements(d) : [];
  return (
    <section class={`doors state-${d.state}`} data-doors={d.state} aria-label={t('doors')}>
      <header><h2>{t('doors')}</h2>{d.simulation && <span class="badge">{t('simulated')}</span>}<p role="status">{t(`il_${d.state}` as Word)}</p></header>
      <ol class="passage">
        <Door title="door_entry" at={d.entry} lock={d.entry_lock} />
        <li class="between"><span class="figures" aria-hidden="true">{Array.from({ length: Math.max(0, Math.min(d.inside, 4)) }, (_, i) => <svg key={i} viewBox="0 0 24 40"><circle cx="12" cy="7" r="6" /><path d="M2 40V24a10 10 0 0 1 20 0v16z" /></svg>)}{d.inside < 0 && '?'}</span><strong>{t('door_between')}</strong><span>{insideText(d.inside)}</span></li>
        <Door title="door_exit" at={d.exit} lock={d.exit_lock} />
      </ol>
      {(d.state === 'inside' || d.state === 'leaving') && (d.face !== 'none' || d.approval !== 'none') && (
        <ul class="needs">
          {d.face !== 'none' && <Need title="need_face" now={d.face} />}
          {d.approval !== 'none' && <Need title="need_approval" now={d.approval} />}
        </ul>
      )}
      {d.attention && <p class="alarm" role="alert">{t('attendant_wanted')}{d.cause && ` — ${named(d.cause)}`}</p>}
      {!d.attention && d.cause && <p class="hint">{t('last_call', named(d.cause))}</p>}
      <div class="row" role="group" aria-label={t('staff_side')}>
        {d.state === 'inside' && d.approval === 'waiting' && <button type="button" class="primary" onClick={() => ask('accept')}>{t('do_accept')}</button>}
        {d.state === 'inside' && <button type="button" onClick={() => ask('refuse')}>{t('do_refuse')}</button>}
        {d.state === 'released' ? <button type="button" disabled={d.inside !== 0 || d.entry !== 'shut' || d.exit !== 'shut'} onClick={() => ask('reset')}>{t('do_reset')}</button>
          : <button type="button" class="danger" onClick={() => ask('release')}>{t('do_release')}</button>}
      </div>
      {moves.length > 0 && <div class="row simulated" role="group" aria-label={t('move_doors')}><small>{t('move_doors')}</small>{moves.map((m) => <button type="button" key={m.word} onClick={() => move(m.steps)}>{t(m.word)}</button>)}</div>}
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
    </section>
  );
}
