// The site: its zones as bands, roles as stations, terminals as cards that light up when somebody passes.
import { useState } from 'preact/hooks';
import { server, type Passage, type Site, type Touchpoint } from '../shared/api';
import { sentence } from '../shared/parts';
import { named, span, t, useLanguage } from '../shared/words';
import { conditionOf, conditionText, isTroubled, zonesOf, type Station } from './terminals';

const FLASH = 4000; // milliseconds
const CARDS = 4;    // of one station at first; whatever needs a look comes before the others

export function toneOf(passage: Passage): 'ok' | 'refuse' | 'neutral' {
  return passage.kind === 'refusal' || (passage.kind === 'attendant' && passage.reason !== 'interlock_seen_to') ? 'refuse' : ['payment_void', 'attendant'].includes(passage.kind) ? 'neutral' : 'ok';
}

/** Out of service: wiped, when it is an honest terminal, or revoked. Folded away: neither can be undone. */
function Orders({ id, changed }: { id: string; changed: () => void }) {
  const [said, setSaid] = useState('');
  async function give(order: 'wipe' | 'revoke'): Promise<void> {
    if (!confirm(t(order === 'wipe' ? 'wipe_sure' : 'revoke_sure', id))) return;
    try {
      await server(`touchpoints/${encodeURIComponent(id)}/${order}`, 'POST');
      setSaid(t('order_given', t(order)));
      changed();
    } catch (error) {
      setSaid(sentence(error));
    }
  }
  return (
    <details class="orders">
      <summary>{t('orders')}</summary>
      <button type="button" data-order="wipe" title={t('wipe_help')} onClick={() => void give('wipe')}>{t('wipe')}</button>
      <small>{t('wipe_help')}</small>
      <button type="button" class="danger" data-order="revoke" title={t('revoke_help')} onClick={() => void give('revoke')}>{t('revoke')}</button>
      <small>{t('revoke_help')}</small>
      {said && <p role="status">{said}</p>}
    </details>
  );
}

interface Shared { now: number; latest: Map<string, Passage>; changed: () => void; renew: (id: string) => void }

function Terminal({ touchpoint: p, now, latest, changed, renew }: Shared & { touchpoint: Touchpoint }) {
  const last = p.last, passage = latest.get(p.id), condition = conditionOf(p, now), there = condition === 'ok' || condition === 'stale' || condition === 'wiping';
  const behind = last ? Math.max(0, p.sequence - last.sequence) : p.sequence;
  const flash = passage && now - Date.parse(passage.at) < FLASH ? ` flash-${toneOf(passage)}` : '';
  const [plate] = Object.entries(p.attributes).filter(([, value]) => typeof value === 'string' && value.length <= 8);
  return (
    <article class={`terminal${flash}${there ? '' : ' away'}`} data-state={there ? last!.state : 'away'} data-condition={condition} data-touchpoint={p.id}>
      <header>
        <i class="dot" aria-hidden="true" />
        <strong title={p.id}>{p.id}</strong>
        {plate && <span class="gate" title={named(plate[0])}>{plate[1]}</span>}
        {last?.simulation && <span class="badge" title={t('simulated')}>{t('sim_camera')}</span>}
      </header>
      <p class={`state${condition === 'ok' ? '' : ' condition'}`}>{conditionText(p, now) || named(last!.state)}</p>
      {last && p.registered && (
        <dl>
          <div><dt>{t('on_list')}</dt><dd class="big">{last.entries}</dd></div>
          <div class={behind > 0 || last.stale ? 'late' : ''}>
            <dt>{last.fresh ? t('as_of', span(Math.max(0, (now - Date.parse(last.fresh)) / 1000))) : t('as_of_never')}</dt>
            <dd>{behind > 0 ? t('behind', behind) : t('in_step')}</dd>
          </div>
        </dl>
      )}
      {last !== null && last.outbox > 0 && <p class="unsent">{t('outbox', last.outbox)}</p>}
      {p.registered ? <Orders id={p.id} changed={changed} /> : <button type="button" class="renew" onClick={() => renew(p.id)}>{t('new_code')}</button>}
    </article>
  );
}

function StationView({ station, shared }: { station: Station; shared: Shared }) {
  const language = useLanguage(), [all, setAll] = useState(false), { now } = shared;
  const sorted = [...station.terminals].sort((a, b) => Number(isTroubled(b, now)) - Number(isTroubled(a, now)));
  const shown = all ? sorted : sorted.slice(0, CARDS), more = sorted.length - CARDS, troubled = sorted.slice(CARDS).filter((p) => isTroubled(p, now)).length;
  return (
    <div class={`station${sorted.length ? '' : ' none'}`}>
      <h4 title={station[language]}>{station[language]}{sorted.length > 1 && <small> {sorted.length}</small>}</h4>
      <div class="terminals">{shown.map((p) => <Terminal key={p.id} touchpoint={p} {...shared} />)}</div>
      {more > 0 && (
        <button type="button" class={`more${troubled ? ' danger' : ''}`} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('fewer') : `${t('more', more)}${troubled ? ` · ${t('troubled', troubled)}` : ''}`}
        </button>
      )}
    </div>
  );
}

export function JourneyMap({ site, touchpoints, passages, now, changed, renew }: {
  site: Site; touchpoints: Touchpoint[]; passages: Passage[]; now: number; changed: () => void; renew: (id: string) => void;
}) {
  const language = useLanguage();
  const latest = new Map<string, Passage>();
  for (const passage of passages) if (!latest.has(passage.touchpoint)) latest.set(passage.touchpoint, passage);
  return (
    <section class="map" aria-label={t('journey_map')}>
      {zonesOf(site, touchpoints).map((zone) => (
        <div class="zone" key={zone.name} style={{ '--stations': zone.stations.length }}>
          <h3>{zone[language]}</h3>
          <div class="stations">
            {zone.stations.map((station) => <StationView key={station.name} station={station} shared={{ now, latest, changed, renew }} />)}
          </div>
        </div>
      ))}
      {touchpoints.length === 0 && <p class="empty">{t('no_terminals')}</p>}
    </section>
  );
}
