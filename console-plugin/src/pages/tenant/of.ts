/** Whose page it is, as each of its parts is given it. */
import type { ServerEvent } from '../../api';
import type { Scope } from '../../live';
import type { ServerName } from '../../model/paths';

export interface Of {
  server: ServerName;
  user: string;
  scope: Scope;
  /** Whether an event is about this tenant at this server. */
  concerns: (event: ServerEvent) => boolean;
}
