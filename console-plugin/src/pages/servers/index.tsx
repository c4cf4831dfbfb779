/** The list of the file backup servers. */
import { useMemo, useState } from 'react';
import type { FC } from 'react';
import { useNavigate } from 'react-router';
import { NamespaceBar } from '@openshift-console/dynamic-plugin-sdk';
import { Button } from '@patternfly/react-core';
import { Content, Empty, NamespaceWanted, Page, pageOf } from '../../components';
import { useT } from '../../i18n';
import { useSight } from '../../live';
import type { ByVms, Scope, Sight } from '../../live';
import { NEW_SERVER, keyOf } from '../../model/paths';
import { filterRows, sortRows, toRow } from './rows';
import type { Filter, Order } from './rows';
import { ServersTable } from './ServersTable';
import { NO_FILTER, ServersToolbar } from './ServersToolbar';
import { useDetails } from './useDetails';
import './servers.css';

const CreateButton: FC = () => {
  const t = useT();
  const navigate = useNavigate();
  return (
    <Button onClick={() => void navigate(NEW_SERVER)} data-test="create-server">
      {t('Create file backup server')}
    </Button>
  );
};

const None: FC<{ sight: Sight }> = ({ sight: { namespace, blind, mayCreate } }) => {
  const t = useT();
  if (blind && !namespace) return <NamespaceWanted />;
  if (blind)
    return (
      <Empty title={t('No file backup servers')} actions={mayCreate && <CreateButton />}>
        {t(
          'There is none, or you may not see it: ask for the role bsls-tenant-viewer in the namespace {{namespace}}.',
          { namespace },
        )}
      </Empty>
    );
  return (
    <Empty title={t('No file backup servers')} actions={mayCreate && <CreateButton />}>
      {t(
        'A file backup server lets the owners of virtual machines back up files into the storage of a BackupStorageLocation.',
      )}
    </Empty>
  );
};

const List: FC<{ sight: Sight; scope: Scope }> = ({ sight: { servers, vmNamespace }, scope }) => {
  const t = useT();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [order, setOrder] = useState<Order>({ column: 'name', direction: 'asc' });
  const [page, setPage] = useState(1);
  const byKey = useMemo(() => new Map(servers.map((one) => [keyOf(one), one])), [servers]);
  const matching = useMemo(
    () =>
      sortRows(
        filterRows(
          servers.map((one) => toRow(one)),
          filter,
        ),
        order,
      ),
    [servers, filter, order],
  );
  const shown = pageOf(matching, page);
  const details = useDetails(
    shown.rows.map((row) => row.key),
    scope,
  );
  // The order is of the list as loaded: live details change what a row says, not where it stands.
  const rows = shown.rows.map((row) => {
    const listed = byKey.get(row.key);
    const detail = details.get(row.key);
    return listed ? toRow(listed, detail?.server, detail?.asOf) : row;
  });
  const change = (next: Filter): void => {
    setFilter(next);
    setPage(1);
  };
  return (
    <>
      <ServersToolbar
        filter={filter}
        onFilter={change}
        matching={matching.length}
        page={shown.page}
        onPage={setPage}
        knowsOverdue={servers.some((one) => 'spec' in one)}
      />
      {vmNamespace && (
        <p className="bsls-reason bsls-of-vms">
          {t('Of these servers you see what the VMs in {{namespace}} back up.', { namespace: vmNamespace })}
        </p>
      )}
      {rows.length ? (
        <ServersTable rows={rows} order={order} onOrder={setOrder} />
      ) : (
        <Empty
          title={t('No server matches')}
          actions={
            <Button variant="link" onClick={() => change(NO_FILTER)}>
              {t('Clear all filters')}
            </Button>
          }
        />
      )}
    </>
  );
};

/** The servers in the namespace are for who sees these; owners of VMs in it see those that they may back up to. */
const byVms: ByVms = ({ allServers, allTenants, tenantNamespaces }, namespace, inside) =>
  tenantNamespaces.includes(namespace) || (allTenants && !allServers && !inside.length);

const ServersPage: FC = () => {
  const t = useT();
  const { sight, scope } = useSight(byVms);
  return (
    <>
      <NamespaceBar />
      <Page title={t('File backup servers')} actions={sight.data?.mayCreate && <CreateButton />}>
        <Content resource={sight}>
          {(found) => (found.servers.length ? <List sight={found} scope={scope} /> : <None sight={found} />)}
        </Content>
      </Page>
    </>
  );
};

export default ServersPage;
