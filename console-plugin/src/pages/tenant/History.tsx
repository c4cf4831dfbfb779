/** The snapshots of the last days as columns. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { eventName } from '../../api';
import type { Snapshot } from '../../api';
import { Columns, Content, Loading, useNow } from '../../components';
import { useLanguage, useT } from '../../i18n';
import { useLoaded } from '../../live';
import { daysOf, missedOf } from '../../model/days';
import { bytes } from '../../model/format';
import { columnOf, DAYS, readDays } from '../recentDays';
import type { Of } from './of';

/** Of one tenant. */
const MOST = 2_000;

const Chart: FC<{ snapshots: readonly Snapshot[] }> = ({ snapshots }) => {
  const t = useT();
  const language = useLanguage();
  const days = daysOf(snapshots, useNow(), DAYS);
  if (!days.some(({ complete, incomplete }) => complete + incomplete))
    return <p className="bsls-reason">{t('No snapshot in the last 30 days.')}</p>;
  const short = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
  const missed = missedOf(days);
  return (
    <>
      <Columns
        title={t('Snapshots of the last 30 days')}
        columns={days.map((day) => columnOf(t, language, day))}
        top={t('{{size}} a day at most', { size: bytes(Math.max(...days.map((day) => day.bytes)), language) })}
        from={short.format(days[0]?.at)}
        to={t('Today')}
      />
      <p className="bsls-reason">
        {missed
          ? t('{{count}} days without a complete snapshot.', { count: missed })
          : t('A complete snapshot on each day since the first one shown.')}{' '}
        {t('Days with incomplete snapshots or files not read are marked.')}
      </p>
    </>
  );
};

export const History: FC<Of> = (of) => {
  const t = useT();
  const snapshots = useLoaded(
    `history of ${of.server.namespace}/${of.server.name} ${of.user}`,
    async (signal) => {
      const { vmNamespace } = of.scope;
      const { snapshots } = await readDays(of.server, { tenant: of.user, most: MOST, vmNamespace }, signal);
      return { unchanged: false, data: snapshots };
    },
    of.scope,
    (event) => of.concerns(event) && /^snapshots?\./.test(eventName(event)),
  );
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('Snapshots of the last 30 days')}</CardTitle>
      <CardBody>
        <Content resource={snapshots} loading={<Loading rows={4} />}>
          {(found) => <Chart snapshots={found} />}
        </Content>
      </CardBody>
    </Card>
  );
};
