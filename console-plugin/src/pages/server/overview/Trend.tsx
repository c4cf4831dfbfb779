/** How much was backed up, day by day. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { eventName, get } from '../../../api';
import type { Snapshot } from '../../../api';
import { Columns, Content, Loading, useNow } from '../../../components';
import type { ColumnOf } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import type { T } from '../../../i18n';
import { useLoaded } from '../../../live';
import { bytes, count } from '../../../model/format';
import { ownEvents } from '../context';
import type { TabProps } from '../context';
import { dayStart, daysOf } from './days';
import type { Day } from './days';

const DAYS = 30;
const PAGE = 500;
/** So many snapshots are read at most: a picture is not worth more. */
const MOST = 5_000;

interface Read {
  snapshots: Snapshot[];
  /** There are older ones in that time, which were not read. */
  cut: boolean;
}

const read = async (place: TabProps['place'], signal: AbortSignal): Promise<Read> => {
  const snapshots: Snapshot[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: PAGE, since: new Date(dayStart(Date.now(), DAYS - 1)).toISOString(), cursor };
    const found = await get('/servers/{namespace}/{name}/snapshots', { parameters: { ...place }, query, signal });
    snapshots.push(...found.items);
    cursor = found.next ?? undefined;
  } while (cursor && snapshots.length < MOST);
  return { snapshots, cut: cursor !== undefined };
};

const columnOf = (t: T, language: string, day: Day): ColumnOf => {
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(day.at);
  const size = bytes(day.bytes, language);
  const complete = count(day.complete, language);
  const text = day.incomplete
    ? t('{{date}}: {{size}} in {{complete}} snapshots, {{incomplete}} incomplete', {
        date,
        size,
        complete,
        count: day.complete,
        incomplete: count(day.incomplete, language),
      })
    : t('{{date}}: {{size}} in {{complete}} snapshots', { date, size, complete, count: day.complete });
  return { at: day.at, value: day.bytes, bad: day.incomplete > 0, text };
};

const Chart: FC<{ found: Read }> = ({ found }) => {
  const t = useT();
  const language = useLanguage();
  const days = daysOf(found.snapshots, useNow(), DAYS);
  if (!days.some(({ complete, incomplete }) => complete + incomplete))
    return <p className="bsls-subtle">{t('No snapshot in the last 30 days.')}</p>;
  const short = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
  const largest = Math.max(...days.map((day) => day.bytes));
  return (
    <>
      <Columns
        title={t('Backed up per day')}
        columns={days.map((day) => columnOf(t, language, day))}
        top={t('{{size}} a day at most', { size: bytes(largest, language) })}
        from={short.format(days[0]?.at)}
        to={t('Today')}
      />
      <p className="bsls-subtle">
        {t('Sizes of complete snapshots before deduplication; days with incomplete ones are marked.')}
        {found.cut && ` ${t('Only the newest {{count}} snapshots are counted.', { count: found.snapshots.length })}`}
      </p>
    </>
  );
};

export const Trend: FC<Pick<TabProps, 'place' | 'scope'>> = ({ place, scope }) => {
  const t = useT();
  const own = ownEvents(place);
  const found = useLoaded(
    `trend of ${place.namespace}/${place.name}`,
    async (signal) => ({ unchanged: false, data: await read(place, signal) }),
    scope,
    (event) => own(event) && /^snapshots?\./.test(eventName(event)),
  );
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('Backed up per day')}</CardTitle>
      <CardBody>
        <Content small resource={found} loading={<Loading rows={4} />}>
          {(data) => <Chart found={data} />}
        </Content>
      </CardBody>
    </Card>
  );
};
