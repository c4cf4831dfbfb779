/** Whose servers a page is about: those in the chosen namespace, or those that the VMs in it use, wherever they are. */
import { useState } from 'react';
import { get } from '../api';
import type { AnyServer, Body } from '../api';
import type { Scope } from './stream';
import { useLoaded } from './useResource';
import type { Shown } from './useResource';
import { useScope } from './useScope';
import { changesServers, readServers } from './servers';

type Sees = Pick<Body<'/access'>['sees'], 'allServers' | 'namespaces' | 'allTenants' | 'tenantNamespaces'>;

export interface Sight {
  servers: AnyServer[];
  namespace?: string;
  /** The chosen namespace, where it is that of VMs: shown are their tenants, at any server. */
  vmNamespace?: string;
  /** Nothing is seen: without a namespace, perhaps because this caller sees the tenants of some VMs only. */
  blind: boolean;
  /** In the namespace; without one that cannot be told for each of them. */
  mayCreate: boolean;
}

/** Whether a namespace is asked for that of VMs, by what is seen and the servers in it. */
export type ByVms = (sees: Sees, namespace: string, inside: readonly AnyServer[]) => boolean;

const seesAny = ({ allServers, namespaces, allTenants, tenantNamespaces }: Sees): boolean =>
  allServers || allTenants || namespaces.length > 0 || tenantNamespaces.length > 0;

/** Without a namespace. Who sees servers has them at once: no more is asked for. Throws ApiError. */
const lookAtAll = async (signal: AbortSignal): Promise<Sight> => {
  const servers = await readServers({}, signal);
  const blind = !servers.length && !seesAny((await get('/access', { query: {}, signal })).sees);
  return { servers, blind, mayCreate: !blind };
};

/** Throws ApiError. */
const lookAt = async (namespace: string, byVms: ByVms, signal: AbortSignal): Promise<Sight> => {
  const [{ sees, actions }, inside] = await Promise.all([
    get('/access', { query: { namespace, vmNamespace: namespace }, signal }),
    readServers({ namespace }, signal),
  ]);
  const sight = { servers: inside, namespace, blind: !seesAny(sees), mayCreate: actions.createServer };
  if (!byVms(sees, namespace, inside)) return sight;
  return { ...sight, servers: await readServers({ vmNamespace: namespace }, signal), vmNamespace: namespace };
};

/** `scope`: of the live events of what is shown. */
export const useSight = (byVms: ByVms): { sight: Shown<Sight>; scope: Scope } => {
  const { namespace } = useScope();
  const [ofVms, setOfVms] = useState<string>();
  // One scope for all that listens, or the tab's one stream would be opened again and again.
  const scope: Scope = ofVms !== undefined && ofVms === namespace ? { vmNamespace: namespace } : { namespace };
  const sight = useLoaded<Sight>(
    `sight of ${namespace ?? 'all namespaces'}`,
    async (signal) => ({
      unchanged: false,
      data: await (namespace ? lookAt(namespace, byVms, signal) : lookAtAll(signal)),
    }),
    scope,
    changesServers,
  );
  if (sight.data && sight.data.vmNamespace !== ofVms) setOfVms(sight.data.vmNamespace);
  return { sight, scope };
};
