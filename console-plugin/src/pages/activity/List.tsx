/** The list of what happened at the servers, the newest first. */
import { useMemo, useState } from 'react';
import type { FC } from 'react';
import { NamespaceBar } from '@openshift-console/dynamic-plugin-sdk';
import { Button, List as Lines, ListItem } from '@patternfly/react-core';
import { Link } from 'react-router';
import type { AnyServer } from '../../api';
import {
  Content,
  Empty,
  errorSentence,
  Loading,
  NamespaceWanted,
  NotAsked,
  Page,
  pageOf,
  StoryTable,
  Time,
  useAtHand,
  useFilters,
  useHeld,
  Waiting,
} from '../../components';
import { useT } from '../../i18n';
import { useSight } from '../../live';
import type { ByVms, Scope } from '../../live';
import { busiest } from '../../model/busiest';
import { SERVERS } from '../../model/paths';
import { filterStories } from '../../model/story';
import type { Story, StoryFilter } from '../../model/story';
import { ActivityToolbar, ALL, NO_FILTER } from './ActivityToolbar';
import { MOST, useActivity } from './useActivity';
import type { Activity } from './useActivity';

const idOf = ({ server, id }: Story): string => `${server.namespace}/${server.name} ${id}`;

/** A server that does not answer leaves out its part only. */
const Failed: FC<Pick<Activity, 'failed' | 'retry'>> = ({ failed, retry }) => {
  const t = useT();
  if (!failed.length) return null;
  return (
    <NotAsked count={failed.length} retry={retry}>
      <Lines isPlain>
        {failed.slice(0, 5).map(({ key, error, loadedAt }) => (
          <ListItem key={key}>
            {key}: {errorSentence(t, error)}{' '}
            {loadedAt !== undefined && (
              <>
                {t('What is shown of it was loaded:')} <Time at={loadedAt} />
              </>
            )}
          </ListItem>
        ))}
      </Lines>
    </NotAsked>
  );
};

const Nothing: FC<{ filtered: boolean; clear: () => void }> = ({ filtered, clear }) => {
  const t = useT();
  if (filtered)
    return (
      <Empty
        title={t('Nothing matches')}
        actions={
          <Button variant="link" onClick={clear}>
            {t('Clear all filters')}
          </Button>
        }
      >
        {t('Older snapshots are on the page of each server.')}
      </Empty>
    );
  return (
    <Empty title={t('No activity yet')} actions={<Link to={SERVERS}>{t('Show the servers')}</Link>}>
      {t('Sessions and snapshots appear here as they happen. To begin, connect a VM: the page of a tenant says how.')}
    </Empty>
  );
};

/** `vmNamespace` as of a Sight. */
const Stories: FC<{ servers: readonly AnyServer[]; vmNamespace?: string; scope: Scope }> = ({
  servers,
  vmNamespace,
  scope,
}) => {
  const t = useT();
  // Those to ask, the most recently used first.
  const keys = useMemo(() => busiest(servers), [servers]);
  const [filter, change] = useFilters(NO_FILTER);
  const [page, setPage] = useState(1);
  const chosen = keys.includes(filter.server) ? [filter.server] : keys.slice(0, MOST);
  const activity = useActivity(chosen, vmNamespace, scope);
  const { atHand, at } = useAtHand();
  const { text, kind, outcome } = filter as unknown as StoryFilter;
  const matching = useMemo(
    () => filterStories(activity.stories, { text, kind, outcome }),
    [activity.stories, text, kind, outcome],
  );
  const latest = useMemo(() => pageOf(matching, page), [matching, page]);
  const held = useHeld(`${JSON.stringify(filter)} ${latest.page}`, latest.rows, atHand, idOf);
  const set = (changed: Partial<typeof NO_FILTER>): void => {
    setPage(1);
    change(changed);
  };
  const filtered = Object.values(filter).some((value) => value !== ALL);
  return (
    <>
      <ActivityToolbar
        servers={keys}
        filter={filter}
        onFilter={set}
        matching={matching.length}
        page={latest.page}
        onPage={setPage}
      />
      <Failed failed={activity.failed} retry={activity.retry} />
      {keys.length > MOST && filter.server === ALL && (
        <p className="bsls-reason">
          {t('Of {{count}} servers, the {{most}} with the newest snapshots are shown. Choose another one above.', {
            count: keys.length,
            most: MOST,
          })}
        </p>
      )}
      {activity.loading ? (
        <Loading rows={8} />
      ) : held.rows.length ? (
        <>
          <Waiting count={held.waiting} show={held.show} />
          <StoryTable label={t('Snapshot activity')} rows={held.rows} at={at} />
        </>
      ) : (
        !activity.failed.length && <Nothing filtered={filtered} clear={() => set(NO_FILTER)} />
      )}
    </>
  );
};

const NoServers: FC = () => {
  const t = useT();
  return (
    <Empty title={t('No file backup servers')} actions={<Link to={SERVERS}>{t('Show the servers')}</Link>}>
      {t('There is no server in this namespace that you may see, so nothing can have happened.')}
    </Empty>
  );
};

// Who sees every server is shown those of the namespace, if it has any: its VMs are for who looks at theirs.
const byVms: ByVms = ({ allServers }, _namespace, inside) => !allServers || !inside.length;

const ActivityList: FC = () => {
  const t = useT();
  const { sight, scope } = useSight(byVms);
  return (
    <>
      <NamespaceBar />
      <Page title={t('Snapshot activity')}>
        <Content resource={sight} loading={<Loading rows={8} />}>
          {({ servers, namespace, vmNamespace, blind }) => {
            if (servers.length) return <Stories servers={servers} vmNamespace={vmNamespace} scope={scope} />;
            return blind && !namespace ? <NamespaceWanted /> : <NoServers />;
          }}
        </Content>
      </Page>
    </>
  );
};

export default ActivityList;
