/** The snapshots of the last days as columns. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { eventName, get } from '../../api';
import type { Snapshot } from '../../api';
import { Columns, Content, Loading, useNow } from '../../components';
import type { ColumnOf } from '../../components';
import { useLanguage, useT } from '../../i18n';
import type { T } from '../../i18n';
import { useLoaded } from '../../live';
import { bytes } from '../../model/format';
import { dayStart, missedOf, nightsOf } from './nights';
import type { Night } from './nights';
import type { Of } from './of';

const DAYS = 30;
const PAGE = 500;
/** So many snapshots are read at most: a picture is not worth more. */
const MOST = 2_000;

const read = async ({ server, user }: Of, signal: AbortSignal): Promise<Snapshot[]> => {
  const found: Snapshot[] = [];
  let cursor: string | undefined;
  do {
    const since = new Date(dayStart(Date.now(), DAYS - 1)).toISOString();
    const query = { tenant: user, since, limit: PAGE, cursor };
    const page = await get('/servers/{namespace}/{name}/snapshots', { parameters: { ...server }, query, signal });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && found.length < MOST);
  return found;
};

const words = (t: T, language: string, night: Night): string => {
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(night.at);
  const parts = [
    night.complete && t('{{count}} snapshots, {{size}}', { count: night.complete, size: bytes(night.bytes, language) }),
    night.incomplete && t('{{count}} incomplete', { count: night.incomplete }),
    night.errors && t('{{count}} files could not be read', { count: night.errors }),
  ].filter(Boolean);
  return `${date}: ${parts.length ? parts.join(', ') : t('no snapshot')}`;
};

const Chart: FC<{ snapshots: readonly Snapshot[] }> = ({ snapshots }) => {
  const t = useT();
  const language = useLanguage();
  const nights = nightsOf(snapshots, useNow(), DAYS);
  if (!nights.some(({ complete, incomplete }) => complete + incomplete))
    return <p className="bsls-reason">{t('No snapshot in the last 30 days.')}</p>;
  const columns = nights.map((night): ColumnOf => {
    // A day with nothing but incomplete snapshots has a mark of its own: nothing is not the same as something broken.
    const bad = night.incomplete + night.errors > 0;
    return { at: night.at, value: night.bytes || (bad ? 1 : 0), bad, text: words(t, language, night) };
  });
  const short = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
  const missed = missedOf(nights);
  return (
    <>
      <Columns
        title={t('Snapshots of the last 30 days')}
        columns={columns}
        top={t('{{size}} a day at most', { size: bytes(Math.max(...nights.map((night) => night.bytes)), language) })}
        from={short.format(nights[0]?.at)}
        to={t('Today')}
      />
      <p className="bsls-reason">
        {missed
          ? t('{{count}} days without a complete snapshot.', { count: missed })
          : t('A complete snapshot on each day since the first one shown.')}{' '}
        {t('Days with incomplete snapshots or files that could not be read are marked.')}
      </p>
    </>
  );
};

export const History: FC<Of> = (of) => {
  const t = useT();
  const snapshots = useLoaded(
    `history of ${of.server.namespace}/${of.server.name} ${of.user}`,
    async (signal) => ({ unchanged: false, data: await read(of, signal) }),
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
