/** Servers as rows of the list: what each column shows, filter and order. Pure. */
import type { AnyServer, LimitedServer, ServerDetail } from '../../api';
import { HEALTHS, verdictOf } from '../../model/health';
import type { Health } from '../../model/health';
import { keyOf } from '../../model/paths';

export interface Row {
  /** `<namespace>/<name>` */
  key: string;
  namespace: string;
  name: string;
  health: Health;
  reason?: string;
  message?: string;
  /** The rest is absent where it is not known, or not for this caller. */
  repository?: string;
  tlsNotAfter?: number;
  tenants?: number;
  overdue?: number;
  lastSnapshot?: number;
  sessions?: number;
  /** The figures may not be current: when they were. */
  asOf?: number;
}

const known = (value: number | null | undefined): number | undefined => value ?? undefined;
const moment = (text: string | null | undefined): number | undefined => (text ? Date.parse(text) : undefined);

/** `detail` is newer than `listed`, and knows what is going on now; or did so at `asOf`. */
export const toRow = (listed: AnyServer, detail?: ServerDetail | LimitedServer, asOf?: number): Row => {
  const server = detail ?? listed;
  const row: Row = { key: keyOf(server), namespace: server.namespace, name: server.name, ...verdictOf(server) };
  // Tenants see no more of it than what is theirs.
  const status = 'spec' in server ? server.status : undefined;
  const figures = detail?.figures;
  return {
    ...row,
    repository: status?.repositoryStatus ?? undefined,
    tlsNotAfter: moment(status?.tlsNotAfter),
    tenants: known(figures?.tenants.total ?? status?.tenants?.total),
    overdue: known(figures?.tenants.overdue ?? status?.tenants?.overdue),
    lastSnapshot: moment(figures?.snapshots.lastTime ?? status?.snapshots?.lastTime),
    sessions: known(figures?.sessions),
    asOf,
  };
};

/** Whether two rows say the same. */
export const same = (a: Row, b: Row): boolean =>
  Object.keys({ ...a, ...b }).every((name) => a[name as keyof Row] === b[name as keyof Row]);

export interface Filter {
  /** A part of `<namespace>/<name>`. */
  text: string;
  /** Empty: any. */
  healths: readonly Health[];
  overdueOnly: boolean;
}

export const filterRows = (rows: readonly Row[], filter: Filter): Row[] => {
  const text = filter.text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      row.key.toLowerCase().includes(text) &&
      (!filter.healths.length || filter.healths.includes(row.health)) &&
      (!filter.overdueOnly || (row.overdue ?? 0) > 0),
  );
};

export const COLUMNS = [
  'name',
  'health',
  'repository',
  'tls',
  'tenants',
  'overdue',
  'lastSnapshot',
  'sessions',
] as const;
export type Column = (typeof COLUMNS)[number];
/** What is known of all rows, not of those on the screen only. */
export type Sortable = Exclude<Column, 'sessions'>;

export interface Order {
  column: Sortable;
  direction: 'asc' | 'desc';
}

const sortKey = (row: Row, column: Sortable): string | number | undefined => {
  switch (column) {
    case 'name':
      return row.key;
    case 'health':
      return HEALTHS.indexOf(row.health);
    case 'tls':
      return row.tlsNotAfter;
    default:
      return row[column];
  }
};

const compare = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));

/** Equal ones by name; what is not known comes last in either direction. */
export const sortRows = (rows: readonly Row[], { column, direction }: Order): Row[] => {
  const sign = direction === 'asc' ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [left, right] = [sortKey(a, column), sortKey(b, column)];
    if (left === undefined || right === undefined) {
      if (left !== right) return left === undefined ? 1 : -1;
    } else {
      const found = compare(left, right) * sign;
      if (found) return found;
    }
    return a.key.localeCompare(b.key);
  });
};
