/** A tenant in numbers. */
import type { FC, ReactNode } from 'react';
import { Card, CardBody, Flex } from '@patternfly/react-core';
import { Link } from 'react-router';
import type { Tenant } from '../../api';
import { Count, Time } from '../../components';
import { useT } from '../../i18n';
import { serverPath } from '../../model/paths';
import type { Of } from './of';

const Figure: FC<{ label: string; bad?: boolean; id: string; children: ReactNode }> = ({
  label,
  bad,
  id,
  children,
}) => (
  <div className="bsls-tenant-figure" data-test={`figure-${id}`}>
    <dt>{label}</dt>
    <dd className={bad ? 'bsls-tenant-value bsls-tenant-bad' : 'bsls-tenant-value'}>{children}</dd>
  </div>
);

export const Figures: FC<{ tenant: Tenant; of: Pick<Of, 'server' | 'user'> }> = ({ tenant, of }) => {
  const t = useT();
  const { snapshots } = tenant;
  const list = `${serverPath(of.server, 'snapshots')}?tenant=${encodeURIComponent(of.user)}`;
  return (
    <Card isCompact>
      <CardBody>
        <Flex
          component="dl"
          justifyContent={{ default: 'justifyContentSpaceBetween' }}
          rowGap={{ default: 'rowGapMd' }}
        >
          <Figure id="last" label={t('Last complete snapshot')} bad={tenant.overdue}>
            <Time at={snapshots.lastTime} />
          </Figure>
          <Figure id="snapshots" label={t('Snapshots')}>
            <Link to={list}>
              <Count value={snapshots.total} />
            </Link>
          </Figure>
          <Figure id="incomplete" label={t('Incomplete')}>
            {snapshots.incomplete ? (
              <Link to={`${list}&state=incomplete`}>
                <Count value={snapshots.incomplete} />
              </Link>
            ) : (
              <Count value={snapshots.incomplete} />
            )}
          </Figure>
          <Figure id="sessions" label={t('Sessions now')}>
            <Count value={tenant.sessions} />
          </Figure>
          <Figure id="first" label={t('First seen')}>
            <Time at={tenant.firstSeenTime} />
          </Figure>
        </Flex>
      </CardBody>
    </Card>
  );
};
