// Small pieces that both pages have.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { setLanguage, t, useLanguage } from './words';

export function Brand({ children }: { children?: ComponentChildren }) {
  return (
    <div class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <circle cx="16" cy="16" r="12.5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-dasharray="13 6.63" stroke-dashoffset="6.5" />
        <circle cx="16" cy="13.2" r="4" fill="currentColor" />
        <path d="M8.6 23.6a7.6 6 0 0 1 14.8 0" fill="currentColor" />
      </svg>
      <div>
        <strong>手ぶら</strong> <span class="latin">Tebura</span>
        <small>{children}</small>
      </div>
    </div>
  );
}

export function LanguageSwitch() {
  const language = useLanguage();
  return (
    <div class="switch" role="group" aria-label="Language / 言語">
      <button type="button" aria-pressed={language === 'ja'} lang="ja" onClick={() => setLanguage('ja')}>日本語</button>
      <button type="button" aria-pressed={language === 'en'} lang="en" onClick={() => setLanguage('en')}>English</button>
    </div>
  );
}

export function SimulationBanner({ parts }: { parts: string[] }) {
  if (parts.length === 0) return null;
  return (
    <p class="simulation" role="note">
      <b>{t('simulated')}</b> {parts.join(' · ')}
    </p>
  );
}

/** The time, drawn again every `step` milliseconds. */
export function useNow(step = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), step);
    return () => clearInterval(timer);
  }, [step]);
  return now;
}

/** What went wrong, as one sentence. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
