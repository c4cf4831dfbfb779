/** The last things that went wrong. */
import type { FC } from 'react';
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import { Link } from 'react-router';
import { getEvents } from '../../../api';
import { Content, Loading, SeverityIcon, Time, eventText } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { useLoaded } from '../../../live';
import { serverPath } from '../../../model/paths';
import { ownEvents } from '../context';
import type { TabProps } from '../context';

const SHOWN = 6;

export const Problems: FC<Pick<TabProps, 'place' | 'scope'>> = ({ place, scope }) => {
  const t = useT();
  const language = useLanguage();
  const own = ownEvents(place);
  const events = useLoaded(
    `problems of ${place.namespace}/${place.name}`,
    (signal, etag) =>
      getEvents(place, { limit: SHOWN, severity: 'warning', vmNamespace: scope.vmNamespace }, { signal, etag }),
    scope,
    (event) => own(event) && event.severity !== 'info',
  );
  return (
    <Card isFullHeight>
      <CardHeader
        actions={{
          actions: (
            <Link className="bsls-nowrap" to={`${serverPath(place, 'events')}?severity=warning`}>
              {t('Show all')}
            </Link>
          ),
        }}
      >
        <CardTitle component="h2">{t('Last warnings and errors')}</CardTitle>
      </CardHeader>
      <CardBody>
        <Content small resource={events} loading={<Loading rows={SHOWN} />}>
          {({ items }) =>
            items.length ? (
              <ul className="bsls-lines">
                {items.map((event) => (
                  <li key={event.id} className="bsls-problem">
                    <SeverityIcon severity={event.severity} />
                    <span className="bsls-words">{eventText(t, language, event)}</span>
                    <span className="bsls-subtle">
                      <Time at={event.time} />
                    </span>
                  </li>
                ))}
              </ul>
            ) : (
              <p className="bsls-subtle">{t('No warning and no error in the events that are kept.')}</p>
            )
          }
        </Content>
      </CardBody>
    </Card>
  );
};
