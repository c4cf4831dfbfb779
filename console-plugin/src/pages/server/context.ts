/** What each tab of a server's page is given. */
import type { AnyServer, ServerDetail, ServerEvent } from '../../api';
import { eventName, serverOf } from '../../api';
import type { Scope } from '../../live';
import type { ServerName } from '../../model/paths';

export interface TabProps {
  place: ServerName;
  server: ServerDetail | AnyServer;
  scope: Scope;
}

/** Whether an event is of this server. */
export const ownEvents =
  ({ namespace, name }: ServerName) =>
  (event: ServerEvent): boolean => {
    const found = serverOf(event);
    return found?.namespace === namespace && found.name === name;
  };

/** Whether a list of tenants is another one after this event. */
export const changesTenants = (event: ServerEvent): boolean =>
  /^(session|snapshots?|tenant|users)\./.test(eventName(event));
