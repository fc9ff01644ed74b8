// SIMULATION: a traveller who does not exist, with documents that are formed exactly as real ones (ICAO Doc 9303 part 4,
// IATA Resolution 792), so that anyone can try the journey on themselves without showing a real passport.
import { server, type Flight, type Touchpoint } from '../shared/api';

export interface Documents { mrz: string; bcbp: string; name: string; flight: string }

const surnames = ['KAWASE', 'MORINO', 'ASTER', 'LINDQVIST', 'OKAFOR', 'TANABE', 'MARLOWE', 'SERRANO', 'HOSHI', 'WINTER'];
const givens = ['AOI', 'MINATO', 'ELIN', 'NOA', 'SORA', 'REN', 'MIRA', 'LEO', 'HANA', 'YUKI'];

function random(below: number): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % below;
}
const pick = <T>(list: T[]): T => list[random(list.length)]!;
const digits = (n: number) => Array.from({ length: n }, () => random(10)).join('');
const letters = (n: number) => Array.from({ length: n }, () => String.fromCharCode(65 + random(26))).join('');

/** Weights 7, 3, 1; digits count as themselves, letters from 10, fillers 0. */
export function checkDigit(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i), value = c >= 48 && c <= 57 ? c - 48 : c >= 65 && c <= 90 ? c - 55 : 0;
    sum += value * [7, 3, 1][i % 3]!;
  }
  return String(sum % 10);
}
const withDigit = (text: string) => text + checkDigit(text);

function machineReadableZone(surname: string, given: string): string {
  const first = `P<UTO${surname}<<${given}`.padEnd(44, '<'); // UTO: Utopia, ICAO's state for specimens
  const number = withDigit(`X${digits(7)}`.padEnd(9, '<'));
  const born = withDigit(`${70 + random(30)}${String(1 + random(12)).padStart(2, '0')}${String(1 + random(28)).padStart(2, '0')}`);
  const expires = withDigit(`${String((new Date().getFullYear() + 2 + random(7)) % 100).padStart(2, '0')}0615`);
  const optional = `${'<'.repeat(14)}0`;
  const composite = checkDigit(number + born + expires + optional);
  return `${first}\n${number}UTO${born}<${expires}${optional}${composite}`; // "<": sex not stated
}

function boardingPass(surname: string, given: string, flight: Flight): string {
  const [code = '', date = ''] = flight.id.split('/');
  const parts = /^([A-Z0-9]{2})(\d{1,4})([A-Z]?)$/.exec(code);
  if (!parts) throw new Error(`${code} is no flight number`);
  const [year, month, day] = date.split('-').map(Number);
  const dayOfYear = Math.round((Date.UTC(year!, month! - 1, day) - Date.UTC(year!, 0, 1)) / 86_400_000) + 1;
  const name = `${surname}/${given}`.slice(0, 20).padEnd(20);
  const number = parts[2]!.padStart(4, '0') + (parts[3] || ' ');
  const seat = `${String(1 + random(40)).padStart(3, '0')}${pick(['A', 'C', 'D', 'F', 'H', 'K'])}`;
  return `M1${name}E${letters(6)} ${flight.from}${flight.to}${parts[1]!.padEnd(3)}${number}${String(dayOfYear).padStart(3, '0')}Y${seat}${String(1 + random(300)).padStart(4, '0')} 100`;
}

const MINUTE = 60_000;

/** One that security, bag drop and a boarding gate take now; added when there is none. */
async function openFlight(): Promise<Flight> {
  const now = Date.now();
  const { flights } = await server<{ flights: Flight[] }>('flights');
  const open = flights.find((f) => !f.departed && !f.cancelled && Date.parse(f.boarding) <= now + 150 * MINUTE && Date.parse(f.departure) > now + 40 * MINUTE);
  if (open) return open;
  const { touchpoints } = await server<{ touchpoints: Touchpoint[] }>('touchpoints');
  const gate = touchpoints.find((p) => typeof p.attributes.gate === 'string')?.attributes.gate ?? '1';
  const departure = new Date(now + 90 * MINUTE).toISOString(), boarding = new Date(now).toISOString();
  return server<Flight>(`flights/TB${1 + random(999)}/${departure.slice(0, 10)}`, 'PUT', { from: 'HND', to: 'ITM', gate, boarding, departure });
}

export async function makeUp(): Promise<Documents> {
  const surname = pick(surnames), given = pick(givens), flight = await openFlight();
  return { mrz: machineReadableZone(surname, given), bcbp: boardingPass(surname, given, flight), name: `${given} ${surname}`, flight: flight.id.split('/')[0]! };
}
