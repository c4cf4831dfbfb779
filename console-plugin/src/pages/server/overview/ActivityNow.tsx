/** Who is connected now. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { Link } from 'react-router';
import { eventName } from '../../../api';
import { Content, Loading, Time } from '../../../components';
import { useT } from '../../../i18n';
import { useResource } from '../../../live';
import { tenantPath, tracePath } from '../../../model/paths';
import { ownEvents } from '../context';
import type { TabProps } from '../context';

const SHOWN = 8;

export const ActivityNow: FC<Pick<TabProps, 'place' | 'scope'>> = ({ place, scope }) => {
  const t = useT();
  const own = ownEvents(place);
  const sessions = useResource(
    '/servers/{namespace}/{name}/sessions',
    { parameters: { ...place }, query: { limit: SHOWN, vmNamespace: scope.vmNamespace } },
    scope,
    (event) => own(event) && /^(session|server)\./.test(eventName(event)),
  );
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('Activity now')}</CardTitle>
      <CardBody>
        <Content small resource={sessions} loading={<Loading rows={3} />}>
          {({ items, total }) =>
            items.length ? (
              <ul className="bsls-lines">
                {items.map(({ session, user, address, startedAt, traceparent }) => (
                  <li key={session} className="bsls-line">
                    <span>
                      <Link to={tenantPath(place, user)}>{user}</Link>{' '}
                      <span className="bsls-subtle">{t('from {{address}}', { address })}</span>
                    </span>
                    <Link to={tracePath(place, traceparent.split('-')[1] ?? '')}>
                      <Time at={startedAt} />
                    </Link>
                  </li>
                ))}
                {total > items.length && (
                  <li className="bsls-subtle">{t('And {{count}} more', { count: total - items.length })}</li>
                )}
              </ul>
            ) : (
              <p className="bsls-subtle">{t('Nobody is connected. Sessions appear here as they begin.')}</p>
            )
          }
        </Content>
      </CardBody>
    </Card>
  );
};
