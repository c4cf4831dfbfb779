/** A server's conditions as a person reads them: what is wrong first. Pure. */
import type { AnyServer, Condition } from '../api';

export type Tone = 'good' | 'bad' | 'working' | 'unknown';

export interface Aspect {
  type: string;
  tone: Tone;
  reason: string;
  /** What is the case and what to do; tenant viewers get none. */
  message?: string;
  since: string;
}

/** True is bad here. */
const BAD_WHEN_TRUE = new Set(['Degraded']);
const WORST_FIRST: readonly Tone[] = ['bad', 'unknown', 'working', 'good'];

const toneOf = ({ type, status }: Condition): Tone => {
  if (type === 'Progressing') return status === 'True' ? 'working' : 'good';
  if (status === 'Unknown') return 'unknown';
  return (status === 'True') === BAD_WHEN_TRUE.has(type) ? 'bad' : 'good';
};

/** Equal ones in the order of the status. A server that only starts is at work, not broken. */
export const aspectsOf = (server: AnyServer): Aspect[] => {
  const conditions = server.status.conditions ?? [];
  const found = conditions.map((one): Aspect => ({
    type: one.type,
    tone: toneOf(one),
    reason: one.reason,
    message: ('message' in one && (one as { message: string }).message) || undefined,
    since: one.lastTransitionTime,
  }));
  const degraded = found.some(({ type, tone }) => type === 'Degraded' && tone === 'bad');
  const working = found.some(({ tone }) => tone === 'working');
  const told = found.map((one) =>
    one.type === 'Available' && one.tone === 'bad' && working && !degraded ? { ...one, tone: 'working' as const } : one,
  );
  return told.sort((a, b) => WORST_FIRST.indexOf(a.tone) - WORST_FIRST.indexOf(b.tone));
};

const DAY_MS = 86_400_000;
/** As long before the end, a minted certificate is replaced, and `tls.expiring` is told. */
const SOON_DAYS = 30;

/** Whole days that are left; below zero: it has ended. */
export const daysLeft = (notAfter: string | number, now: number): number => {
  const end = typeof notAfter === 'number' ? notAfter : Date.parse(notAfter);
  return Math.floor((end - now) / DAY_MS);
};

export const expiry = (days: number): 'ended' | 'soon' | 'far' =>
  days < 0 ? 'ended' : days < SOON_DAYS ? 'soon' : 'far';
