/** Whose activity is shown: of the servers in the chosen namespace, or of what the VMs in it back up, wherever to. */
import { useState } from 'react';
import { get } from '../../api';
import type { Body } from '../../api';
import { changesServers, readServers, useLoaded, useScope } from '../../live';
import type { Scope, Shown } from '../../live';
import { busiest } from '../../model/busiest';
import type { ServerName } from '../../model/paths';
import { vmOf } from '../../model/story';

type Sees = Pick<Body<'/access'>['sees'], 'allServers' | 'namespaces' | 'allTenants'>;

export interface Sight {
  /** Servers to ask, the most recently used first. */
  keys: string[];
  /** Shown are the tenants of the VMs in this namespace, and the servers in it. Absent: all of the servers. */
  vmNamespace?: string;
  /** Nothing can be found out without a namespace: this caller sees the tenants of some VMs only. */
  needsNamespace: boolean;
}

/** Whether a story belongs to what was chosen. Pure. */
export const isWithin = (
  { server, subject }: { server: ServerName; subject: string },
  vmNamespace: string | undefined,
): boolean => !vmNamespace || server.namespace === vmNamespace || vmOf(subject)?.namespace === vmNamespace;

const seesAny = ({ allServers, namespaces, allTenants }: Sees): boolean =>
  allServers || allTenants || namespaces.length > 0;

/** Throws ApiError. */
const look = async (namespace: string | undefined, signal: AbortSignal): Promise<Sight> => {
  const [{ sees }, inside] = await Promise.all([
    get('/access', { query: { vmNamespace: namespace }, signal }),
    readServers({ namespace }, signal),
  ]);
  const needsNamespace = !namespace && !seesAny(sees);
  // Who sees every server is shown those of the namespace, if it has any: its VMs are for who looks at theirs.
  if (!namespace || (sees.allServers && inside.length)) return { keys: busiest(inside), needsNamespace };
  return {
    keys: busiest(await readServers({ vmNamespace: namespace }, signal)),
    vmNamespace: namespace,
    needsNamespace,
  };
};

/** `scope`: of the live events of what is shown. */
export const useSight = (): { sight: Shown<Sight>; scope: Scope } => {
  const { namespace } = useScope();
  const [ofVms, setOfVms] = useState<string>();
  // One scope for all that listens, or the tab's one stream would be opened again and again.
  const scope: Scope = ofVms !== undefined && ofVms === namespace ? { vmNamespace: namespace } : { namespace };
  const sight = useLoaded<Sight>(
    `sight of ${namespace ?? 'all namespaces'}`,
    async (signal) => ({ unchanged: false, data: await look(namespace, signal) }),
    scope,
    changesServers,
  );
  if (sight.data && sight.data.vmNamespace !== ofVms) setOfVms(sight.data.vmNamespace);
  return { sight, scope };
};
