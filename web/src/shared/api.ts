// What api/openapi.yaml says, as types, and the few calls the pages make.

export interface Health {
  status: 'ok' | 'degraded' | 'down'; site: string; version: string; bus: boolean; database: boolean; leads: boolean; follows: boolean;
  clock: { held: boolean; ahead_seconds: number }; simulation: { payments: boolean };
}
export interface Role { name: string; zone: string; kind: Kind; title_en: string; title_ja: string; attributes: string[] }
export interface Named { name: string; en: string; ja: string }
export interface SetAside { id: string; touchpoint: string; reason: string }
export type Kind = 'checkin' | 'passage' | 'counter' | 'pos' | 'pickup' | 'sign' | 'presence';
export interface Site { site: string; profile: string; statuses: string[]; roles: Role[]; zones: Named[]; words: Named[]; consent: { en: string; ja: string };
  consents?: { name: string; en: string; ja: string }[]; // further ones, each asked for itself
}
export interface Counts {
  people: number; templates: number; visitors: number; entries: number; outbox: number; events_applied: number;
  events_repeated: number; events_refused: number; payments: number; payments_voided: number; ledger_sum: number;
}
export interface Flight { id: string; from: string; to: string; gate: string; boarding: string; departure: string; departed: boolean; cancelled: boolean }
export interface Person {
  id: string; name: string; flight: string; status: string; seat: string; reference: string; facts: Record<string, string>; flag: boolean; consent: boolean; templates: number;
  instruments: number; items_waiting: number; in_visitor_db: boolean; lists: number; visit: string | null;
}
export type Facts = Record<string, string | number | boolean>;
export interface Heartbeat {
  at: string; sequence: number; entries: number; outbox: number; decisions: number; state: string; screen: string; simulation: boolean;
  fresh: string | null; stale: boolean; // when the server last said that its list is whole; too long ago for its role
}
export interface Touchpoint {
  id: string; role: string; zone: string; attributes: Facts; registered: boolean; wiping: boolean; code_until: string | null; sequence: number; entries: number; last: Heartbeat | null;
}
export interface Passage {
  number: number; at: string; touchpoint: string; role: string; kind: string; reason: string; visit: string | null; name: string;
  duration_us: number;
}

export class Refusal extends Error {
  constructor(readonly code: string, message: string, readonly http: number) {
    super(message);
  }
}

/** Throws the sentence of the answer's error, or one of ours when there is no answer. */
export async function ask<T>(url: string, options: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...options, credentials: 'omit', cache: 'no-store' });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refusal('unreachable', `${new URL(url, location.href).host} does not answer`, 0);
  }
  if (answer.status === 204) return undefined as T;
  const body = await answer.json().catch(() => null);
  if (answer.ok || (answer.status === 503 && body?.status === 'down')) return body as T; // health tells of itself what is wrong
  throw new Refusal(body?.error?.status ?? 'internal', body?.error?.message ?? `HTTP ${answer.status}`, answer.status);
}

const KEY = 'tebura.token';

/** The token comes in the fragment, which no server sees; it leaves the address bar at once. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}
export function setToken(token: string | null): void {
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

export function server<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  const token = sessionStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return ask<T>(`/api/v1/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

export function stream(after: number): EventSource {
  const query = new URLSearchParams({ token: sessionStorage.getItem(KEY) ?? '', after: String(after) });
  return new EventSource(`/api/v1/stream?${query}`);
}
