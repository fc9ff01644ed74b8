// documents.mjs: invented passports and boarding passes as their codes are printed (ICAO 9303-4 TD3, IATA Resolution 792).
const weights = [7, 3, 1];
const value = (c) => (c === '<' ? 0 : c >= 'A' ? c.charCodeAt(0) - 55 : Number(c));
export const checkDigit = (text) => String([...text].reduce((sum, c, i) => sum + value(c) * weights[i % 3], 0) % 10);
const fill = (text, length) => text.padEnd(length, '<').slice(0, length);

// `wrong`: the number's check digit is one too high.
export function passport({ surname = 'SUZUKI', given = 'HANAKO', number = 'TR1234567', issuer = 'UTO', nationality = 'UTO', born = '850312', sex = 'F', expires = '350101', wrong = false } = {}) {
  const first = fill(`P<${issuer}${surname}<<${given.replaceAll(' ', '<')}`, 44);
  const padded = fill(number, 9);
  const digit = wrong ? String((Number(checkDigit(padded)) + 1) % 10) : checkDigit(padded);
  const head = padded + digit + fill(nationality, 3) + born + checkDigit(born) + sex + expires + checkDigit(expires) + fill('', 14) + '0';
  const composite = checkDigit(head.slice(0, 10) + head.slice(13, 20) + head.slice(21, 43));
  return `${first}\n${head}${composite}`;
}

export const dayOfYear = (date) => Math.floor((Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86400000) + 1;

export function boardingPass({ surname = 'SUZUKI', given = 'HANAKO', pnr = 'ABC123', from = 'HND', to = 'ITM', carrier = 'NH', flight = '0105', date = new Date(), seat = '012A', sequence = '0042' } = {}) {
  return `M1${`${surname}/${given.replaceAll(' ', '')}`.padEnd(20).slice(0, 20)}E${pnr.padEnd(7)}${from}${to}${carrier.padEnd(3)}${flight.padEnd(5)}${String(dayOfYear(date)).padStart(3, '0')}Y${seat}${sequence.padEnd(5)}100`;
}
