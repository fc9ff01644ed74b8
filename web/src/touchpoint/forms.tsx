// What the terminal asks for, one form for each question.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Site } from '../shared/api';
import { setScreenToken, type Edge, type EdgeState } from '../shared/edge';
import { sentence } from '../shared/parts';
import { t, useLanguage, type Word } from '../shared/words';
import type { Snapshot } from './camera';
import { makeUp } from './traveller';

/** Does one thing after another; shows the sentence of the first that fails. */
function useDoing(): [boolean, string, (...steps: (() => Promise<unknown>)[]) => Promise<void>] {
  const [busy, setBusy] = useState(false), [trouble, setTrouble] = useState('');
  async function run(...steps: (() => Promise<unknown>)[]): Promise<void> {
    setBusy(true);
    setTrouble('');
    try {
      for (const step of steps) await step();
    } catch (error) {
      setTrouble(sentence(error));
    } finally {
      setBusy(false);
    }
  }
  return [busy, trouble, run];
}
const Trouble = ({ text }: { text: string }) => (text ? <p class="trouble" role="alert">{text}</p> : null);

async function base64(blob: Blob): Promise<string> {
  const url = await new Promise<string>((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(reader.error ?? new Error('the file cannot be read'));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
}

function PagePicture({ picture, choose, snapshot }: { picture: Blob | null; choose: (blob: Blob | null) => void; snapshot: Snapshot | null }) {
  const [url, setUrl] = useState('');
  const take = (blob: Blob | null) => {
    if (url) URL.revokeObjectURL(url);
    setUrl(blob ? URL.createObjectURL(blob) : '');
    choose(blob);
  };
  return (
    <fieldset class="page">
      <legend>{t('page_picture')}</legend>
      {picture && url ? <img src={url} alt={t('page_picture')} /> : <p class="hint">{t('no_picture')}</p>}
      <div class="row">
        <label class="button">{t('from_file')}<input type="file" accept="image/jpeg,image/png" class="hidden" onChange={(e) => take(e.currentTarget.files?.[0] ?? null)} /></label>
        <button type="button" disabled={!snapshot} onClick={() => void snapshot?.().then(take)}>{t('from_camera')}</button>
      </div>
    </fieldset>
  );
}

export function DocumentsForm({ edge, state, snapshot }: { edge: Edge; state: EdgeState; snapshot: Snapshot | null }) {
  const [mrz, setMrz] = useState(''), [bcbp, setBcbp] = useState(''), [picture, setPicture] = useState<Blob | null>(null);
  const [busy, trouble, run] = useDoing();
  async function place(): Promise<void> {
    const passport = async () => edge.post('passport', { mrz: mrz.trim(), ...(picture ? { picture: await base64(picture) } : {}) });
    const pass = () => edge.post('boarding-pass', { bcbp: bcbp.replace(/[\r\n]+$/, '') });
    const onlyPass = state.screen.ask === 'boarding_pass' && state.state === 'asking';
    await run(...(onlyPass ? [pass] : [passport, pass]));
  }
  return (
    <form class="documents" onSubmit={(e) => { e.preventDefault(); void place(); }}>
      <div class="madeup">
        <button type="button" disabled={busy} onClick={() => void run(async () => { const d = await makeUp(); setMrz(d.mrz); setBcbp(d.bcbp); })}>{t('made_up')}</button>
        <p class="hint">{t('made_up_help')}</p>
      </div>
      <label>{t('passport')} — {t('mrz')}
        <textarea class="code" rows={3} spellcheck={false} autocapitalize="characters" value={mrz} onInput={(e) => setMrz(e.currentTarget.value)} required />
      </label>
      <PagePicture picture={picture} choose={setPicture} snapshot={snapshot} />
      <label>{t('pass')} — {t('bcbp')}
        <textarea class="code" rows={2} spellcheck={false} value={bcbp} onInput={(e) => setBcbp(e.currentTarget.value)} required />
      </label>
      <Trouble text={trouble} />
      <button class="primary" disabled={busy}>{t('place')}</button>
    </form>
  );
}

interface Detector { detect(from: ImageBitmap): Promise<{ rawValue: string }[]> }
declare global {
  interface Window { BarcodeDetector?: new (options?: { formats: string[] }) => Detector }
}

/** Looks for a code in the pictures of the visitor's own webcam, where the browser can read one. */
function useScan(snapshot: Snapshot | null, found: (text: string) => void): { can: boolean; on: boolean; toggle: () => void } {
  const [on, setOn] = useState(false), can = Boolean(window.BarcodeDetector && snapshot);
  useEffect(() => {
    if (!on || !can) return;
    const detector = new window.BarcodeDetector!({ formats: ['qr_code', 'code_128', 'aztec', 'pdf417', 'data_matrix'] });
    let ended = false;
    const look = async (): Promise<void> => {
      const blob = await snapshot!();
      const codes = blob ? await detector.detect(await createImageBitmap(blob)).catch(() => []) : [];
      if (ended) return;
      if (codes[0]) {
        setOn(false);
        found(codes[0].rawValue);
      } else {
        setTimeout(() => void look(), 200);
      }
    };
    void look();
    return () => { ended = true; };
  }, [on, can]);
  return { can, on: on && can, toggle: () => setOn((v) => !v) };
}

/** A reservation's number, a ticket's code: typed, typed by a hand scanner (which may start while nothing has the focus), or seen by the webcam. */
export function ReferenceForm({ edge, title, snapshot }: { edge: Edge; title: string; snapshot: Snapshot | null }) {
  const [text, setText] = useState(''), field = useRef<HTMLInputElement>(null);
  const [busy, trouble, run] = useDoing();
  const give = (reference: string) => { setText(''); void run(() => edge.post('reference', { reference: reference.trim() })); };
  const scan = useScan(snapshot, give);
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    const typed = (event: KeyboardEvent) => {
      const there = event.target instanceof HTMLElement && ['INPUT', 'TEXTAREA', 'BUTTON', 'A'].includes(event.target.tagName);
      if (!there && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) field.current?.focus();
    };
    document.addEventListener('keydown', typed);
    return () => document.removeEventListener('keydown', typed);
  }, []);
  return (
    <form class="reference" onSubmit={(e) => { e.preventDefault(); if (text.trim()) give(text); }}>
      <label><span>{title}</span>
        <input ref={field} type="text" maxLength={127} autocomplete="off" autocapitalize="characters" spellcheck={false} enterKeyHint="go"
          aria-describedby="reference-help" value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <p class="hint" id="reference-help">{t('reference_help')}</p>
      <Trouble text={trouble} />
      <div class="row">
        <button class="primary" disabled={busy || !text.trim()}>{t('read_reference')}</button>
        {scan.can && <button type="button" aria-pressed={scan.on} onClick={scan.toggle}>{t(scan.on ? 'stop_scan' : 'scan')}</button>}
        {scan.on && <span class="hint" role="status">{t('scanning')}</span>}
      </div>
    </form>
  );
}

