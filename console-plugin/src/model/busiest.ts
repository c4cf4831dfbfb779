/** Which servers to ask first, where not all can be asked. Pure. */
import type { AnyServer } from '../api';
import { keyOf } from './paths';

const lastOf = (server: AnyServer): number =>
  'spec' in server ? Date.parse(server.status.snapshots?.lastTime ?? '') || 0 : Infinity;

/** Keys, the most recently used first: what a tenant viewer sees does not tell, and comes first. */
export const busiest = (servers: readonly AnyServer[]): string[] =>
  servers
    .map((server) => ({ key: keyOf(server), last: lastOf(server) }))
    .sort((a, b) => b.last - a.last || a.key.localeCompare(b.key))
    .map(({ key }) => key);
