// Announcing a terminal: what it is, then the one-time code with which it registers.
import { useEffect, useRef, useState } from 'preact/hooks';
import { server, type Site, type Touchpoint } from '../shared/api';
import { sentence } from '../shared/parts';
import { hourMinute, named, t, useLanguage } from '../shared/words';

interface Code { id: string; code: string; authority: string; until?: string }

/** It is shown once: the server keeps a hash of it only. */
function CodeShown({ code, touchpoint, now }: { code: Code; touchpoint: Touchpoint | undefined; now: number }) {
  const [copied, setCopied] = useState(false), text = `${code.code}.${code.authority}`, until = code.until ?? touchpoint?.code_until;
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true), () => undefined);
  const state = touchpoint?.registered ? t('code_used', code.id) : until && Date.parse(until) < now ? t('code_over') : until ? t('code_until', hourMinute(until)) : '';
  return (
    <div class="code-shown">
      <p>{t('code_help', code.id)}</p>
      <label>{t('code')}<textarea class="code" rows={3} readOnly value={text} onFocus={(e) => e.currentTarget.select()} /></label>
      <p class={touchpoint?.registered ? 'tone-ok told' : 'told'} role="status">{state}</p>
      {window.isSecureContext && <div class="row"><button type="button" class="primary" onClick={() => void copy()}>{copied ? t('copied') : t('copy')}</button></div>}
      <pre class="code">{`tebura-edge --data DIR --server ${location.origin} \\\n  --profile FILE --camera ADDRESS --code …`}</pre>
    </div>
  );
}

export function Announce({ site, touchpoints, renewed, now, close, changed }: {
  site: Site; touchpoints: Touchpoint[]; renewed: string | null; now: number; close: () => void; changed: () => void;
}) {
  const language = useLanguage(), dialog = useRef<HTMLDialogElement>(null);
  const [role, setRole] = useState(site.roles[0]!.name), [id, setId] = useState(''), [attributes, setAttributes] = useState<Record<string, string>>({});
  const [code, setCode] = useState<Code | null>(null), [trouble, setTrouble] = useState('');
  const wanted = site.roles.find((r) => r.name === role)?.attributes ?? [];
  const ask = (path: string, body?: unknown) => server<Code>(path, 'POST', body).then((c) => { setCode(c); setTrouble(''); changed(); }, (e) => setTrouble(sentence(e)));
  useEffect(() => {
    dialog.current?.showModal();
    if (renewed) void ask(`touchpoints/${encodeURIComponent(renewed)}/code`);
  }, []);
  const given = Object.fromEntries(wanted.map((name) => [name, (attributes[name] ?? '').trim()]));
  return (
    <dialog ref={dialog} class="side announce" aria-labelledby="announce-title" onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      <div class="inside">
        <header>
          <h2 id="announce-title">{renewed ? t('new_code_for', renewed) : t('announce')}</h2>
          <button type="button" class="plain" onClick={close} aria-label={t('close')}>✕</button>
        </header>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        {code ? <CodeShown code={code} touchpoint={touchpoints.find((p) => p.id === code.id)} now={now} /> : !renewed && (
          <form onSubmit={(e) => { e.preventDefault(); void ask('touchpoints', { id: id.trim(), role, attributes: given }); }}>
            <label>{t('role')}
              <select value={role} onChange={(e) => setRole(e.currentTarget.value)}>
                {site.zones.map((zone) => {
                  const roles = site.roles.filter((r) => r.zone === zone.name);
                  return roles.length > 0 && <optgroup key={zone.name} label={zone[language]}>{roles.map((r) => <option key={r.name} value={r.name}>{language === 'ja' ? r.title_ja : r.title_en}</option>)}</optgroup>;
                })}
              </select>
            </label>
            <label>{t('terminal_name')}<input type="text" required pattern="[a-z0-9\-]{1,32}" title={t('terminal_name_help')} placeholder={`${role.replaceAll('_', '-')}-1`} autocomplete="off" spellcheck={false} value={id} onInput={(e) => setId(e.currentTarget.value)} /></label>
            <p class="hint">{t('terminal_name_help')}</p>
            {wanted.map((name) => (
              <label key={name}>{named(name)}<input type="text" required maxLength={63} value={attributes[name] ?? ''} onInput={(e) => setAttributes({ ...attributes, [name]: e.currentTarget.value })} /></label>
            ))}
            <button class="primary">{t('announce_do')}</button>
          </form>
        )}
      </div>
    </dialog>
  );
}
