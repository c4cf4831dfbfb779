/** For who sees the tenants of their VMs only: why a server's page is empty, or is not there at all. */
import type { FC } from 'react';
import { NamespaceBar } from '@openshift-console/dynamic-plugin-sdk';
import { Alert, PageSection } from '@patternfly/react-core';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { changesTenants, ownEvents } from './context';
import type { TabProps } from './context';

/** Nothing, where the server has seen one. */
export const NoneOfYours: FC<Pick<TabProps, 'place' | 'scope'>> = ({ place, scope }) => {
  const t = useT();
  const own = ownEvents(place);
  const tenants = useResource(
    '/servers/{namespace}/{name}/tenants',
    { parameters: { ...place }, query: { limit: 1, vmNamespace: scope.vmNamespace } },
    scope,
    (event) => own(event) && changesTenants(event),
  );
  if (tenants.data?.total !== 0) return null;
  return (
    <Alert
      isInline
      component="h2"
      variant="info"
      title={t('This server has seen none of your tenants yet')}
      className="bsls-notice"
      data-test="none-of-yours"
    >
      {t('What your VMs back up appears here by itself. “Connect a VM”, among the actions, says how they begin.')}
    </Alert>
  );
};

/** Whose namespace is not chosen is told that the server does not exist: here they choose. */
export const ChooseNamespace: FC = () => {
  const t = useT();
  return (
    <>
      <NamespaceBar />
      <PageSection>
        <Alert
          isInline
          component="p"
          variant="info"
          title={t('Do you see the tenants of your VMs only? Then choose the namespace of these VMs above.')}
          data-test="choose-namespace"
        />
      </PageSection>
    </>
  );
};
