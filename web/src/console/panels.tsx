// The boards below the map: what happens, which flights, who is here, and one person's way.
import { useEffect, useRef, useState } from 'preact/hooks';
import { server, type Counts, type Flight, type Passage, type Person } from '../shared/api';
import { sentence } from '../shared/parts';
import { hourMinute, hourMinuteSecond, named, t, type Word } from '../shared/words';
import { toneOf } from './journey_map';

const verbs: Record<string, Word> = { passage: 'passed', checkin: 'checkin_done', refusal: 'refused', handover: 'handed', served: 'served', payment_void: 'voided', payment: 'paid', attendant: 'attendant', presence: 'presence' };
const verb = (kind: string) => (verbs[kind] ? t(verbs[kind]) : named(kind));

function Line({ passage, withName }: { passage: Passage; withName: boolean }) {
  return (
    <li class={`tone-${toneOf(passage)}`} data-number={passage.number}>
      <time dateTime={passage.at}>{hourMinuteSecond(passage.at)}</time>
      <span class="where">{passage.touchpoint}</span>
      {withName && <span class="who">{passage.name || (passage.kind === 'attendant' && !passage.visit ? '' : <em>{t(passage.visit ? 'name_gone' : 'unknown_person')}</em>)}</span>}
      <span class="what">{verb(passage.kind)}{passage.reason ? ` — ${named(passage.reason)}` : ''}</span>
      <span class="took">{passage.duration_us > 0 ? `${Math.round(passage.duration_us / 1000)} ms` : ''}</span>
    </li>
  );
}

export function Passages({ passages }: { passages: Passage[] }) {
  return (
    <section class="panel passages">
      <h2>{t('passages')}</h2>
      {passages.length === 0 && <p class="empty">{t('nothing_yet')}</p>}
      <ol aria-live="polite" aria-relevant="additions">
        {passages.map((p) => <Line key={p.number} passage={p} withName />)}
      </ol>
    </section>
  );
}

export function CountStrip({ counts }: { counts: Counts | null }) {
  const shown: [Word, number | undefined, boolean?][] = [
    ['n_people', counts?.people], ['n_templates', counts?.templates], ['n_visitors', counts?.visitors], ['n_entries', counts?.entries],
    ['n_outbox', counts?.outbox], ['n_events', counts?.events_applied], ['n_payments', counts?.payments],
    ['n_ledger', counts?.ledger_sum, counts !== null && counts.ledger_sum !== 0]];
  return (
    <dl class="counts">
      {shown.map(([word, value, wrong]) => (
        <div key={word} class={wrong ? 'wrong' : ''}><dd>{value ?? '–'}</dd><dt>{t(word)}</dt></div>
      ))}
    </dl>
  );
}

function flightState(flight: Flight, now: number): [Word, string] {
  if (flight.cancelled) return ['cancelled', 'refuse'];
  if (flight.departed) return ['departed', 'neutral'];
  return now >= Date.parse(flight.boarding) ? ['boarding_now', 'ok'] : ['scheduled', 'neutral'];
}

export function Flights({ flights, people, now }: { flights: Flight[]; people: Person[]; now: number }) {
  const sorted = [...flights].sort((a, b) => Number(a.departed) - Number(b.departed) || a.boarding.localeCompare(b.boarding));
  return (
    <section class="panel flights">
      <h2>{t('flights')}</h2>
      {sorted.length === 0 ? <p class="empty">{t('no_flights')}</p> : (
        <div class="scroll"><table>
          <thead><tr><th>{t('flight')}</th><th>{t('route')}</th><th>{t('gate')}</th><th>{t('boarding')}</th><th>{t('departure')}</th><th /><th class="number">{t('people')}</th></tr></thead>
          <tbody>
            {sorted.map((f) => {
              const [word, tone] = flightState(f, now);
              return (
                <tr key={f.id} class={f.departed || f.cancelled ? 'gone' : ''}>
                  <th scope="row">{f.id.split('/')[0]}</th><td>{f.from}<span class="to" aria-hidden="true"> → </span>{f.to}</td><td><span class="gate">{f.gate}</span></td>
                  <td><time dateTime={f.boarding}>{hourMinute(f.boarding)}</time></td><td><time dateTime={f.departure}>{hourMinute(f.departure)}</time></td>
                  <td><span class={`pill tone-${tone}`}>{t(word)}</span></td><td class="number">{people.filter((p) => p.flight === f.id).length}</td>
                </tr>
              );
            })}
          </tbody>
        </table></div>
      )}
    </section>
  );
}

/** What the site's own profile says of a visit: the first three that it shows to anybody. */
const mainFacts = (p: Person) => Object.entries(p.facts).slice(0, 3).map(([name, value]) => `${named(name)} ${value}`).join(' · ');

