/** Asks before a subscription is deleted. */
import type { FC } from 'react';
import { Content } from '@patternfly/react-core';
import { deleteSubscription } from '../../api';
import { useT } from '../../i18n';
import { Dialog } from './Dialog';

interface Props {
  name: string;
  close: () => void;
  deleted: () => void;
}

export const DeleteDialog: FC<Props> = ({ name, close, deleted }) => {
  const t = useT();
  const send = async (): Promise<void> => {
    await deleteSubscription(name);
    close();
    deleted();
  };
  return (
    <Dialog title={t('Delete {{name}}?', { name })} action={t('Delete')} isDanger send={send} close={close}>
      <Content component="p">
        {t('Nothing more is delivered. What was given up and could be delivered once more goes, too.')}
      </Content>
    </Dialog>
  );
};
