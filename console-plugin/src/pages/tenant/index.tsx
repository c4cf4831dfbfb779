/** One tenant of a server: are they backed up, what was done, what went wrong, how to connect. */
import type { FC } from 'react';
import { Alert, Grid, GridItem } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { serverOf } from '../../api';
import type { ServerEvent, Tenant } from '../../api';
import { Content, Loading, Page, TenantState, Time } from '../../components';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { SERVERS, serverPath } from '../../model/paths';
import { vmOf } from '../../model/story';
import { Access } from './Access';
import { Connect } from './Connect';
import { Figures } from './Figures';
import { History } from './History';
import { Problems } from './Problems';
import { Recent } from './Recent';
import type { Of } from './of';
import { Unseen } from './Unseen';
import './tenant.css';

const Overdue: FC<{ tenant: Tenant }> = ({ tenant }) => {
  const t = useT();
  if (!tenant.overdue) return null;
  return (
    <Alert
      isInline
      component="h2"
      variant="danger"
      data-test="overdue"
      title={
        tenant.overdueSince ? (
          <>
            {t('This tenant is overdue. It became so:')} <Time at={tenant.overdueSince} />
          </>
        ) : (
          t('This tenant is overdue: there is no complete snapshot')
        )
      }
    >
      {t(
        'See below what went wrong last. If nothing did, look in the VM: does its backup job run, and can it reach the server?',
      )}
    </Alert>
  );
};

const Told: FC<Of & { tenant: Tenant }> = ({ tenant, ...of }) => {
  // Who never made a snapshot needs to know how to begin.
  const fresh = !tenant.snapshots.total;
  return (
    <Grid hasGutter>
      <GridItem>
        <Overdue tenant={tenant} />
        <Figures tenant={tenant} of={of} />
      </GridItem>
      {fresh && (
        <GridItem>
          <Connect {...of} />
        </GridItem>
      )}
      <GridItem lg={7}>
        <History {...of} />
      </GridItem>
      <GridItem lg={5}>
        <Problems {...of} />
      </GridItem>
      <GridItem>
        <Recent {...of} />
      </GridItem>
      {!fresh && (
        <GridItem lg={7}>
          <Connect {...of} />
        </GridItem>
      )}
      <GridItem lg={5}>
        <Access {...of} />
      </GridItem>
    </Grid>
  );
};

const TenantPage: FC = () => {
  const t = useT();
  const { namespace = '', name = '', user = '' } = useParams();
  const server = { namespace, name };
  // The namespace of the VM lets its owners follow what is theirs.
  const scope = { namespace, vmNamespace: vmOf(user)?.namespace };
  const concerns = (event: ServerEvent): boolean => {
    const of = serverOf(event);
    return event.subject === user && of?.namespace === namespace && of.name === name;
  };
  const tenant = useResource(
    '/servers/{namespace}/{name}/tenants/{user}',
    { parameters: { ...server, user } },
    scope,
    concerns,
  );
  const of: Of = { server, user, scope, concerns };
  return (
    <Page
      title={user}
      trail={[
        { name: t('File backup servers'), to: SERVERS },
        { name, to: serverPath(server) },
        { name: t('Tenants'), to: serverPath(server, 'tenants') },
      ]}
      badge={tenant.data && <TenantState tenant={tenant.data} />}
    >
      {tenant.error?.status === 404 && !tenant.data ? (
        <Unseen key={user} tenant={tenant} {...of} />
      ) : (
        <Content resource={tenant} loading={<Loading rows={10} />}>
          {(found) => <Told key={user} tenant={found} {...of} />}
        </Content>
      )}
    </Page>
  );
};

export default TenantPage;
