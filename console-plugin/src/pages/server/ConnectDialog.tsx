/** How a VM connects to a server: for a tenant that there is, and how to add one. */
import { useState } from 'react';
import type { FC } from 'react';
import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import type { AnyServer, ServerDetail } from '../../api';
import { ConnectBundle, TenantInput, useSettled } from '../../components';
import { useT } from '../../i18n';
import type { Scope } from '../../live';
import { sourceOf } from '../../model/lists';
import type { ServerName } from '../../model/paths';

const NAME = /^[^@\s]+@[^@\s]+$/;

interface Props {
  place: ServerName;
  server: ServerDetail | AnyServer;
  scope: Scope;
  close: () => void;
}

const HowToAdd: FC<Pick<Props, 'server'>> = ({ server }) => {
  const t = useT();
  const source = 'spec' in server ? sourceOf(server.spec.userManagement.source) : '';
  return (
    <Content component="p" data-test="how-to-add">
      {source
        ? t('A tenant who cannot log in yet needs a line in the user list ({{source}}). This command makes it:', {
            source,
          })
        : t('A tenant who cannot log in yet needs a line in the user list of the server. This command makes it:')}{' '}
      <code>bsls user hash name@vm.namespace</code>
    </Content>
  );
};

export const ConnectDialog: FC<Props> = ({ place, server, scope, close }) => {
  const t = useT();
  const [typed, setTyped] = useState('');
  const user = useSettled(typed.trim());
  return (
    <Modal
      isOpen
      variant="medium"
      onClose={close}
      aria-labelledby="bsls-connect-title"
      aria-describedby="bsls-connect-body"
    >
      <ModalHeader title={t('Connect a VM')} labelId="bsls-connect-title" />
      <ModalBody id="bsls-connect-body">
        <Content component="p">{t('Choose whose files are to be backed up: a name as the tenant logs in.')}</Content>
        <TenantInput server={place} scope={scope} value={typed} onChange={setTyped} />
        {NAME.test(user) && (
          <div className="bsls-above">
            <ConnectBundle key={user} server={place} user={user} scope={scope} />
          </div>
        )}
        <div className="bsls-above">
          <HowToAdd server={server} />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="link" onClick={close}>
          {t('Close')}
        </Button>
      </ModalFooter>
    </Modal>
  );
};

export default ConnectDialog;
