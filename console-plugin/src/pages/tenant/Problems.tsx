/** Why a tenant's backups were not well, the newest first. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { getEvents } from '../../api';
import { Content, eventText, LinkedHeader, Loading, SeverityIcon, Time } from '../../components';
import { useLanguage, useT } from '../../i18n';
import { useLoaded } from '../../live';
import { serverPath } from '../../model/paths';
import type { Of } from './of';

const SHOWN = 6;

export const Problems: FC<Of> = ({ server, user, scope, concerns }) => {
  const t = useT();
  const language = useLanguage();
  const events = useLoaded(
    `problems of ${server.namespace}/${server.name} ${user}`,
    (signal, etag) => {
      const query = { limit: SHOWN, severity: 'warning' as const, tenant: user, vmNamespace: scope.vmNamespace };
      return getEvents(server, query, { signal, etag });
    },
    scope,
    (event) => concerns(event) && event.severity !== 'info',
  );
  const all = `${serverPath(server, 'events')}?severity=warning&tenant=${encodeURIComponent(user)}`;
  return (
    <Card isFullHeight data-test="problems">
      <LinkedHeader to={all} link={t('Show all')}>
        <CardTitle component="h2">{t('What went wrong')}</CardTitle>
      </LinkedHeader>
      <CardBody>
        <Content resource={events} loading={<Loading rows={SHOWN} />}>
          {({ items }) =>
            items.length ? (
              <ul className="bsls-tenant-lines">
                {items.map((event) => (
                  <li key={event.id}>
                    <SeverityIcon severity={event.severity} />
                    <span className="bsls-tenant-words">{eventText(t, language, event)}</span>
                    <span className="bsls-reason">
                      <Time at={event.time} />
                    </span>
                  </li>
                ))}
              </ul>
            ) : (
              <p className="bsls-reason">{t('No warning and no error in the events that are kept.')}</p>
            )
          }
        </Content>
      </CardBody>
    </Card>
  );
};
