/** What a tenant may read and change, in words. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle, List, ListItem } from '@patternfly/react-core';
import { Content, Loading } from '../../components';
import { eventName } from '../../api';
import type { AnyServer, ServerDetail } from '../../api';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { sourceOf } from '../../model/lists';
import type { Of } from './of';

const Words: FC<{ server: ServerDetail | AnyServer }> = ({ server }) => {
  const t = useT();
  const source = 'spec' in server ? server.spec.accessControl?.source : undefined;
  return (
    <List className="bsls-tenant-access">
      {source ? (
        <ListItem>
          {t('Own snapshots and policies, as the access control list of the server says ({{source}}).', {
            source: sourceOf(source),
          })}
        </ListItem>
      ) : (
        <ListItem>{t('Own snapshots and policies: read, make and delete.')}</ListItem>
      )}
      <ListItem>{t('The policies for the whole host and for everybody: read only.')}</ListItem>
      <ListItem>
        {source
          ? t('Of other tenants: only what that list gives.')
          : t('Snapshots, policies and names of other tenants: nothing.')}
      </ListItem>
      <ListItem>
        {t(
          'Data is not kept apart: who knows the id of another tenant’s object can read it. Tenants who must not trust each other need servers with different prefixes.',
        )}
      </ListItem>
    </List>
  );
};

export const Access: FC<Of> = ({ server, scope }) => {
  const t = useT();
  const found = useResource(
    '/servers/{namespace}/{name}',
    { parameters: { ...server }, query: { vmNamespace: scope.vmNamespace } },
    scope,
    (event) => eventName(event).startsWith('acl.'),
  );
  return (
    <Card isFullHeight data-test="access">
      <CardTitle component="h2">{t('What this tenant may access')}</CardTitle>
      <CardBody>
        <Content resource={found} loading={<Loading rows={4} />}>
          {(data) => <Words server={data} />}
        </Content>
      </CardBody>
    </Card>
  );
};
