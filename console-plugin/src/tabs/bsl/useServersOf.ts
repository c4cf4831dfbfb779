/** The servers over one BackupStorageLocation, of those that the caller sees as a whole. */
import { eventName } from '../../api';
import type { AnyServer, Server } from '../../api';
import { readServers, useLoaded } from '../../live';
import type { Shown } from '../../live';
import { keyOf } from '../../model/paths';
import type { ServerName } from '../../model/paths';

/** Whether a server keeps its data there. Pure. */
export const isOver =
  ({ namespace, name }: ServerName) =>
  (server: AnyServer): server is Server =>
    'spec' in server &&
    server.spec.backupStorageLocation.name === name &&
    server.spec.backupStorageLocation.namespace === namespace;

export const useServersOf = (location: ServerName): Shown<Server[]> =>
  useLoaded(
    `servers over ${keyOf(location)}`,
    async (signal) => {
      const all = await readServers({}, signal);
      return { unchanged: false, data: all.filter(isOver(location)) };
    },
    {},
    (event) => eventName(event).startsWith('server.'),
  );
