/** What the server holds, in numbers; each leads to where it is told in full. */
import type { FC, ReactNode } from 'react';
import { Card, CardBody, Flex } from '@patternfly/react-core';
import { Link } from 'react-router';
import type { AnyServer, ServerDetail } from '../../../api';
import { Count, Time } from '../../../components';
import { useT } from '../../../i18n';
import { serverPath } from '../../../model/paths';
import type { ServerName } from '../../../model/paths';

const Figure: FC<{ label: string; to: string; bad?: boolean; children: ReactNode; id: string }> = (props) => (
  <Link to={props.to} className="bsls-figure" data-test={`figure-${props.id}`}>
    <span className={props.bad ? 'bsls-figure-value bsls-bad' : 'bsls-figure-value'}>{props.children}</span>
    <span className="bsls-figure-label">{props.label}</span>
  </Link>
);

export const FigureStrip: FC<{ place: ServerName; server: AnyServer | ServerDetail }> = ({ place, server }) => {
  const t = useT();
  const figures = 'figures' in server ? server.figures : undefined;
  const status = 'spec' in server ? server.status : undefined;
  const tenants = figures?.tenants ?? status?.tenants;
  const snapshots = figures?.snapshots ?? status?.snapshots;
  const at = (tab: 'tenants' | 'snapshots' | 'events', query = ''): string => serverPath(place, tab) + query;
  return (
    <Card isCompact>
      <CardBody>
        <Flex justifyContent={{ default: 'justifyContentSpaceBetween' }} className="bsls-figures">
          <Figure id="tenants" label={t('Tenants')} to={at('tenants')}>
            <Count value={tenants?.total} />
          </Figure>
          <Figure id="overdue" label={t('Overdue')} to={at('tenants', '?overdue=true')} bad={Boolean(tenants?.overdue)}>
            <Count value={tenants?.overdue} />
          </Figure>
          <Figure id="snapshots" label={t('Snapshots')} to={at('snapshots')}>
            <Count value={snapshots?.total} />
          </Figure>
          <Figure id="incomplete" label={t('Incomplete')} to={at('snapshots', '?state=incomplete')}>
            <Count value={snapshots?.incomplete} />
          </Figure>
          <Figure id="last" label={t('Last snapshot')} to={at('snapshots', '?state=complete')}>
            <Time at={snapshots?.lastTime} />
          </Figure>
          <Figure id="sessions" label={t('Sessions now')} to={at('events', '?kind=session')}>
            <Count value={figures?.sessions} />
          </Figure>
        </Flex>
      </CardBody>
    </Card>
  );
};
