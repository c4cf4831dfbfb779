/** Who backs up to this server, the longest overdue first. */
import type { FC } from 'react';
import { Link } from 'react-router';
import { Button, Switch, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import type { Tenant } from '../../api';
import {
  Content,
  Count,
  Empty,
  Pager,
  Search,
  Table,
  Tbody,
  Td,
  TenantState,
  Th,
  Thead,
  Time,
  Tr,
  useAtHand,
  useFilters,
  useHeld,
  useSettled,
  Waiting,
} from '../../components';
import type { Sorting } from '../../components';
import { useT } from '../../i18n';
import { usePages } from '../../live';
import { tenantPath } from '../../model/paths';
import { changesTenants, ownEvents } from './context';
import type { TabProps } from './context';

const PER_PAGE = 50;
type Sort = 'user' | 'lastTime' | 'snapshots';
// Who never made a snapshot, and who made none for the longest time: the overdue first.
const DEFAULTS = { search: '', overdue: '', sort: 'lastTime', order: 'asc' };

const userOf = (tenant: Tenant): string => tenant.user;

const Row: FC<{ place: TabProps['place']; tenant: Tenant }> = ({ place, tenant }) => {
  const t = useT();
  const { user, snapshots, sessions } = tenant;
  return (
    <Tr data-test={`tenant-${user}`}>
      <Td dataLabel={t('Tenant')}>
        <Link to={tenantPath(place, user)}>{user}</Link>
      </Td>
      <Td dataLabel={t('State')}>
        <TenantState tenant={tenant} since />
      </Td>
      <Td dataLabel={t('Last snapshot')}>
        <Time at={snapshots.lastTime} />
      </Td>
      <Td dataLabel={t('Snapshots')}>
        <Count value={snapshots.total} />
        {Boolean(snapshots.incomplete) && (
          <span className="bsls-subtle"> {t('{{incomplete}} incomplete', { incomplete: snapshots.incomplete })}</span>
        )}
      </Td>
      <Td dataLabel={t('Sessions now')}>
        <Count value={sessions} />
      </Td>
    </Tr>
  );
};

const None: FC<{ filtered: boolean; limited: boolean; clear: () => void }> = ({ filtered, limited, clear }) => {
  const t = useT();
  if (filtered)
    return (
      <Empty
        title={t('No tenant matches')}
        actions={
          <Button variant="link" onClick={clear}>
            {t('Clear all filters')}
          </Button>
        }
      />
    );
  return (
    <Empty title={t('No tenants yet')}>
      {limited ? (
        <>
          {t('First, who runs the server adds a line to its user list, made with:')}{' '}
          <code>bsls user hash name@vm.namespace</code>
        </>
      ) : (
        t('Add a line to the user list that this server names. Make one with: bsls user hash alice@vm-1')
      )}
    </Empty>
  );
};

const Tenants: FC<TabProps> = ({ place, server, scope }) => {
  const t = useT();
  const [filters, change] = useFilters(DEFAULTS);
  const search = useSettled(filters.search.trim().toLowerCase());
  const own = ownEvents(place);
  const sort = filters.sort as Sort;
  const order = filters.order as 'asc' | 'desc';
  const paged = usePages(
    '/servers/{namespace}/{name}/tenants',
    {
      parameters: { ...place },
      query: {
        limit: PER_PAGE,
        search: search || undefined,
        overdue: filters.overdue ? true : undefined,
        sort,
        order,
        vmNamespace: scope.vmNamespace,
      },
    },
    scope,
    (event) => own(event) && changesTenants(event),
  );
  const { atHand, at } = useAtHand();
  const held = useHeld(paged.list, paged.resource.data?.items ?? NOBODY, atHand, userOf);
  const sortOf = (column: Sort): Sorting => ({
    direction: column === sort ? order : undefined,
    onSort: (direction) => change({ sort: column, order: direction }),
  });
  const filtered = Boolean(filters.search || filters.overdue);
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <Search
              value={filters.search}
              onChange={(text) => change({ search: text })}
              label={t('Search by user@host')}
              data-test="filter-text"
            />
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <Switch
              id="bsls-overdue-tenants"
              label={t('Only overdue')}
              isChecked={Boolean(filters.overdue)}
              onChange={(_event, overdue) => change({ overdue: overdue ? 'true' : '' })}
            />
          </ToolbarItem>
          <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
            <Pager {...paged} total={paged.resource.data?.total ?? 0} perPage={PER_PAGE} />
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Content resource={paged.resource}>
        {() =>
          held.rows.length ? (
            <>
              <Waiting count={held.waiting} show={held.show} />
              <Table aria-label={t('Tenants')} gridBreakPoint="grid-md">
                <Thead>
                  <Tr>
                    <Th sort={sortOf('user')}>{t('Tenant')}</Th>
                    <Th>{t('State')}</Th>
                    <Th sort={sortOf('lastTime')}>{t('Last snapshot')}</Th>
                    <Th sort={sortOf('snapshots')}>{t('Snapshots')}</Th>
                    <Th>{t('Sessions now')}</Th>
                  </Tr>
                </Thead>
                <Tbody {...at}>
                  {held.rows.map((tenant) => (
                    <Row key={tenant.user} place={place} tenant={tenant} />
                  ))}
                </Tbody>
              </Table>
            </>
          ) : (
            <None filtered={filtered} limited={!('spec' in server)} clear={() => change({ search: '', overdue: '' })} />
          )
        }
      </Content>
    </>
  );
};

const NOBODY: readonly Tenant[] = [];

export default Tenants;
