/** For who sees no server as a whole: with the namespace of their VMs they see what is theirs. */
import type { FC } from 'react';
import { useT } from '../i18n';
import { Empty } from './states';

export const NamespaceWanted: FC = () => {
  const t = useT();
  return (
    <Empty title={t('Choose a namespace')}>
      {t('You see no server as a whole. Choose the namespace of your VMs above, to see what they back up.')}
    </Empty>
  );
};
