// What api/edge.yaml says: the local interface of one terminal.
import { ask, type Facts, type Kind } from './api';

export type Tone = 'neutral' | 'ok' | 'retry' | 'refuse' | 'ask';
export type Ask = 'passport' | 'boarding_pass' | 'consent' | 'pin' | 'staff' | 'amount' | 'face' | 'challenge' | 'reference';
export interface Screen { tone: Tone; sound: '' | 'ok' | 'refuse'; en: string; ja: string; ask?: Ask; language?: 'ja' | 'en' }
export interface Outcome {
  transaction: string; outcome: 'admitted' | 'refused' | 'retry' | 'without_face' | 'unknown' | 'not_sure' | 'failed';
  reason: string; visit?: string; fields: Facts; duration_us: number; source: 'list' | 'server';
}
export interface EdgeState {
  number: number; state: string; touchpoint: string; role: string; kind: Kind | ''; zone: string; title?: { en: string; ja: string };
  registered: boolean; simulation: boolean; actuator: { name: string; simulation: boolean; open: boolean }; camera: string; camera_status: string;
  list: { entries: number; sequence: number; connected: boolean; age_seconds: number; stale: boolean; note: { en: string; ja: string } }; outbox: number; screen: Screen;
  reference?: { en: string; ja: string; first: boolean; shown: boolean }; fields?: Facts; sale?: { amount: number; currency: string }; last: Outcome | null;
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

export class Edge {
  constructor(readonly address: string) {}

  state(): Promise<EdgeState> {
    return ask(`${this.address}/v1/state`);
  }
  post(path: string, body: unknown = {}): Promise<EdgeState> {
    return ask(`${this.address}/v1/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }
  frame(picture: Blob, signal: AbortSignal): Promise<void> {
    return ask(`${this.address}/v1/frame`, { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body: picture, signal });
  }
  /** Tells every state, and null while the terminal cannot be reached. Returns what ends it. */
  follow(tell: (state: EdgeState | null) => void): () => void {
    const events = new EventSource(`${this.address}/v1/events`);
    events.addEventListener('state', (event) => tell(JSON.parse((event as MessageEvent<string>).data) as EdgeState));
    events.onerror = () => tell(null);
    return () => events.close();
  }
}
