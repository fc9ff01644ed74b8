// What an operator needs to know of one terminal, from what the server says of it.
import type { Site, Touchpoint } from '../shared/api';
import { span, t, type Word } from '../shared/words';

export type Condition = 'ok' | 'announced' | 'code_expired' | 'out_of_service' | 'wiping' | 'never_seen' | 'silent' | 'stale';
const SILENT_AFTER = 15; // seconds without a heartbeat

export const silence = (p: Touchpoint, now: number): number => (p.last ? (now - Date.parse(p.last.at)) / 1000 : 0);

export function conditionOf(p: Touchpoint, now: number): Condition {
  if (!p.registered) return p.code_until === null ? 'out_of_service' : Date.parse(p.code_until) > now ? 'announced' : 'code_expired';
  if (!p.last) return 'never_seen';
  if (silence(p, now) > SILENT_AFTER) return 'silent';
  return p.wiping ? 'wiping' : p.last.stale ? 'stale' : 'ok';
}

const said: Record<Exclude<Condition, 'ok'>, Word> = {
  announced: 'unregistered', code_expired: 'code_expired', out_of_service: 'out_of_service', wiping: 'wiping', never_seen: 'never_seen', silent: 'silent', stale: 'stale',
};
/** In words; nothing when all is well. */
export function conditionText(p: Touchpoint, now: number): string {
  const condition = conditionOf(p, now);
  if (condition === 'ok') return '';
  return t(said[condition], condition === 'announced' ? span((Date.parse(p.code_until!) - now) / 1000) : span(silence(p, now)));
}
/** Somebody should look at it. */
export const isTroubled = (p: Touchpoint, now: number): boolean => ['silent', 'stale', 'code_expired'].includes(conditionOf(p, now));

export interface Station { name: string; en: string; ja: string; terminals: Touchpoint[] }
export interface Zone { name: string; en: string; ja: string; stations: Station[] }

/** The profile's zones in its order, each with its roles; a zone that terminals name and the profile does not comes last. */
export function zonesOf(site: Site, touchpoints: Touchpoint[]): Zone[] {
  const titles = new Map(site.zones.map((zone) => [zone.name, zone]));
  const order = [...new Set([...site.zones.map((z) => z.name), ...site.roles.map((r) => r.zone), ...touchpoints.map((p) => p.zone || 'elsewhere')])];
  return order.map((name) => {
    const here = touchpoints.filter((p) => (p.zone || site.roles.find((r) => r.name === p.role)?.zone || 'elsewhere') === name);
    const roles = site.roles.filter((r) => r.zone === name || here.some((p) => p.role === r.name));
    return { name, en: titles.get(name)?.en ?? name, ja: titles.get(name)?.ja ?? name,
      stations: roles.map((r) => ({ name: r.name, en: r.title_en, ja: r.title_ja, terminals: here.filter((p) => p.role === r.name) })) };
  }).filter((zone) => zone.stations.length > 0);
}
