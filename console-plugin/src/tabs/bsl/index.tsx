/** "File servers" of a BackupStorageLocation: those that keep their repository in its storage, and a way to a new one. */
import type { FC } from 'react';
import type { PageComponentProps } from '@openshift-console/dynamic-plugin-sdk';
import { Button, Label, PageSection } from '@patternfly/react-core';
import { Link, useNavigate } from 'react-router';
import { Content, Count, Empty, HealthLabel, LiveMark, Table, Tbody, Td, Th, Thead, Time, Tr } from '../../components';
import type { Server } from '../../api';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { verdictOf } from '../../model/health';
import { keyOf, newServerPath, serverPath } from '../../model/paths';
import type { ServerName } from '../../model/paths';
import { useServersOf } from './useServersOf';
import './bsl.css';

const Row: FC<{ server: Server }> = ({ server }) => {
  const t = useT();
  const { health, reason, message } = verdictOf(server);
  const { tenants, snapshots } = server.status;
  return (
    <Tr data-test={`server-${keyOf(server)}`}>
      <Td dataLabel={t('Name')}>
        <Link to={serverPath(server)}>{server.name}</Link>
        <div className="bsls-reason">{server.namespace}</div>
      </Td>
      <Td dataLabel={t('Health')} modifier="breakWord">
        <HealthLabel health={health} />
        {health !== 'available' && (message ?? reason) && <div className="bsls-reason">{message ?? reason}</div>}
      </Td>
      <Td dataLabel={t('Prefix')} modifier="breakWord">
        {server.spec.prefix}
      </Td>
      <Td dataLabel={t('Tenants')}>
        <Count value={tenants?.total} />
      </Td>
      <Td dataLabel={t('Overdue')}>
        {tenants?.overdue ? (
          <Label status="danger">
            <Count value={tenants.overdue} />
          </Label>
        ) : (
          <Count value={tenants?.overdue} />
        )}
      </Td>
      <Td dataLabel={t('Last snapshot')}>
        <Time at={snapshots?.lastTime} />
      </Td>
    </Tr>
  );
};

const Servers: FC<{ servers: readonly Server[] }> = ({ servers }) => {
  const t = useT();
  return (
    <Table aria-label={t('File backup servers')} gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th>{t('Name')}</Th>
          <Th>{t('Health')}</Th>
          <Th>{t('Prefix')}</Th>
          <Th>{t('Tenants')}</Th>
          <Th>{t('Overdue')}</Th>
          <Th>{t('Last snapshot')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {servers.map((server) => (
          <Row key={keyOf(server)} server={server} />
        ))}
      </Tbody>
    </Table>
  );
};

const Create: FC<{ location: ServerName }> = ({ location }) => {
  const t = useT();
  const navigate = useNavigate();
  return (
    <Button onClick={() => void navigate(newServerPath(location))} data-test="create-server">
      {t('Create file backup server')}
    </Button>
  );
};

const BslTab: FC<PageComponentProps> = ({ obj }) => {
  const t = useT();
  const location = { namespace: obj?.metadata?.namespace ?? '', name: obj?.metadata?.name ?? '' };
  const servers = useServersOf(location);
  // What they may do beside the location, and whether they would see each of its servers.
  const access = useResource('/access', { query: { namespace: location.namespace } }, {}, () => false);
  return (
    <PageSection>
      <div className="bsls-bsl-head">
        <p>{t('File backup servers that keep their data in the storage of this location.')}</p>
        <span className="bsls-bsl-actions">
          <LiveMark />
          {access.data?.actions.createServer && <Create location={location} />}
        </span>
      </div>
      <Content resource={servers}>
        {(found) =>
          found.length ? (
            <Servers servers={found} />
          ) : (
            <Empty title={t('No file backup servers')}>
              {t(
                'A file backup server lets the owners of virtual machines back up files into the storage of a BackupStorageLocation.',
              )}{' '}
              {access.data?.sees.allServers === false && t('Servers that you may not see are not listed here.')}
            </Empty>
          )
        }
      </Content>
    </PageSection>
  );
};

export default BslTab;
