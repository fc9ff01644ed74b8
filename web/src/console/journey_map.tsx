// The way through the site: zones as bands, roles as stations, terminals as cards that light up when somebody passes.
import { useState } from 'preact/hooks';
import { server, type Passage, type Role, type Site, type Touchpoint } from '../shared/api';
import { sentence } from '../shared/parts';
import { named, span, t, useLanguage } from '../shared/words';

const SILENT_AFTER = 15; // seconds without a heartbeat
const FLASH = 4000;      // milliseconds

interface Zone { name: string; roles: Role[] }

/** Roles in the profile's order, neighbours of one zone together. */
function zonesOf(site: Site): Zone[] {
  const zones: Zone[] = [];
  for (const role of site.roles) {
    const last = zones.at(-1);
    if (last && last.name === role.zone) last.roles.push(role);
    else zones.push({ name: role.zone, roles: [role] });
  }
  return zones;
}

export function toneOf(passage: Passage): 'ok' | 'refuse' | 'neutral' {
  return passage.kind === 'refusal' ? 'refuse' : passage.kind === 'payment_void' ? 'neutral' : 'ok';
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

function Terminal({ touchpoint, latest, now, changed }: { touchpoint: Touchpoint; latest: Passage | undefined; now: number; changed: () => void }) {
  const last = touchpoint.last;
  const silence = last ? (now - Date.parse(last.at)) / 1000 : 0;
  const silent = last !== null && silence > SILENT_AFTER;
  const behind = last ? Math.max(0, touchpoint.sequence - last.sequence) : touchpoint.sequence;
  const flash = latest && now - Date.parse(latest.at) < FLASH ? ` flash-${toneOf(latest)}` : '';
  const state = !touchpoint.registered ? t('unregistered') : !last ? t('never_seen') : silent ? t('silent', span(silence)) : named(last.state);
  const gate = touchpoint.attributes.gate;
  return (
    <article class={`terminal${flash}${silent || !last ? ' away' : ''}`} data-state={silent || !last ? 'away' : last.state} data-touchpoint={touchpoint.id}>
      <header>
        <i class="dot" aria-hidden="true" />
        <strong>{touchpoint.id}</strong>
        {gate !== undefined && <span class="gate" title={t('gate')}>{gate}</span>}
        {last?.simulation && <span class="badge" title={t('simulated')}>{t('sim_camera')}</span>}
      </header>
      <p class="state">{state}</p>
      <dl>
        <div><dt>{t('on_list')}</dt><dd class="big">{last ? last.entries : touchpoint.entries}</dd></div>
        <div class={behind > 0 ? 'late' : ''}>
          <dt>{t('sequence')} {last?.sequence ?? 0}</dt>
          <dd>{behind > 0 ? t('behind', behind) : t('in_step')}</dd>
        </div>
      </dl>
      {last !== null && last.outbox > 0 && <p class="unsent">{t('outbox', last.outbox)}</p>}
      {touchpoint.registered && <Orders id={touchpoint.id} changed={changed} />}
    </article>
  );
}

export function JourneyMap({ site, touchpoints, passages, now, changed }: {
  site: Site; touchpoints: Touchpoint[]; passages: Passage[]; now: number; changed: () => void;
}) {
  const language = useLanguage();
  const latest = new Map<string, Passage>();
  for (const passage of passages) if (!latest.has(passage.touchpoint)) latest.set(passage.touchpoint, passage);
  return (
    <section class="map" aria-label={t('journey_map')}>
      {zonesOf(site).map((zone) => (
        <div class="zone" key={zone.name} style={{ '--stations': zone.roles.length }}>
          <h3>{named(zone.name)}</h3>
          <div class="stations">
            {zone.roles.map((role) => {
              const own = touchpoints.filter((p) => p.role === role.name);
              return (
                <div class={`station${own.length ? '' : ' none'}`} key={role.name}>
                  <h4>{language === 'ja' ? role.title_ja : role.title_en}</h4>
                  <div class="terminals">
                    {own.map((p) => <Terminal key={p.id} touchpoint={p} latest={latest.get(p.id)} now={now} changed={changed} />)}
                  </div>
                </div>
              );
            })}
          </div>
        </div>
      ))}
      {touchpoints.length === 0 && <p class="empty">{t('no_terminals')}</p>}
    </section>
  );
}
