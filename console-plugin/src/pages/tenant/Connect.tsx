/** How the VM of a tenant connects. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { ConnectBundle } from '../../components';
import { useT } from '../../i18n';
import type { Of } from './of';

export const Connect: FC<Of> = ({ server, user, scope }) => {
  const t = useT();
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('Connect this VM')}</CardTitle>
      <CardBody>
        <ConnectBundle server={server} user={user} scope={scope} />
      </CardBody>
    </Card>
  );
};