/** Without a face there is the travel document, or, where no flight is, simply none. */
const faceOf = (p: Person) => t(p.consent ? 'consent_yes' : p.reference ? 'face_no' : 'consent_no');

export function People({ people, statuses, open }: { people: Person[]; statuses: string[]; open: (person: Person) => void }) {
  const sorted = [...people].sort((a, b) => Number(b.in_visitor_db) - Number(a.in_visitor_db) || statuses.indexOf(b.status) - statuses.indexOf(a.status) || a.name.localeCompare(b.name));
  const last = Math.max(1, statuses.length - 1), flies = people.some((p) => p.flight);
  return (
    <section class="panel people">
      <h2>{t('people')}</h2>
      {sorted.length === 0 ? <p class="empty">{t('nobody_yet')}</p> : (
        <div class="scroll"><table>
          <thead><tr><th>{t('name')}</th><th>{t(flies ? 'flight' : 'reference')}</th><th>{t(flies ? 'seat' : 'visit')}</th><th>{t('status')}</th><th>{t('consent')}</th><th class="number">{t('lists')}</th><th class="number">{t('means')}</th><th class="number">{t('items')}</th></tr></thead>
          <tbody>
            {sorted.map((p) => (
              <tr key={p.id} class={p.in_visitor_db ? '' : 'gone'} title={p.in_visitor_db ? t('visitor_db') : t('not_visitor')}>
                <th scope="row"><button type="button" class="link" onClick={() => open(p)}>{p.name || p.id.slice(0, 8)}</button></th>
                <td>{p.flight.split('/')[0] || p.reference}</td><td>{p.seat || mainFacts(p)}</td>
                <td><span class="progress" aria-hidden="true" style={{ '--done': Math.max(0, statuses.indexOf(p.status)) / last }} />{named(p.status)}</td>
                <td>{faceOf(p)}</td>
                <td class="number">{p.lists || '·'}</td><td class="number">{p.instruments || '·'}</td><td class="number">{p.items_waiting || '·'}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
    </section>
  );
}

const TRIAL_PIN = '1234'; // of simulated cards, shown on the button

export function PersonPanel({ person, passages, simulated, close, changed }: {
  person: Person; passages: Passage[]; simulated: boolean; close: () => void; changed: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [journey, setJourney] = useState<Passage[] | null>(null);
  const [trouble, setTrouble] = useState('');
  const newest = passages.find((p) => p.visit !== null && p.visit === person.visit)?.number;
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    server<{ passages: Passage[] }>(`people/${person.id}/journey`).then((j) => setJourney(j.passages), (e) => setTrouble(sentence(e)));
  }, [person.id, newest]);

  async function change(method: string, path: string, question?: Word, body?: unknown): Promise<void> {
    if (question && !confirm(t(question))) return;
    try {
      await server(`people/${person.id}${path}`, method, body);
      changed();
      if (path === '') close();
    } catch (error) {
      setTrouble(sentence(error));
    }
  }
  return (
    <dialog ref={dialog} class="side person" onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      <div class="inside">
        <header>
          <h2>{t('journey_of', person.name || person.id.slice(0, 8))}</h2>
          <button type="button" class="plain" onClick={close} aria-label={t('close')}>✕</button>
        </header>
        <p class="facts">
          {person.flight && <span class="pill">{person.flight.split('/')[0]} · {person.seat}</span>}
          {person.reference && <span class="pill">{[person.reference, mainFacts(person)].filter(Boolean).join(' · ')}</span>}
          <span class="pill">{named(person.status)}</span>
          <span class="pill">{faceOf(person)}</span>
          <span class={`pill ${person.in_visitor_db ? 'tone-ok' : 'tone-neutral'}`}>{person.in_visitor_db ? t('visitor_db') : t('not_visitor')}</span>
        </p>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        {journey?.length === 0 && <p class="empty">{t('no_passages')}</p>}
        <ol class="timeline">{journey?.map((p) => <Line key={p.number} passage={p} withName={false} />)}</ol>
        <footer>
          {simulated && person.instruments === 0 && (
            <button type="button" class="card" onClick={() => void change('POST', '/instruments', undefined, { kind: 'card', token: `trial-${person.id.slice(0, 8)}`, pin: TRIAL_PIN })}>
              {t('register_means', TRIAL_PIN)}
            </button>
          )}
          {person.consent && <button type="button" onClick={() => void change('DELETE', '/consent', 'withdraw_sure')}>{t('withdraw')}</button>}
          <button type="button" class="danger" onClick={() => void change('DELETE', '', 'erase_sure')}>{t('erase')}</button>
        </footer>
      </div>
    </dialog>
  );
}
