/** In place of a tenant whom the server has not seen: how they begin, where the caller may see them; else the error. */
import type { FC } from 'react';
import { Grid, GridItem } from '@patternfly/react-core';
import { Empty, ErrorState, Loading } from '../../components';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import type { Shown } from '../../live';
import type { Tenant } from '../../api';
import { Connect } from './Connect';
import type { Of } from './of';

/** `tenant`: the answer that there is none. How to connect is told for any name that the caller may see. */
export const Unseen: FC<Of & { tenant: Shown<Tenant> }> = ({ tenant, ...of }) => {
  const t = useT();
  const { server, user, scope } = of;
  const path = '/servers/{namespace}/{name}/tenants/{user}/connect';
  const connect = useResource(path, { parameters: { ...server, user } }, scope, () => false);
  if (connect.loading) return <Loading rows={10} />;
  if (connect.error?.status === 404 && tenant.error) return <ErrorState error={tenant.error} retry={tenant.retry} />;
  return (
    <Grid hasGutter>
      <GridItem>
        <Empty title={t('This server has seen nothing of this tenant yet')}>
          {t('First, who runs the server adds a line to its user list, made with:')} <code>bsls user hash {user}</code>
        </Empty>
      </GridItem>
      <GridItem lg={7}>
        <Connect {...of} />
      </GridItem>
    </Grid>
  );
};
