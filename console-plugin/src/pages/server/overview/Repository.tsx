/** Which repository the server keeps, where, and when it was last tidied up. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { Server, ServerDetail } from '../../../api';
import { Time } from '../../../components';
import { useT } from '../../../i18n';
import { Fact, Facts } from './Facts';

const State: FC<{ state: string | null | undefined }> = ({ state }) => {
  const t = useT();
  if (state === 'Initialized')
    return (
      <Label status="success" variant="outline">
        {t('Initialized')}
      </Label>
    );
  if (state === 'NotInitialized') return <Label variant="outline">{t('Not opened yet')}</Label>;
  if (state === 'Error')
    return (
      <Label status="danger" variant="outline">
        {t('Error')}
      </Label>
    );
  return <>–</>;
};

export const Repository: FC<{ server: Server | ServerDetail }> = ({ server }) => {
  const t = useT();
  const { spec, status } = server;
  const { name, namespace } = spec.backupStorageLocation;
  const { maintenance } = status;
  return (
    <Facts title={t('Repository')}>
      <Fact term={t('State')}>
        <State state={status.repositoryStatus} />
      </Fact>
      <Fact term={t('Storage location')}>{namespace ? `${namespace}/${name}` : name}</Fact>
      <Fact term={t('Path in the bucket')}>{status.repositoryPath}</Fact>
      <Fact term={t('Unique id')}>
        {status.repositoryUniqueID && <code className="bsls-code">{status.repositoryUniqueID}</code>}
      </Fact>
      <Fact term={t('Quick maintenance')}>
        <Time at={maintenance?.lastQuickTime} />
      </Fact>
      <Fact term={t('Full maintenance')}>
        <Time at={maintenance?.lastFullTime} />
      </Fact>
    </Facts>
  );
};
