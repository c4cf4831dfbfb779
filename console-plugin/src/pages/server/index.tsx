/** One server: overview, tenants, snapshots, events, logs, YAML. */
import { lazy, Suspense } from 'react';
import type { ComponentType, FC } from 'react';
import { useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import { Alert, Nav, NavItem, NavList } from '@patternfly/react-core';
import { Link, useParams } from 'react-router';
import { Content, HealthLabel, Loading, Page } from '../../components';
import { useT } from '../../i18n';
import type { T } from '../../i18n';
import { useResource } from '../../live';
import type { Scope } from '../../live';
import { verdictOf } from '../../model/health';
import { SERVERS, serverPath } from '../../model/paths';
import type { ServerTab } from '../../model/paths';
import { Actions } from './Actions';
import { ownEvents } from './context';
import type { TabProps } from './context';
import { Overview } from './overview';
import './server.css';

const TABS: Record<ServerTab, ComponentType<TabProps>> = {
  tenants: lazy(() => import('./Tenants')),
  snapshots: lazy(() => import('./Snapshots')),
  events: lazy(() => import('./events')),
  logs: lazy(() => import('./logs')),
  yaml: lazy(() => import('./Yaml')),
};
const ORDER = ['overview', ...Object.keys(TABS)] as ('overview' | ServerTab)[];

const tabWord = (t: T, tab: 'overview' | ServerTab): string => {
  switch (tab) {
    case 'overview':
      return t('Overview');
    case 'tenants':
      return t('Tenants');
    case 'snapshots':
      return t('Snapshots');
    case 'events':
      return t('Events');
    case 'logs':
      return t('Logs');
    case 'yaml':
      return t('YAML');
  }
};

const isTab = (text: string | undefined): text is ServerTab => text !== undefined && text in TABS;

const TabBar: FC<Pick<TabProps, 'place'> & { current: 'overview' | ServerTab }> = ({ place, current }) => {
  const t = useT();
  return (
    <Nav variant="horizontal-subnav" aria-label={t('Parts of this page')}>
      <NavList>
        {ORDER.map((tab) => (
          <NavItem key={tab} itemId={tab} isActive={tab === current}>
            <Link to={serverPath(place, tab === 'overview' ? undefined : tab)} data-test={`tab-${tab}`}>
              {tabWord(t, tab)}
            </Link>
          </NavItem>
        ))}
      </NavList>
    </Nav>
  );
};

/** A server's own namespace is enough for those who see all of it; tenant viewers name that of their VMs. */
const scopeOf = (namespace: string, active: string, limited: boolean): Scope =>
  limited ? { namespace, vmNamespace: active } : { namespace };

const ServerPage: FC = () => {
  const t = useT();
  const { namespace = '', name = '', tab } = useParams();
  const [active] = useActiveNamespace();
  const place = { namespace, name };
  const own = ownEvents(place);
  const detail = useResource('/servers/{namespace}/{name}', { parameters: place }, { namespace }, own);
  const server = detail.data;
  const limited = server !== undefined && !('spec' in server);
  const scope = scopeOf(namespace, active, limited);
  const current = isTab(tab) ? tab : 'overview';
  const Shown = current === 'overview' ? Overview : TABS[current];
  const verdict = server && verdictOf(server);
  return (
    <Page
      title={name}
      trail={[{ name: t('File backup servers'), to: SERVERS }]}
      badge={verdict && <HealthLabel health={verdict.health} />}
      actions={server && <Actions place={place} server={server} scope={scope} />}
      tabs={<TabBar place={place} current={current} />}
    >
      {verdict?.health === 'deleting' && (
        <Alert
          component="h2"
          isInline
          variant="info"
          title={t('This server is being deleted. The backup data in the storage stays.')}
        />
      )}
      <Content resource={detail}>
        {(found) => (
          <Suspense fallback={<Loading />}>
            <Shown key={`${namespace}/${name}`} place={place} server={found} scope={scope} />
          </Suspense>
        )}
      </Content>
    </Page>
  );
};

export default ServerPage;
