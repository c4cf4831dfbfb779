/** What is typed into the form of a new subscription, and what is sent of it. Pure. */
import type { FieldError, NewSubscription } from '../../api';

export type Events = 'all' | 'snapshots' | 'problems' | 'own';

export interface Draft {
  name: string;
  sink: string;
  /** `<namespace>/<name>` patterns, one a line. */
  servers: string;
  events: Events;
  /** CloudEvents SQL, for `own`. */
  sql: string;
  /** Namespaces of VMs, one a line. */
  vmNamespaces: string;
  start: 'now' | 'earliest';
  credentials: string;
}

export const EMPTY: Draft = {
  name: '',
  sink: '',
  servers: '',
  events: 'all',
  sql: '',
  vmNamespaces: '',
  start: 'now',
  credentials: '',
};

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

const filters = ({ events, sql }: Draft): NewSubscription['filters'] => {
  switch (events) {
    case 'all':
      return undefined;
    case 'snapshots':
      return [{ prefix: { type: 'io.openshift.oadp.bsls.snapshot' } }];
    case 'problems':
      return [{ sql: "severity != 'info'" }];
    case 'own':
      return [{ sql: sql.trim() }];
  }
};

/** What is not said is left out: the API has the defaults. */
export const toSend = (draft: Draft): NewSubscription => {
  const servers = words(draft.servers);
  const vmNamespaces = words(draft.vmNamespaces);
  const credentials = draft.credentials.trim();
  const chosen = filters(draft);
  return {
    name: draft.name.trim(),
    sink: draft.sink.trim(),
    start: draft.start,
    ...(servers.length ? { servers } : {}),
    ...(vmNamespaces.length ? { vmNamespaces } : {}),
    ...(chosen ? { filters: chosen } : {}),
    ...(credentials ? { credentials } : {}),
  };
};

/** Which field of the form a refused one is: `filters.0.sql` is of `filters`. What concerns several names one in its sentence. */
export const fieldOf = ({ field, message }: FieldError): keyof Draft | undefined => {
  const named = field ? [/^\w+/.exec(field)?.[0] ?? ''] : (message.match(/\w+/g) ?? []);
  const found = named.find((one) => one === 'filters' || one in EMPTY);
  return found === 'filters' ? 'sql' : (found as keyof Draft | undefined);
};
