/** The API's types by short names; generated ones are in schema.d.ts. */
import type { components, operations, paths } from './schema';

type Schemas = components['schemas'];

export type Server = Schemas['Server'];
export type LimitedServer = Schemas['LimitedServer'];
export type AnyServer = Server | LimitedServer;
export type ServerDetail = Schemas['ServerDetail'];
export type ServerStatus = Schemas['BackupStorageLocationServerStatus'];
export type Condition = Schemas['Condition'] | Schemas['SpokenCondition'];
export type Figures = Schemas['Figures'];
export type Tenant = Schemas['Tenant'];
export type Snapshot = Schemas['Snapshot'];
export type Unread = Schemas['Unread'];
export type Session = Schemas['Session'];
export type TraceView = Schemas['TraceView'];
export type Span = Schemas['Span'];
export type Connect = Schemas['Connect'];
export type Problem = Schemas['Problem'];

export type Severity = 'info' | 'warning' | 'error';

const TYPE_PREFIX = 'io.openshift.oadp.bsls.';

type EventSchemas = { [K in keyof Schemas as K extends `event.${infer Name}` ? Name : never]: Schemas[K] };
export type EventName = keyof EventSchemas;

/** A CloudEvent of a server. `Name` such as `snapshot.created.v1` types the payload. */
export interface ServerEvent<Name extends EventName = EventName> {
  id: string;
  source: string;
  type: `${typeof TYPE_PREFIX}${Name}`;
  subject: string;
  time: string;
  severity: Severity;
  traceparent?: string;
  data: EventSchemas[Name];
}

/** The newest first; `next` leads to older ones. */
export interface EventPage {
  items: ServerEvent[];
  next?: string | null;
}

export type EventQuery = NonNullable<operations['listEvents']['parameters']['query']>;

/** `snapshot.created.v1` of the full type. */
export const eventName = (event: Pick<ServerEvent, 'type'>): string => event.type.slice(TYPE_PREFIX.length);

/** Narrows an event to one name, and so its payload. */
export const isEvent = <Name extends EventName>(event: ServerEvent, name: Name): event is ServerEvent<Name> =>
  eventName(event) === name;

/** The server that an event's source (its path in the Kubernetes API) names. */
export const serverOf = (event: Pick<ServerEvent, 'source'>): { namespace: string; name: string } | undefined => {
  const found = /\/namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(event.source);
  return found?.[1] && found[2] ? { namespace: found[1], name: found[2] } : undefined;
};

/** Paths below /api/v1 that answer with JSON. */
type Get<P extends keyof paths> = paths[P] extends { get: infer Operation } ? Operation : never;
type Json<Operation> = Operation extends { responses: { 200: { content: { 'application/json': infer Body } } } }
  ? Body
  : never;
type Strip<P> = P extends `/api/v1${infer Rest}` ? Rest : never;

export type GetPath = {
  [P in keyof paths]: [Json<Get<P>>] extends [never] ? never : Strip<P>;
}[keyof paths];
export type Full<P extends GetPath> = `/api/v1${P}` & keyof paths;
export type Body<P extends GetPath> = Json<Get<Full<P>>>;
export type Query<P extends GetPath> =
  Get<Full<P>> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<string, never>;
export type Parameters<P extends GetPath> =
  Get<Full<P>> extends { parameters: { path: infer Names } } ? Names & Record<string, string> : Record<string, string>;
