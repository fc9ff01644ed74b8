// One terminal's screen in a browser: its words large, its questions as forms, and the visitor's webcam as its camera.
import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import '../shared/base.css';
import './touchpoint.css';
import { server, takeToken, type Health, type Site, type Touchpoint } from '../shared/api';
import { Edge, edgeAddress, takeScreens, type EdgeState } from '../shared/edge';
import { Brand, LanguageSwitch, SimulationBanner, sentence } from '../shared/parts';
import { learn, named, t, useLanguage } from '../shared/words';
import { Camera, type Snapshot } from './camera';
import { Choices, ConsentForm, DocumentsForm, itemsOf, PinForm, ReferenceForm, SaleForm, TokenForm } from './forms';
import { Doors } from './doors';
import { play } from './sound';

function useTerminal(edge: Edge): { state: EdgeState | null; reachable: boolean; locked: string } {
  const [state, setState] = useState<EdgeState | null>(null), [reachable, setReachable] = useState(true), [locked, setLocked] = useState('');
  const sounded = useRef('');
  useEffect(() => edge.follow((next, why) => {
    const refused = why?.http === 401;
    setReachable(next !== null || refused);
    setLocked(refused ? sentence(why) : '');
    if (refused) setState(null); // what is left on the screen is nobody's business
    if (!next) return;
    setState(next);
    const sound = next.screen.sound, about = sound ? `${sound} ${next.last?.transaction ?? next.number}` : '';
    if (sound && about !== sounded.current) play(sound);
    sounded.current = about;
  }), [edge]);
  return { state, reachable, locked };
}

/** Passages watch all the time; a desk looks only when it has something to look for. */
function wantsFrames(state: EdgeState): boolean {
  const looking = state.screen.ask === 'face' || ['present', 'capturing', 'matching'].includes(state.state);
  return looking || state.kind === 'passage' || ['counter', 'pickup', 'sign', 'presence'].includes(state.kind);
}

const actuatorWord = ({ name, open }: EdgeState['actuator']) => (name === 'detector' ? (open ? 'released' : 'locked') : open ? 'open' : 'closed');
const unbroken = (text: string) => text.replaceAll('-', '\u2011'); // "check-in" in huge letters stays one word
/** At a gate that always reads a code it may come first, while nobody stands there yet or the face is being looked at. */
const readsReference = (state: EdgeState | null) => state?.screen.ask === 'reference' ||
  Boolean(state?.reference?.first && !state.reference.shown && state.kind !== 'checkin' && ['idle', 'present', 'capturing'].includes(state.state));
const asksByForm = (state: EdgeState | null) => ['consent', 'passport', 'boarding_pass'].includes(state?.screen.ask ?? '') || readsReference(state);

function Questions({ edge, state, site, snapshot }: { edge: Edge; state: EdgeState; site: Site | null; snapshot: Snapshot | null }) {
  const language = useLanguage(), asked = state.screen.ask;
  if (asked === 'consent') return <ConsentForm edge={edge} site={site} />;
  if (asked === 'passport' || asked === 'boarding_pass') return <DocumentsForm edge={edge} state={state} snapshot={snapshot} />;
  if (readsReference(state) && state.reference) return <ReferenceForm edge={edge} title={state.reference[language]} snapshot={snapshot} />;
  if (asked === 'amount') return <SaleForm edge={edge} />;
  if (asked === 'pin') return <PinForm edge={edge} />;
  if (asked === 'staff')
    return <Choices edge={edge} choices={[{ word: 'confirm', path: 'staff', body: { confirm: true } }, { word: 'reject', path: 'staff', body: { confirm: false } }]} />;
  const items = state.kind === 'pickup' ? itemsOf(state.fields?.item_list) : [];
  if (items.length > 0)
    return <Choices edge={edge} choices={items.map((i) => ({ word: 'hand_over' as const, more: i.text, path: 'handover', body: { item: i.id } }))} />;
  return null;
}

