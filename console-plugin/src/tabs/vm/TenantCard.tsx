/** One tenant of a VM at one server: how they are, their last snapshots, how they connect. */
import { useState } from 'react';
import type { FC } from 'react';
import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  ExpandableSection,
} from '@patternfly/react-core';
import { Link } from 'react-router';
import { eventName } from '../../api';
import type { Snapshot, Tenant } from '../../api';
import {
  Bytes,
  ConnectBundle,
  Content,
  Count,
  HealthLabel,
  LinkedHeader,
  Loading,
  SnapshotState,
  Table,
  Tbody,
  Td,
  TenantState,
  Th,
  Thead,
  Time,
  Tr,
} from '../../components';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import type { Scope } from '../../live';
import type { Health } from '../../model/health';
import { keyOf, serverPath, tenantPath } from '../../model/paths';
import type { ServerName } from '../../model/paths';
import type { Vm } from './useTenants';

const SHOWN = 5;

const Snapshots: FC<{ snapshots: readonly Snapshot[]; user: string }> = ({ snapshots, user }) => {
  const t = useT();
  return (
    <Table aria-label={t('Last snapshots of {{user}}', { user })} gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('State')}</Th>
          <Th>{t('Folder')}</Th>
          <Th>{t('Started')}</Th>
          <Th>{t('Size')}</Th>
          <Th>{t('Files')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {snapshots.map((one) => (
          <Tr key={one.snapshot} data-test={`snapshot-${one.snapshot}`}>
            <Td dataLabel={t('State')}>
              <SnapshotState snapshot={one} />
            </Td>
            <Td dataLabel={t('Folder')} modifier="breakWord">
              {one.path}
            </Td>
            <Td dataLabel={t('Started')}>
              <Time at={one.startTime} />
            </Td>
            <Td dataLabel={t('Size')}>
              <Bytes value={one.sizeBytes} />
            </Td>
            <Td dataLabel={t('Files')}>
              <Count value={one.files} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
};

const Figures: FC<{ tenant: Tenant; server: ServerName; health: Health }> = ({ tenant, server, health }) => {
  const t = useT();
  const { snapshots, sessions } = tenant;
  const figures = [
    [t('Last complete snapshot'), <Time key="last" at={snapshots.lastTime} />],
    [t('Snapshots'), <Count key="snapshots" value={snapshots.total} />],
    [t('Sessions now'), <Count key="sessions" value={sessions} />],
    [
      t('Server'),
      <span key="server" className="bsls-vm-title">
        <Link to={serverPath(server)}>{keyOf(server)}</Link> <HealthLabel health={health} />
      </span>,
    ],
  ] as const;
  return (
    <DescriptionList columnModifier={{ default: '1Col', sm: '2Col' }} isCompact>
      {figures.map(([term, value]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription>{value}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
};

interface Props {
  server: ServerName;
  health: Health;
  tenant: Tenant;
  vm: Vm;
  scope: Scope;
}

export const TenantCard: FC<Props> = ({ server, health, tenant, vm, scope }) => {
  const t = useT();
  const { user } = tenant;
  const [open, setOpen] = useState(!tenant.snapshots.total);
  const snapshots = useResource(
    '/servers/{namespace}/{name}/snapshots',
    { parameters: { ...server }, query: { tenant: user, limit: SHOWN, vmNamespace: vm.namespace } },
    scope,
    (event) => event.subject === user && /^snapshots?\./.test(eventName(event)),
  );
  const all = `${serverPath(server, 'snapshots')}?tenant=${encodeURIComponent(user)}`;
  return (
    <Card data-test={`tenant-${user}`}>
      <LinkedHeader to={all} link={t('All snapshots')}>
        <CardTitle component="h2">
          <span className="bsls-vm-title">
            <Link to={tenantPath(server, user)}>{user}</Link> <TenantState tenant={tenant} />
          </span>
        </CardTitle>
      </LinkedHeader>
      <CardBody>
        <Figures tenant={tenant} server={server} health={health} />
        <div className="bsls-vm-snapshots">
          <Content resource={snapshots} loading={<Loading rows={SHOWN} />} small>
            {({ items }) => items.length > 0 && <Snapshots snapshots={items} user={user} />}
          </Content>
        </div>
        <ExpandableSection
          toggleText={t('Connect this VM')}
          isExpanded={open}
          onToggle={(_event, next) => setOpen(next)}
          data-test="connect-toggle"
        >
          {open && <ConnectBundle server={server} user={user} scope={scope} />}
        </ExpandableSection>
      </CardBody>
    </Card>
  );
};
