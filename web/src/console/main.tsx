// The operator's live console.
import { render } from 'preact';
import { useState } from 'preact/hooks';
import '../shared/base.css';
import './console.css';
import { server, setToken, takeToken, type Person } from '../shared/api';
import { Brand, LanguageSwitch, SimulationBanner, sentence, useNow } from '../shared/parts';
import { hourMinuteSecond, longDate, t, useLanguage } from '../shared/words';
import { useData, type Data } from './data';
import { Announce } from './announce';
import { Attention, mattersOf } from './attention';
import { JourneyMap } from './journey_map';
import { CountStrip, Flights, Passages, People, PersonPanel } from './panels';

function SignIn({ trouble, enter }: { trouble: string; enter: (token: string) => void }) {
  const [text, setText] = useState('');
  return (
    <main class="signin">
      <form onSubmit={(e) => { e.preventDefault(); enter(text.trim()); }}>
        <Brand>{t('tagline')}</Brand>
        <h1>{t('signin')}</h1>
        <p>{t('signin_help')}</p>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        <label>{t('token')}<input type="password" autocomplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} required /></label>
        <button class="primary">{t('enter')}</button>
      </form>
      <LanguageSwitch />
    </main>
  );
}

function simulations(data: Data): string[] {
  const parts: string[] = [];
  if (data.health?.simulation.payments) parts.push(t('sim_payments'));
  const seen = data.touchpoints.filter((p) => p.last !== null), simulated = seen.filter((p) => p.last?.simulation);
  if (simulated.length > 0) parts.push(t('sim_cameras', simulated.length, seen.length));
  return parts;
}

function CheckButton() {
  const [result, setResult] = useState<{ text: string; wrong: boolean } | null>(null);
  async function check(): Promise<void> {
    try {
      const answer = await server<{ equal: boolean; difference?: string }>('check', 'POST');
      setResult({ text: answer.equal ? `✓ ${t('lists_equal')}` : (answer.difference ?? '?'), wrong: !answer.equal });
    } catch (error) {
      setResult({ text: sentence(error), wrong: true });
    }
    setTimeout(() => setResult(null), 8000);
  }
  return (
    <>
      <span class={`result${result?.wrong ? ' wrong' : ''}`} role="status">{result?.text}</span>
      <button type="button" onClick={() => void check()}>{t('check_lists')}</button>
    </>
  );
}

function Console() {
  useLanguage();
  const [token, setOwn] = useState(takeToken());
  const [data, refresh] = useData(token);
  const [chosen, setChosen] = useState<string | null>(null);
  const [announcing, setAnnouncing] = useState<string | boolean>(false); // or whose code is renewed
  const now = useNow();
  const enter = (next: string | null) => { setToken(next); setOwn(next); };

  if (!token || data.unauthorised) return <SignIn trouble={data.unauthorised ? data.trouble : ''} enter={enter} />;
  const matters = mattersOf(data, now);
  const person: Person | undefined = data.people.find((p) => p.id === chosen);
  return (
    <>
      <header class="top">
        <Brand>{data.site ? `${data.site.site} · ${data.health?.version ?? ''}` : t('tagline')}</Brand>
        <CountStrip counts={data.counts} />
        <div class="clock"><time>{hourMinuteSecond(now)}</time><small>{longDate(now)}</small></div>
      </header>
      <SimulationBanner parts={simulations(data)} />
      <Attention matters={matters} changed={refresh} />
      <main>
        {data.site && <JourneyMap site={data.site} touchpoints={data.touchpoints} passages={data.passages} now={now} changed={refresh} renew={setAnnouncing} />}
        <div class="boards">
          <Passages passages={data.passages} />
          <div class="column">
            {data.flights.length > 0 && <Flights flights={data.flights} people={data.people} now={now} />}
            <People people={data.people} statuses={data.site?.statuses ?? []} open={(p) => setChosen(p.id)} />
          </div>
        </div>
      </main>
      <footer class="bottom">
        <span class={`liveness${data.live ? ' on' : ''}`} role="status"><i class="dot" aria-hidden="true" />{data.live ? t('live') : t('reconnecting')}</span>
        {data.health && <span>{t(data.health.leads ? 'leads' : 'stands_by')}{matters.length === 0 ? ` · ${t('all_well')}` : ''}</span>}
        <a href="/touchpoint">{t('touchpoint_page')}</a>
        <span class="spring" />
        <button type="button" class="announce-button" disabled={!data.site} onClick={() => setAnnouncing(true)}>{t('announce')}</button>
        <CheckButton />
        <LanguageSwitch />
        <button type="button" onClick={() => enter(null)}>{t('signout')}</button>
      </footer>
      {announcing && data.site && (
        <Announce site={data.site} touchpoints={data.touchpoints} renewed={announcing === true ? null : announcing} now={now} close={() => setAnnouncing(false)} changed={refresh} />
      )}
      {person && <PersonPanel person={person} passages={data.passages} simulated={data.health?.simulation.payments ?? false} close={() => setChosen(null)} changed={refresh} />}
    </>
  );
}

render(<Console />, document.getElementById('page')!);