function Terminal({ edge, site, simulation, leave }: { edge: Edge; site: Site | null; simulation: string[]; leave: () => void }) {
  const chosen = useLanguage();
  const { state, reachable, locked } = useTerminal(edge);
  const language = state?.screen.language ?? chosen, other = language === 'ja' ? 'en' : 'ja'; // a sign speaks that of whom it addresses
  const [snapshot, setSnapshot] = useState<Snapshot | null>(null), [ownCamera, setOwnCamera] = useState(false);
  useEffect(() => setOwnCamera(false), [edge]);

  const watching = ownCamera || (state?.simulation ?? false);
  const banner = [...(state?.kind === 'pos' ? simulation : []), ...(state?.simulation ? [t('watch_only')] : []),
    ...(state?.actuator.simulation && state.actuator.name ? [t('sim_actuator', named(`actuator_${state.actuator.name}`))] : [])];
  const screen = state?.screen;
  return (
    <div data-kind={state?.kind ?? ''} class={`terminal-page tone-${screen?.tone ?? 'neutral'}`} data-state={state?.state ?? ''} data-ask={screen?.ask ?? ''} data-outcome={state?.last?.outcome ?? ''}>
      <header class="top">
        <Brand>{state ? `${state.title?.[language] ?? named(state.role)} · ${state.touchpoint}` : edge.address}</Brand>
        <span class="spring" />
        {state?.actuator.name && (
          <span class={`actuator${state.actuator.open ? ' open' : ''}`} role="status">
            {named(`actuator_${state.actuator.name}`)}: {t(actuatorWord(state.actuator))}
          </span>
        )}
        <button type="button" onClick={leave}>{t('other_terminal')}</button>
        <LanguageSwitch />
      </header>
      <SimulationBanner parts={banner} />
      {!reachable && <p class="trouble banner" role="alert">{t('unreachable')}{location.hostname !== '127.0.0.1' && ` ${t('origin_hint')}`}</p>}
      <main class={`${watching ? 'watching' : ''}${state?.doors ? ' with-doors' : ''}${asksByForm(state) ? ' with-form' : ''}`}>
        {state && !watching && (
          <Camera edge={edge} wanted={wantsFrames(state)} tone={state.screen.tone} offer={(s) => setSnapshot(() => s)} refusedFrames={() => setOwnCamera(true)} />
        )}
        <section class="says">
          <div class="words" role="status" aria-live="assertive" aria-atomic="true">
            {screen && <p class="first" lang={language}>{unbroken(screen[language])}</p>}
            {screen && <p class="second" lang={other}>{screen[other]}</p>}
          </div>
          {state?.last && (state.screen.tone === 'ok' || state.screen.tone === 'refuse') && state.last.duration_us > 0 && (
            <p class="hint">{t('decided_in', Math.round(state.last.duration_us / 1000))} · {t(state.last.source === 'list' ? 'from_list' : 'from_server')}</p>
          )}
          {state?.reference?.shown && state.kind !== 'checkin' && ['present', 'capturing', 'matching'].includes(state.state) && (
            <p class="shown"><span aria-hidden="true">✓</span> {t('reference_shown', state.reference[language])}</p>
          )}
          {state?.doors && <Doors edge={edge} doors={state.doors} />}
          {locked && <TokenForm edge={edge} why={locked} />}
          {state && <Questions edge={edge} state={state} site={site} snapshot={snapshot} />}
          {state && state.state === 'asking' && (
            <button type="button" class="quiet" onClick={() => void edge.post('reset').catch(() => undefined)}>{t('again')}</button>
          )}
        </section>
      </main>
      <footer class="bottom">
        <p class="privacy">{watching ? t('own_camera') : t('privacy', edge.address)}</p>
        <span class="spring" />
        {state && state.camera_status !== 'OK' && state.camera_status !== 'CAMERA_SILENT' && <span class="trouble">{state.camera}</span>}
        {state && <span class={state.list.stale ? 'trouble' : undefined}>{t('listed', state.list.entries)}{state.list.age_seconds === 0 ? '' : ` · ${state.list.note[language]}`}{state.list.connected ? '' : ` · ${t('broker_away')}`}</span>}
      </footer>
    </div>
  );
}

function Chooser({ site, choose }: { site: Site | null; choose: (address: string) => void }) {
  const language = useLanguage();
  const [touchpoints, setTouchpoints] = useState<Touchpoint[] | null>(null), [trouble, setTrouble] = useState('');
  useEffect(() => {
    const load = () => server<{ touchpoints: Touchpoint[] }>('touchpoints').then((a) => { setTouchpoints(a.touchpoints); setTrouble(''); }, (e) => setTrouble(`${sentence(e)} — ${t('choose_token')}`));
    void load();
    const timer = setInterval(() => void load(), 5000);
    return () => clearInterval(timer);
  }, []);
  const order = site?.roles.map((r) => r.name) ?? [];
  const usable = (touchpoints ?? []).filter((p) => edgeAddress(p.last?.screen)).sort((a, b) =>
    Number(a.last!.simulation) - Number(b.last!.simulation) || order.indexOf(a.role) - order.indexOf(b.role) || a.id.localeCompare(b.id));
  const title = (p: Touchpoint) => { const role = site?.roles.find((r) => r.name === p.role); return role ? (language === 'ja' ? role.title_ja : role.title_en) : named(p.role); };
  return (
    <div class="chooser">
      <header class="top"><Brand>{t('tagline')}</Brand><span class="spring" /><a href="/">{t('console')}</a><LanguageSwitch /></header>
      <main>
        <h1>{t('choose')}</h1>
        <p>{t('choose_help')}</p>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        {touchpoints && usable.length === 0 && <p class="empty">{t('choose_none')}</p>}
        <ul>
          {usable.map((p) => (
            <li key={p.id}>
              <button type="button" class={p.last!.simulation ? 'simulated' : ''} onClick={() => choose(edgeAddress(p.last!.screen)!)}>
                <strong>{title(p)}{Object.values(p.attributes).filter((v) => typeof v === 'string' && v.length <= 8).slice(0, 1).map((v) => <span class="gate" key={String(v)}>{v}</span>)}</strong>
                <span>{p.id}</span>
                <small>{p.last!.simulation ? t('watch_only') : t('listed', p.last!.entries)}</small>
              </button>
            </li>
          ))}
        </ul>
      </main>
    </div>
  );
}

function Page() {
  useLanguage();
  const [address, setAddress] = useState(edgeAddress(new URLSearchParams(location.search).get('edge')));
  const [site, setSite] = useState<Site | null>(null), [health, setHealth] = useState<Health | null>(null);
  const edge = useMemo(() => (address ? new Edge(address) : null), [address]);
  useEffect(() => {
    server<Site>('site').then((s) => { learn(s.words); setSite(s); }, () => undefined);
    server<Health>('health').then(setHealth, () => undefined);
  }, []);
  const go = (next: string | null) => {
    history.replaceState(null, '', next ? `?edge=${encodeURIComponent(next)}` : location.pathname);
    setAddress(next);
  };
  if (!edge) return <Chooser site={site} choose={go} />;
  return <Terminal key={edge.address} edge={edge} site={site} simulation={health?.simulation.payments ? [t('sim_payments')] : []} leave={() => go(null)} />;
}

const screens = takeScreens();
if (screens.length === 1 && !location.search) history.replaceState(null, '', `?edge=${encodeURIComponent(screens[0]!)}${location.hash}`);
takeToken();
addEventListener('hashchange', () => location.reload()); // another link in the same tab
render(<Page />, document.getElementById('page')!);
