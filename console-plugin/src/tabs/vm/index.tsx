/** "File backups" of a virtual machine: who of it is backed up where, their last snapshots, and how to connect it. */
import type { FC } from 'react';
import type { PageComponentProps } from '@openshift-console/dynamic-plugin-sdk';
import { PageSection } from '@patternfly/react-core';
import type { AnyServer } from '../../api';
import { Content, Empty, errorSentence, LiveMark, Loading, NotAsked } from '../../components';
import { useT } from '../../i18n';
import type { Scope } from '../../live';
import { keyOf } from '../../model/paths';
import { verdictOf } from '../../model/health';
import { NewTenant } from './NewTenant';
import { TenantCard } from './TenantCard';
import { hostOf, MOST, useServers, useTenants } from './useTenants';
import type { Found, Vm } from './useTenants';
import './vm.css';

const Failed: FC<Pick<Found, 'failed' | 'retry'>> = ({ failed, retry }) => {
  const t = useT();
  const [first] = failed;
  if (!first) return null;
  return (
    <NotAsked count={failed.length} retry={retry}>
      {first.key}: {errorSentence(t, first.error)}
    </NotAsked>
  );
};

const Tenants: FC<{ vm: Vm; servers: readonly AnyServer[]; scope: Scope }> = ({ vm, servers, scope }) => {
  const t = useT();
  const found = useTenants(vm, servers, scope);
  const byKey = new Map(servers.map((server) => [keyOf(server), server]));
  if (found.loading) return <Loading rows={6} />;
  return (
    <>
      <Failed failed={found.failed} retry={found.retry} />
      {servers.length > MOST && (
        <p className="bsls-reason">
          {t('Of {{count}} servers, the {{most}} with the newest snapshots were asked.', {
            count: servers.length,
            most: MOST,
          })}
        </p>
      )}
      {found.tenants.map(({ server, tenant }) => {
        const listed = byKey.get(keyOf(server));
        return (
          <TenantCard
            key={`${keyOf(server)} ${tenant.user}`}
            server={server}
            health={listed ? verdictOf(listed).health : 'unknown'}
            tenant={tenant}
            vm={vm}
            scope={scope}
          />
        );
      })}
      {!found.tenants.length && !found.failed.length && <NewTenant vm={vm} servers={servers} scope={scope} />}
    </>
  );
};

const NoServers: FC<{ vm: Vm }> = ({ vm: { namespace } }) => {
  const t = useT();
  return (
    <Empty title={t('No file backup server that you may use')}>
      {t('There is none, or you may not see it: ask for the role bsls-tenant-viewer in the namespace {{namespace}}.', {
        namespace,
      })}
    </Empty>
  );
};

const VmTab: FC<PageComponentProps> = ({ obj }) => {
  const t = useT();
  const vm = { namespace: obj?.metadata?.namespace ?? '', name: obj?.metadata?.name ?? '' };
  const scope = { vmNamespace: vm.namespace };
  const servers = useServers(vm, scope);
  return (
    <PageSection>
      <div className="bsls-vm">
        <div className="bsls-vm-head">
          <p>{t('Tenants of this VM are named <user>@{{host}}.', { host: hostOf(vm) })}</p>
          <LiveMark />
        </div>
        <Content resource={servers} loading={<Loading rows={6} />}>
          {(found) =>
            found.length ? <Tenants key={hostOf(vm)} vm={vm} servers={found} scope={scope} /> : <NoServers vm={vm} />
          }
        </Content>
      </div>
    </PageSection>
  );
};

export default VmTab;
