/** One server: overview, tenants, snapshots, events, logs, YAML. */
import { lazy, Suspense } from 'react';
import type { ComponentType, FC } from 'react';
import { Alert, Nav, NavItem, NavList } from '@patternfly/react-core';
import { Link, useParams } from 'react-router';
import { Content, HealthLabel, Loading, Page } from '../../components';
import { useT } from '../../i18n';
import type { T } from '../../i18n';
import { useResource, useScope } from '../../live';
import { verdictOf } from '../../model/health';
import { SERVERS, serverPath } from '../../model/paths';
import type { ServerTab } from '../../model/paths';
import { Actions } from './Actions';
import { ownEvents } from './context';
import type { TabProps } from './context';
import { ChooseNamespace, NoneOfYours } from './NoneOfYours';
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

const ServerPage: FC = () => {
  const t = useT();
  const { namespace = '', name = '', tab } = useParams();
  // Who sees the tenants of their VMs only names the namespace of these.
  const { namespace: vmNamespace } = useScope();
  const scope = { namespace, vmNamespace };
  const place = { namespace, name };
  const own = ownEvents(place);
  const detail = useResource('/servers/{namespace}/{name}', { parameters: place, query: { vmNamespace } }, scope, own);
  const server = detail.data;
  const limited = server !== undefined && !('spec' in server);
  const hidden = !server && detail.error?.status === 404;
  const current = isTab(tab) ? tab : 'overview';
  const Shown = current === 'overview' ? Overview : TABS[current];
  const verdict = server && verdictOf(server);
  return (
    <>
      {hidden && <ChooseNamespace />}
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
            className="bsls-notice"
            title={t('This server is being deleted. The backup data in the storage stays.')}
          />
        )}
        {limited && <NoneOfYours place={place} scope={scope} />}
        <Content resource={detail}>
          {(found) => (
            <Suspense fallback={<Loading />}>
              <Shown key={`${namespace}/${name}`} place={place} server={found} scope={scope} />
            </Suspense>
          )}
        </Content>
      </Page>
    </>
  );
};

export default ServerPage;
