/** A trace as one line: who did what, how much, and how it came out. Pure. */
import type { Span, TraceView, Unread } from '../api';
import type { ServerName } from './paths';

/** From the worst to the best. */
export const OUTCOMES = ['failed', 'warning', 'running', 'done'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Story {
  /** Trace id. */
  id: string;
  server: ServerName;
  kind: Span['kind'];
  /** Of the first span. */
  name: string;
  /** The tenant, or the server. */
  subject: string;
  /** Milliseconds. */
  start: number;
  /** Absent while it goes on. */
  end?: number;
  /** Folders of the snapshots in it, each once. */
  paths: string[];
  /** Complete ones. */
  snapshots: number;
  /** Of the complete snapshots. */
  bytes: number;
  files: number;
  /** Files that could not be read, and some of them by name. */
  errors: number;
  unread: Unread[];
  /** A snapshot in it is, and none of that folder was completed later. */
  incomplete: boolean;
  outcome: Outcome;
  /** Why it is not well, in the words of Kopia or of the client. */
  reason?: string;
}

/** A span's attribute as text or as number; absent where it is of the other kind. */
export const textOf = (span: Span, name: string): string | undefined => {
  const value = span.attributes?.[name];
  return typeof value === 'string' ? value : undefined;
};
export const numberOf = (span: Span, name: string): number | undefined => {
  const value = span.attributes?.[name];
  return typeof value === 'number' ? value : undefined;
};

export const spanOutcome = (span: Span): Outcome => {
  if (textOf(span, 'error') !== undefined || textOf(span, 'reason') === 'server-ended') return 'failed';
  if (span.status === 'error') return 'warning';
  return span.end ? 'done' : 'running';
};

const isSnapshot = ({ kind }: Span): boolean => kind === 'snapshot';
const isComplete = (span: Span): boolean => textOf(span, 'cause') === undefined && textOf(span, 'error') === undefined;

/** A checkpoint says nothing once the snapshot that it was of is complete. */
const overtaken = (span: Span, all: readonly Span[]): boolean =>
  textOf(span, 'cause') !== undefined &&
  all.some((one) => one.name === span.name && isComplete(one) && (one.end ?? '') >= (span.end ?? ''));

const reasonOf = (span: Span | undefined): string | undefined =>
  span && (textOf(span, 'error') ?? textOf(span, 'cause') ?? textOf(span, 'reason'));

const sum = (spans: readonly Span[], name: string): number =>
  spans.reduce((total, span) => total + (numberOf(span, name) ?? 0), 0);

export const storyOf = (server: ServerName, trace: TraceView): Story => {
  const snapshots = trace.spans.filter(isSnapshot);
  const counted = trace.spans.filter((span) => !isSnapshot(span) || !overtaken(span, snapshots));
  const complete = snapshots.filter(isComplete);
  const worst = OUTCOMES.map((outcome) => counted.find((span) => spanOutcome(span) === outcome)).find(Boolean);
  const outcome = worst ? spanOutcome(worst) : 'done';
  return {
    id: trace.traceId,
    server,
    kind: trace.spans[0]?.kind ?? 'session',
    name: trace.spans[0]?.name ?? '',
    subject: trace.subject,
    start: Date.parse(trace.start),
    end: trace.end ? Date.parse(trace.end) : undefined,
    paths: [...new Set(snapshots.map(({ name }) => name))],
    snapshots: complete.length,
    bytes: sum(complete, 'sizeBytes'),
    files: sum(complete, 'files'),
    errors: sum(counted, 'errors'),
    // Ignored ones may be among them; where nothing else is wrong, that is how the tenant wants it.
    unread: counted.filter((span) => numberOf(span, 'errors')).flatMap(({ unread }) => unread ?? []),
    incomplete: counted.some((span) => textOf(span, 'cause') !== undefined),
    outcome,
    reason: outcome === 'failed' || outcome === 'warning' ? reasonOf(worst) : undefined,
  };
};

export interface StoryFilter {
  /** A part of the tenant's or the server's name, or of a folder. */
  text: string;
  /** Empty: what tenants did. `snapshot`: with a snapshot, complete or not. `work`: what the server did. */
  kind: '' | 'snapshot' | 'session' | 'work';
  /** `problem`: failed, or with a warning. */
  outcome: '' | 'problem' | 'running' | 'done';
}

/** Whether it is the work of a tenant, and not of the server. */
export const isTenants = ({ kind }: Pick<Story, 'kind'>): boolean => kind === 'session' || kind === 'snapshot';

const isKind = (story: Story, kind: StoryFilter['kind']): boolean => {
  if (kind === 'snapshot') return story.paths.length > 0;
  if (kind === 'session') return story.kind === 'session';
  return isTenants(story) === (kind !== 'work');
};

const isOutcome = ({ outcome }: Story, wanted: StoryFilter['outcome']): boolean =>
  !wanted || (wanted === 'problem' ? outcome === 'failed' || outcome === 'warning' : outcome === wanted);

/** The newest first, as given. */
export const filterStories = (stories: readonly Story[], { text, kind, outcome }: StoryFilter): Story[] => {
  const part = text.trim().toLowerCase();
  const says = ({ subject, server, paths }: Story): boolean =>
    [subject, `${server.namespace}/${server.name}`, ...paths].some((one) => one.toLowerCase().includes(part));
  return stories.filter((story) => isKind(story, kind) && isOutcome(story, outcome) && says(story));
};

/** The namespace of a tenant's VM: tenants are `user@<vm>.<namespace>`. Undefined for other names. */
export const vmOf = (user: string): { vm: string; namespace: string } | undefined => {
  const found = /@(.+)\.([^.]+)$/.exec(user);
  return found?.[1] && found[2] ? { vm: found[1], namespace: found[2] } : undefined;
};
