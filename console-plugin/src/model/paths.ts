/** Links between the pages; the routes are in console-extensions.json. Pure. */

export interface ServerName {
  namespace: string;
  name: string;
}

/** What names a server in one word. */
export const keyOf = ({ namespace, name }: ServerName): string => `${namespace}/${name}`;
export const nameOf = (key: string): ServerName => {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
};

export type ServerTab = 'tenants' | 'snapshots' | 'events' | 'logs' | 'yaml';

const at = (...parts: string[]): string => ['/bsls', ...parts.map(encodeURIComponent)].join('/');

export const SERVERS = '/bsls/servers';
export const NEW_SERVER = '/bsls/servers/~new';
/** `location`: the BackupStorageLocation that the form begins with. */
export const newServerPath = (location: ServerName): string =>
  `${NEW_SERVER}?location=${encodeURIComponent(keyOf(location))}`;
export const ACTIVITY = '/bsls/activity';

export const serverPath = ({ namespace, name }: ServerName, tab?: ServerTab): string =>
  at('servers', namespace, name, ...(tab ? [tab] : []));

export const tenantPath = ({ namespace, name }: ServerName, user: string): string =>
  at('tenants', namespace, name, user);

export const tracePath = ({ namespace, name }: ServerName, trace: string): string =>
  at('activity', namespace, name, trace);
