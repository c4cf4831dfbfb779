/** Traces, events and tenants as the API answers them, for unit tests. */
import type { EventName, ServerEvent, Span, Tenant, TraceView } from '../src/api';

const BEGIN = Date.parse('2026-11-28T02:00:00Z');
/** Seconds after the beginning of the trace, in milliseconds of Unix time. */
export const at = (second: number): number => BEGIN + second * 1000;
const time = (second: number): string => new Date(at(second)).toISOString();

export const TRACE = 'a'.repeat(32);
const ROOT = '1'.repeat(16);

export const aSession = (change: Partial<Span> = {}): Span => ({
  spanId: ROOT,
  kind: 'session',
  name: 'session',
  start: time(0),
  end: time(40),
  status: 'ok',
  attributes: { address: '10.0.0.7:50412', reason: 'closed' },
  ...change,
});

export const aSnapshotSpan = (change: Partial<Span> = {}): Span => ({
  spanId: '2'.repeat(16),
  parentSpanId: ROOT,
  kind: 'snapshot',
  name: '/home',
  start: time(10),
  end: time(30),
  status: 'ok',
  attributes: { snapshot: 'm1', path: '/home', sizeBytes: 1024, files: 12, errors: 0 },
  ...change,
});

/** A session of 40 s in which /home was backed up. */
export const aTrace = (change: Partial<TraceView> = {}): TraceView => ({
  traceId: TRACE,
  subject: 'alice@vm-1.team-a',
  start: time(0),
  end: time(40),
  spans: [aSession(), aSnapshotSpan()],
  ...change,
});

let events = 0;
export const anEvent = (
  name: EventName,
  second: number,
  data: object,
  trace = 'f'.repeat(32),
  subject = 'alice@vm-1.team-a',
): ServerEvent => ({
  id: `event-${(events += 1)}`,
  source: '/apis/oadp.openshift.io/v1alpha1/namespaces/backup/backupstoragelocationservers/vms',
  type: `io.openshift.oadp.bsls.${name}`,
  subject,
  time: time(second),
  severity: /failed|overdue/.test(name) ? 'error' : /incomplete/.test(name) ? 'warning' : 'info',
  traceparent: `00-${trace}-${'e'.repeat(16)}-01`,
  data: data as ServerEvent['data'],
});

export const aTenant = (change: Partial<Tenant> = {}): Tenant => ({
  user: 'alice@vm-1.team-a',
  snapshots: { total: 3, incomplete: 0, lastTime: time(30) },
  sessions: 0,
  overdue: false,
  firstSeenTime: '2026-11-01T02:00:00Z',
  ...change,
});
