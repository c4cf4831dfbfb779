/** The tenants of one VM, `user@<vm>.<namespace>`, at all servers that the caller may see something of. */
import { useMemo } from 'react';
import { getIfChanged, serverOf } from '../../api';
import type { AnyServer, ApiError, ServerEvent, Tenant } from '../../api';
import { changesServers, readServers, useEach, useLoaded } from '../../live';
import type { Scope, Shown } from '../../live';
import { busiest } from '../../model/busiest';
import { keyOf, nameOf } from '../../model/paths';
import type { ServerName } from '../../model/paths';

/** Tenants of one VM at one server. */
const PAGE = 500;
/** Servers that are asked: those with the newest snapshots. */
export const MOST = 100;

export interface Vm {
  namespace: string;
  name: string;
}

/** As in the names of its tenants. */
export const hostOf = ({ namespace, name }: Vm): string => `${name}.${namespace}`;

/** Whether a tenant's name is of this host. Pure. */
export const isOf = (user: string, host: string): boolean => user.slice(user.indexOf('@') + 1) === host;

export const useServers = ({ namespace }: Vm, scope: Scope): Shown<AnyServer[]> =>
  useLoaded(
    `servers for VMs of ${namespace}`,
    async (signal) => ({ unchanged: false, data: await readServers({ vmNamespace: namespace }, signal) }),
    scope,
    changesServers,
  );

export interface Found {
  tenants: { server: ServerName; tenant: Tenant }[];
  /** Not every server has answered yet. */
  loading: boolean;
  /** Servers that could not be asked, with why. */
  failed: { key: string; error: ApiError }[];
  retry: () => void;
}

export const useTenants = (vm: Vm, servers: readonly AnyServer[], scope: Scope): Found => {
  const host = hostOf(vm);
  const keys = useMemo(() => busiest(servers).slice(0, MOST), [servers]);
  const keyOfEvent = (event: ServerEvent): string | undefined => {
    const server = serverOf(event);
    return server && isOf(event.subject, host) ? keyOf(server) : undefined;
  };
  const { parts, retry } = useEach<{ items: Tenant[] }>(
    `tenants of ${host}`,
    keys,
    (key) => (signal, etag) =>
      getIfChanged('/servers/{namespace}/{name}/tenants', {
        parameters: { ...nameOf(key) },
        query: { search: `@${host}`, limit: PAGE, vmNamespace: vm.namespace },
        signal,
        etag,
      }),
    scope,
    keyOfEvent,
  );
  return useMemo(() => {
    const all = keys.map((key) => ({ key, part: parts.get(key) }));
    return {
      tenants: all.flatMap(({ key, part }) =>
        (part?.data?.items ?? [])
          .filter(({ user }) => isOf(user, host))
          .map((tenant) => ({ server: nameOf(key), tenant })),
      ),
      loading: all.some(({ part }) => !part?.data && !part?.error),
      failed: all.flatMap(({ key, part }) => (part?.error ? [{ key, error: part.error }] : [])),
      retry,
    };
  }, [keys, parts, host, retry]);
};