export function ConsentForm({ edge, site }: { edge: Edge; site: Site | null }) {
  const language = useLanguage();
  const [busy, trouble, run] = useDoing();
  const [also, setAlso] = useState<string[]>([]); // none is ticked beforehand
  const other = language === 'ja' ? 'en' : 'ja';
  return (
    <div class="consent">
      <h2>{t('consent_title')}</h2>
      <p class="text">{site?.consent[language]}</p>
      <p class="text second" lang={other}>{site?.consent[other]}</p>
      {site?.consents?.map((further) => (
        <label key={further.name} class="further">
          <input type="checkbox" checked={also.includes(further.name)} onChange={(e) => setAlso(e.currentTarget.checked ? [...also, further.name] : also.filter((name) => name !== further.name))} />
          <span>{further[language]}<span class="text second" lang={other}>{further[other]}</span></span>
        </label>
      ))}
      <Trouble text={trouble} />
      <div class="row equal"> {/* both the same size: declining is no lesser choice */}
        <button type="button" disabled={busy} onClick={() => void run(() => edge.post('consent', { agree: false }))}>{t('disagree')}</button>
        <button type="button" disabled={busy} onClick={() => void run(() => edge.post('consent', { agree: true, also }))}>{t('agree')}</button>
      </div>
    </div>
  );
}

export function SaleForm({ edge }: { edge: Edge }) {
  const [amount, setAmount] = useState('1200'), [deliver, setDeliver] = useState('');
  const [busy, trouble, run] = useDoing();
  const sale = () => edge.post('sale', { amount: Number(amount), currency: 'JPY', ...(deliver.trim() ? { deliver: deliver.trim() } : {}) });
  return (
    <form onSubmit={(e) => { e.preventDefault(); void run(sale); }}>
      <label>{t('amount')} (JPY)<input type="number" min="1" step="1" value={amount} onInput={(e) => setAmount(e.currentTarget.value)} required /></label>
      <label>{t('deliver')}<input type="text" maxLength={63} value={deliver} onInput={(e) => setDeliver(e.currentTarget.value)} /></label>
      <Trouble text={trouble} />
      <button class="primary" disabled={busy}>{t('charge')}</button>
    </form>
  );
}

/** Nobody is served at a terminal whose token this page does not have: any program of this machine could ask as well. */
export function TokenForm({ edge, why }: { edge: Edge; why: string }) {
  const [text, setText] = useState('');
  return (
    <form class="screen-token" onSubmit={(e) => { e.preventDefault(); setScreenToken(edge.address, text.trim()); setText(''); }}>
      <p>{t('screen_token_help')}</p>
      <label>{t('token')}<input type="password" autocomplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} required autoFocus /></label>
      <Trouble text={why} />
      <button class="primary">{t('enter')}</button>
    </form>
  );
}

export function PinForm({ edge }: { edge: Edge }) {
  const [pin, setPin] = useState('');
  const [busy, trouble, run] = useDoing();
  return (
    <form class="pin" onSubmit={(e) => { e.preventDefault(); const typed = pin; setPin(''); void run(() => edge.post('pin', { pin: typed })); }}>
      <label>{t('pin')}<input type="password" inputMode="numeric" pattern="[0-9]{4,12}" autocomplete="off" value={pin} onInput={(e) => setPin(e.currentTarget.value)} required autoFocus /></label>
      <Trouble text={trouble} />
      <button class="primary" disabled={busy}>{t('send')}</button>
    </form>
  );
}

export function Choices({ edge, choices }: { edge: Edge; choices: { word: Word; more?: string; path: string; body: unknown }[] }) {
  const [busy, trouble, run] = useDoing();
  return (
    <div>
      <Trouble text={trouble} />
      <div class="row">
        {choices.map((c) => <button type="button" key={c.word + (c.more ?? '')} disabled={busy} onClick={() => void run(() => edge.post(c.path, c.body))}>{t(c.word)}{c.more ? `: ${c.more}` : ''}</button>)}
      </div>
    </div>
  );
}

/** "id description; id description" as the pick-up role sees it. */
export function itemsOf(list: unknown): { id: string; text: string }[] {
  return String(list ?? '').split(';').map((s) => s.trim()).filter(Boolean).map((s) => ({ id: s.split(' ')[0]!, text: s }));
}
