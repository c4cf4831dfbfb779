/** The snapshots of the last days for a chart: read, and told day by day. */
import { get } from '../api';
import type { Snapshot } from '../api';
import type { ColumnOf } from '../components';
import type { T } from '../i18n';
import { dayStart, isBad } from '../model/days';
import type { Day } from '../model/days';
import { bytes } from '../model/format';
import type { ServerName } from '../model/paths';

export const DAYS = 30;
const PAGE = 500;

export interface Read {
  snapshots: Snapshot[];
  /** There are older ones in that time, which were not read. */
  cut: boolean;
}

/** `most`: so many are read at most: a picture is not worth more. */
export const readDays = async (
  { namespace, name }: ServerName,
  { tenant, most, vmNamespace }: { tenant?: string; most: number; vmNamespace?: string },
  signal: AbortSignal,
): Promise<Read> => {
  const snapshots: Snapshot[] = [];
  let cursor: string | undefined;
  do {
    const since = new Date(dayStart(Date.now(), DAYS - 1)).toISOString();
    const query = { tenant, since, limit: PAGE, cursor, vmNamespace };
    const page = await get('/servers/{namespace}/{name}/snapshots', { parameters: { namespace, name }, query, signal });
    snapshots.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && snapshots.length < most);
  return { snapshots, cut: cursor !== undefined };
};

const words = (t: T, language: string, day: Day): string => {
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(day.at);
  const parts = [
    day.complete && t('{{count}} snapshots, {{size}}', { count: day.complete, size: bytes(day.bytes, language) }),
    day.incomplete && t('{{count}} incomplete', { count: day.incomplete }),
    day.errors && t('{{count}} files not read', { count: day.errors }),
  ].filter(Boolean);
  return `${date}: ${parts.length ? parts.join(', ') : t('no snapshot')}`;
};

/** A day with nothing but incomplete snapshots has a mark of its own: nothing is not the same as something broken. */
export const columnOf = (t: T, language: string, day: Day): ColumnOf => {
  const bad = isBad(day);
  return { at: day.at, value: day.bytes || (bad ? 1 : 0), bad, text: words(t, language, day) };
};
