/** Servers as the console watches them, by the user's own right: the custom resource itself. Pure. */
import type { K8sResourceCommon } from '@openshift-console/dynamic-plugin-sdk';
import { GROUP, KIND, VERSION } from '../api';
import type { Server } from '../api';
import { conditionOf, HEALTHS, verdictOf } from '../model/health';
import type { Health, Verdict } from '../model/health';

export type Watched = K8sResourceCommon & { spec?: Server['spec']; status?: Server['status'] };

/** All of them. */
export const SERVERS_OF_CLUSTER = {
  groupVersionKind: { group: GROUP, version: VERSION, kind: KIND },
  isList: true,
} as const;

export interface Judged extends Verdict {
  namespace: string;
  name: string;
  /** Tenants. */
  overdue: number;
  /** Milliseconds: since when it is at work, where it is. */
  workingSince?: number;
}

/** A server that the controller has not seen yet has no status. */
export const judge = ({ metadata = {}, status = {} }: Watched): Judged => {
  const { namespace = '', name = '', deletionTimestamp } = metadata;
  const server = { namespace, name, status: { ...status, conditions: status.conditions ?? [] }, deletionTimestamp };
  const verdict = verdictOf(server);
  const began = deletionTimestamp ?? conditionOf(server, 'Progressing')?.lastTransitionTime;
  const working = verdict.health === 'deleting' || verdict.health === 'progressing';
  return {
    ...verdict,
    namespace,
    name,
    overdue: status.tenants?.overdue ?? 0,
    workingSince: working && began ? Date.parse(began) : undefined,
  };
};

export const countOf = (judged: readonly Judged[], health: Health): number =>
  judged.filter((one) => one.health === health).length;

/** What needs a look, the worst first. */
export const troubled = (judged: readonly Judged[]): Judged[] =>
  judged
    .filter(({ health, overdue }) => overdue > 0 || ['unavailable', 'degraded', 'unknown'].includes(health))
    .sort((a, b) => HEALTHS.indexOf(a.health) - HEALTHS.indexOf(b.health) || b.overdue - a.overdue);
