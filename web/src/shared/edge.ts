// What api/edge.yaml says: the local interface of one terminal.
import { ask, Refusal, type Facts, type Kind } from './api';

export type Tone = 'neutral' | 'ok' | 'retry' | 'refuse' | 'ask';
export type Ask = 'passport' | 'boarding_pass' | 'consent' | 'pin' | 'staff' | 'amount' | 'face' | 'challenge' | 'reference';
export interface Screen { tone: Tone; sound: '' | 'ok' | 'refuse'; en: string; ja: string; ask?: Ask; language?: 'ja' | 'en' }
export interface Outcome {
  transaction: string; outcome: 'admitted' | 'refused' | 'retry' | 'without_face' | 'unknown' | 'not_sure' | 'failed';
  reason: string; visit?: string; fields: Facts; duration_us: number; source: 'list' | 'server';
}
export interface Doors {
  state: 'closed' | 'entering' | 'inside' | 'leaving' | 'returning' | 'released'; entry: 'open' | 'shut'; exit: 'open' | 'shut'; entry_lock: 'open' | 'locked'; exit_lock: 'open' | 'locked';
  inside: number; face: 'none' | 'waiting' | 'looking' | 'matching' | 'same' | 'other'; approval: 'none' | 'waiting' | 'given'; attention: boolean; cause: string; simulation: boolean;
}
export interface EdgeState {
  number: number; state: string; touchpoint: string; role: string; kind: Kind | ''; zone: string; title?: { en: string; ja: string };
  registered: boolean; simulation: boolean; actuator: { name: string; simulation: boolean; open: boolean }; camera: string; camera_status: string;
  list: { entries: number; sequence: number; connected: boolean; age_seconds: number; stale: boolean; note: { en: string; ja: string } }; outbox: number; screen: Screen;
  reference?: { en: string; ja: string; first: boolean; shown: boolean }; doors?: Doors; fields?: Facts; sale?: { amount: number; currency: string }; last: Outcome | null;
}

/** Only a terminal of this machine: pictures must not go anywhere else, whatever a link says. */
export function edgeAddress(text: string | null | undefined): string | null {
  try {
    const url = new URL(text ?? '');
    return url.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(url.hostname) ? url.origin : null;
  } catch {
    return null;
  }
}

const KEY = 'tebura.screen.';

/** Terminals' own tokens come in the fragment, `#screen=ADDRESS~TOKEN`, as often as there are terminals. No server sees a fragment, and it
 *  leaves the address bar at once. Returns the addresses. */
export function takeScreens(): string[] {
  const given = new URLSearchParams(location.hash.slice(1)), found: string[] = [];
  for (const pair of given.getAll('screen')) {
    const [where, token] = pair.split('~'), address = edgeAddress(where);
    if (!address || !token) continue;
    setScreenToken(address, token);
    found.push(address);
  }
  if (given.has('screen')) {
    given.delete('screen');
    history.replaceState(null, '', location.pathname + location.search + (given.size > 0 ? `#${given}` : ''));
  }
  return found;
}
export const setScreenToken = (address: string, token: string): void => sessionStorage.setItem(KEY + address, token);
const screenToken = (address: string): string => sessionStorage.getItem(KEY + address) ?? '';

const WAIT = 20; // seconds that the terminal holds a question whose answer has not changed
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class Edge {
  constructor(readonly address: string) {}

  private call<T>(path: string, options: RequestInit = {}, token = screenToken(this.address)): Promise<T> {
    return ask<T>(`${this.address}/v1/${path}`, { ...options, headers: { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) } });
  }
  post(path: string, body: unknown = {}): Promise<EdgeState> {
    return this.call(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }
  put(path: string, body: unknown): Promise<void> {
    return this.call(path, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }
  frame(picture: Blob, signal: AbortSignal): Promise<void> {
    return this.call('frame', { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body: picture, signal });
  }
  /** Tells every state; null and why while there is none. By long poll, as an EventSource sends no headers. Returns what ends it. */
  follow(tell: (state: EdgeState | null, why?: Refusal) => void): () => void {
    const ended = new AbortController();
    const { signal } = ended;
    const run = async (): Promise<void> => {
      for (let after = 0, first = true; !signal.aborted;) {
        const token = screenToken(this.address);
        try {
          const state = await this.call<EdgeState>(`state?after=${after}&wait=${first ? 0 : WAIT}`, { signal }, token);
          if (signal.aborted) return;
          if (first || state.number !== after) tell(state);
          else await pause(200); // it ends: it holds no questions any more
          after = state.number;
          first = false;
        } catch (error) {
          if (signal.aborted) return;
          const why = error instanceof Refusal ? error : undefined;
          tell(null, why);
          after = 0; // it may have started again
          first = true;
          await pause(1000);
          while (why?.http === 401 && !signal.aborted && screenToken(this.address) === token) await pause(300); // the same token again would be refused again
        }
      }
    };
    void run();
    return () => ended.abort();
  }
}
