/** Asks the controller to read and apply the users now, and tells how that came out. */
import { useState } from 'react';
import type { FC } from 'react';
import { Alert, Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { eventName, refreshUsers } from '../../api';
import type { AnyServer, ServerDetail } from '../../api';
import { Time, useSending } from '../../components';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import type { Scope } from '../../live';
import type { ServerName } from '../../model/paths';
import { ownEvents } from './context';

/** What the server says of a request: nothing while there is none. */
const Result: FC<{ request: string; server: ServerDetail | AnyServer | undefined }> = ({ request, server }) => {
  const t = useT();
  if (!request || !server || !('spec' in server)) return null;
  const { users, usersRefresh, conditions = [] } = server.status;
  // Of what is in the way the conditions know more than this page.
  const why = ['Available', 'UsersSynced']
    .map((kind) => conditions.find(({ type }) => type === kind))
    .find((one) => one && one.status !== 'True');
  const done = usersRefresh?.request === request;
  const { applied = 0, desired = 0 } = users ?? {};
  return (
    <Alert
      isInline
      component="h2"
      isLiveRegion
      variant={done ? (why ? 'warning' : 'success') : 'info'}
      data-test={done ? 'refresh-done' : 'refresh-waits'}
      title={
        done
          ? t('Done: {{applied}} of {{desired}} users of the list are in effect', { applied, desired })
          : t('The controller was asked and is at work')
      }
    >
      {why && 'message' in why && <div>{why.message}</div>}
      {done && (
        <div>
          {t('Applied:')} <Time at={usersRefresh.time} />
        </div>
      )}
    </Alert>
  );
};

export const RefreshDialog: FC<{ place: ServerName; scope: Scope; close: () => void }> = ({ place, scope, close }) => {
  const t = useT();
  const [request, setRequest] = useState('');
  const { busy, error, send } = useSending();
  const own = ownEvents(place);
  const detail = useResource(
    '/servers/{namespace}/{name}',
    { parameters: { ...place } },
    scope,
    (event) => own(event) && /^(users|server)\./.test(eventName(event)),
  );
  const refresh = (): Promise<void> =>
    send(async () => {
      const asked = new Date().toISOString();
      await refreshUsers(place, asked);
      setRequest(asked);
      detail.retry();
    });
  return (
    <Modal
      isOpen
      variant="small"
      onClose={close}
      aria-labelledby="bsls-refresh-title"
      aria-describedby="bsls-refresh-body"
    >
      <ModalHeader title={t('Refresh users')} labelId="bsls-refresh-title" />
      <ModalBody id="bsls-refresh-body">
        <Content component="p">
          {t(
            'The controller reads the user list from the cluster, writes what differs in the repository, and proves by a login that the server knows it. Changes of the list are applied within seconds anyway.',
          )}
        </Content>
        <Result request={request} server={detail.data} />
        {error && <Alert isInline component="h2" variant="danger" title={error} />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="primary"
          onClick={() => void refresh()}
          isDisabled={busy}
          isLoading={busy}
          data-test="confirm-refresh"
        >
          {request ? t('Refresh again') : t('Refresh now')}
        </Button>
        <Button variant="link" onClick={close}>
          {t('Close')}
        </Button>
      </ModalFooter>
    </Modal>
  );
};

export default RefreshDialog;
