/** How much was backed up, day by day. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { eventName } from '../../../api';
import { Columns, Content, Loading, useNow } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { useLoaded } from '../../../live';
import { daysOf } from '../../../model/days';
import { bytes } from '../../../model/format';
import { columnOf, DAYS, readDays } from '../../recentDays';
import type { Read } from '../../recentDays';
import { ownEvents } from '../context';
import type { TabProps } from '../context';

/** Of all tenants. */
const MOST = 5_000;

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
        {t('Sizes of complete snapshots before deduplication.')}{' '}
        {t('Days with incomplete snapshots or files not read are marked.')}
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
    async (signal) => ({
      unchanged: false,
      data: await readDays(place, { most: MOST, vmNamespace: scope.vmNamespace }, signal),
    }),
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
