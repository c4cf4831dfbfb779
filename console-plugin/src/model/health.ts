/** How a server is, in one word, of its conditions. Pure. */
import type { AnyServer, Condition } from '../api';

export type Health = 'available' | 'degraded' | 'unavailable' | 'progressing' | 'deleting' | 'unknown';

/** From the worst to the best: the order of a sorted list. */
export const HEALTHS: readonly Health[] = [
  'unavailable',
  'degraded',
  'unknown',
  'deleting',
  'progressing',
  'available',
];

export interface Verdict {
  health: Health;
  /** The condition that decided; tenant viewers get no message. */
  reason?: string;
  message?: string;
}

export const conditionOf = (server: AnyServer, type: string): Condition | undefined =>
  server.status.conditions?.find((one) => one.type === type);

const told = (health: Health, condition?: Condition): Verdict => ({
  health,
  reason: condition?.reason,
  message: condition && 'message' in condition ? condition.message : undefined,
});

export const verdictOf = (server: AnyServer): Verdict => {
  const available = conditionOf(server, 'Available');
  const degraded = conditionOf(server, 'Degraded');
  const progressing = conditionOf(server, 'Progressing');
  if ('deletionTimestamp' in server && server.deletionTimestamp) return { health: 'deleting' };
  if (!available) return { health: 'unknown' };
  if (available.status === 'False') {
    const starting = progressing?.status === 'True' && degraded?.status !== 'True';
    return starting ? told('progressing', progressing) : told('unavailable', available);
  }
  if (degraded?.status === 'True') return told('degraded', degraded);
  if (progressing?.status === 'True') return told('progressing', progressing);
  return available.status === 'True' ? told('available', available) : told('unknown', available);
};
