// Everything the console shows, kept fresh: the stream tells what happened, the rest is asked for when it may have changed.
import { useEffect, useReducer, useRef } from 'preact/hooks';
import { Refusal, server, stream, type Counts, type Flight, type Health, type Passage, type Person, type SetAside, type Site, type Touchpoint } from '../shared/api';
import { sentence } from '../shared/parts';
import { learn } from '../shared/words';

export interface Data {
  health: Health | null; site: Site | null; counts: Counts | null; touchpoints: Touchpoint[]; flights: Flight[]; people: Person[]; quarantine: SetAside[];
  passages: Passage[]; // newest first, so many of them
  called: Map<string, Passage>; // of each gate, however long ago: the last call for an attendant, or that one has looked
  live: boolean; trouble: string; unauthorised: boolean;
}

const empty: Data = {
  health: null, site: null, counts: null, touchpoints: [], flights: [], people: [], quarantine: [], passages: [], called: new Map(), live: false, trouble: '', unauthorised: false,
};
const KEPT = 200;

const { compare } = new Intl.Collator('en', { numeric: true });
const byId = (a: Touchpoint, b: Touchpoint): number => compare(a.id, b.id);

/** A door that was held is nobody's any more when somebody goes on there; the others wait until an attendant has looked. */
function calledBy(before: Map<string, Passage>, passages: Passage[]): Map<string, Passage> {
  const called = new Map(before);
  for (const p of [...passages].sort((one, other) => one.number - other.number)) {
    const last = called.get(p.touchpoint);
    if (last && last.number >= p.number) continue;
    if (p.kind === 'attendant') called.set(p.touchpoint, p);
    else if (last?.reason === 'interlock_held') called.delete(p.touchpoint);
  }
  return called;
}

type Change = Partial<Data> | { passage: Passage } | { touchpoint: Touchpoint };

function reduce(data: Data, change: Change): Data {
  if ('passage' in change) {
    if (data.passages.some((p) => p.number === change.passage.number)) return data;
    return { ...data, called: calledBy(data.called, [change.passage]), passages: [change.passage, ...data.passages].sort((a, b) => b.number - a.number).slice(0, KEPT) };
  }
  if ('touchpoint' in change) {
    const touchpoints = [...data.touchpoints], at = touchpoints.findIndex((p) => p.id === change.touchpoint.id);
    if (at >= 0) touchpoints[at] = change.touchpoint; // of a thousand, many a second
    else touchpoints.push(change.touchpoint), touchpoints.sort(byId);
    return { ...data, touchpoints };
  }
  return { ...data, ...change };
}

export function useData(token: string | null): [Data, () => void] {
  const [data, change] = useReducer<Data, Change>(reduce, empty);
  const refresh = useRef<() => void>(() => {});

  useEffect(() => {
    if (!token) return;
    let ended = false, source: EventSource | null = null, soon: ReturnType<typeof setTimeout> | undefined;
    const told = (next: Change) => void (ended || change(next));

    async function load(): Promise<void> {
      try {
        const health = await server<Health>('health');
        told({ health });
        if (health.status === 'down') return told({ trouble: '' }); // nothing else can be asked
        const [counts, touchpoints, flights, people, quarantine] = await Promise.all([
          server<Counts>('counts'), server<{ touchpoints: Touchpoint[] }>('touchpoints'),
          server<{ flights: Flight[] }>('flights'), server<{ people: Person[] }>('people'), server<{ events: SetAside[] }>('quarantine')]);
        told({ counts, touchpoints: touchpoints.touchpoints.sort(byId), quarantine: quarantine.events, flights: flights.flights, people: people.people, trouble: '', unauthorised: false });
      } catch (error) {
        told({ trouble: sentence(error), unauthorised: error instanceof Refusal && error.http === 401 });
      }
    }
    const loadSoon = () => { // many events, one question
      soon ??= setTimeout(() => { soon = undefined; void load(); }, 400);
    };
    async function begin(): Promise<void> {
      try {
        const site = await server<Site>('site');
        learn(site.words);
        told({ site });
        let after = 0, newest: Passage[] = [], called = empty.called;
        for (let more = true; more && !ended;) { // they come oldest first: walk to the end
          const page = await server<{ passages: Passage[]; last: number }>(`passages?max=1000&after=${after}`);
          called = calledBy(called, page.passages);
          newest = [...newest, ...page.passages].slice(-KEPT);
          more = page.passages.length === 1000;
          after = page.last;
        }
        told({ passages: newest.reverse(), called });
        if (ended) return;
        source = stream(after);
        source.onopen = () => told({ live: true });
        source.onerror = () => told({ live: false });
        source.addEventListener('passage', (e) => { told({ passage: JSON.parse((e as MessageEvent<string>).data) as Passage }); loadSoon(); });
        source.addEventListener('touchpoint', (e) => told({ touchpoint: JSON.parse((e as MessageEvent<string>).data) as Touchpoint }));
        source.addEventListener('counts', (e) => { told({ counts: JSON.parse((e as MessageEvent<string>).data) as Counts }); loadSoon(); });
      } catch (error) {
        told({ trouble: sentence(error), unauthorised: error instanceof Refusal && error.http === 401 });
        if (!ended) soon = setTimeout(() => { soon = undefined; void begin(); }, 3000);
      }
    }

    refresh.current = loadSoon;
    void load();
    void begin();
    const timer = setInterval(() => void load(), 10_000);
    return () => { ended = true; source?.close(); clearInterval(timer); clearTimeout(soon); };
  }, [token]);

  return [data, () => refresh.current()];
}
