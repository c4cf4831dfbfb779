/** The snapshots in a server's repository: filtered, sorted and paged by the API, the newest first. */
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import type { ServerEvent, Snapshot } from '../../api';
import { eventName } from '../../api';
import { Content, Empty, Pager, useAtHand, useFilters, useHeld, useSettled, Waiting } from '../../components';
import { useT } from '../../i18n';
import { usePages } from '../../live';
import { serverPath } from '../../model/paths';
import { ownEvents } from './context';
import type { TabProps } from './context';
import { SnapshotsTable } from './SnapshotsTable';
import type { Sort } from './SnapshotsTable';
import { NO_FILTER, SnapshotsToolbar } from './SnapshotsToolbar';
import { Link } from 'react-router';

const PER_PAGE = 50;
const DEFAULTS = { ...NO_FILTER, sort: 'startTime', order: 'desc' };
const NONE: readonly Snapshot[] = [];

const changesSnapshots = (event: ServerEvent): boolean => /^snapshots?\./.test(eventName(event));
const idOf = (snapshot: Snapshot): string => snapshot.snapshot;

const Nothing: FC<{ filtered: boolean; clear: () => void; place: TabProps['place'] }> = ({
  filtered,
  clear,
  place,
}) => {
  const t = useT();
  if (filtered)
    return (
      <Empty
        title={t('No snapshot matches')}
        actions={
          <Button variant="link" onClick={clear}>
            {t('Clear all filters')}
          </Button>
        }
      />
    );
  return (
    <Empty
      title={t('No snapshots yet')}
      actions={<Link to={serverPath(place, 'tenants')}>{t('Show the tenants')}</Link>}
    >
      {t('Connect a VM: the page of each tenant has the commands. The first snapshot appears here when it is done.')}
    </Empty>
  );
};

const Snapshots: FC<TabProps> = ({ place, scope }) => {
  const [filters, change] = useFilters(DEFAULTS);
  const tenant = useSettled(filters.tenant.trim());
  const path = useSettled(filters.path);
  const own = ownEvents(place);
  const sort = filters.sort as Sort;
  const order = filters.order as 'asc' | 'desc';
  const paged = usePages(
    '/servers/{namespace}/{name}/snapshots',
    {
      parameters: { ...place },
      query: {
        limit: PER_PAGE,
        tenant: tenant || undefined,
        path: path || undefined,
        since: filters.since || undefined,
        state: (filters.state || undefined) as 'complete' | 'incomplete' | undefined,
        sort,
        order,
        vmNamespace: scope.vmNamespace,
      },
    },
    scope,
    (event) => own(event) && changesSnapshots(event),
  );
  const { atHand, at } = useAtHand();
  const held = useHeld(paged.list, paged.resource.data?.items ?? NONE, atHand, idOf);
  const filtered = Object.keys(NO_FILTER).some((name) => filters[name as keyof typeof NO_FILTER]);
  const pager = <Pager {...paged} total={paged.resource.data?.total ?? 0} perPage={PER_PAGE} />;
  return (
    <>
      <SnapshotsToolbar place={place} scope={scope} filter={filters} onFilter={change} pager={pager} />
      <Content resource={paged.resource}>
        {() =>
          held.rows.length ? (
            <>
              <Waiting count={held.waiting} show={held.show} />
              <SnapshotsTable place={place} rows={held.rows} sort={sort} order={order} onOrder={change} at={at} />
            </>
          ) : (
            <Nothing filtered={filtered} clear={() => change(NO_FILTER)} place={place} />
          )
        }
      </Content>
    </>
  );
};

export default Snapshots;
