/** Asks before a server is deleted: says that the data stays, and wants its name. */
import { useState } from 'react';
import type { FC, FormEvent } from 'react';
import {
  Alert,
  Button,
  Content,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { useNavigate } from 'react-router';
import { deleteServer } from '../../api';
import { useSending } from '../../components';
import { useT } from '../../i18n';
import { SERVERS } from '../../model/paths';
import type { ServerName } from '../../model/paths';

const FORM = 'bsls-delete-form';

export const DeleteDialog: FC<{ place: ServerName; close: () => void }> = ({ place, close }) => {
  const t = useT();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const { busy, error, send } = useSending();
  const named = typed === place.name;
  const remove = (event: FormEvent): void => {
    event.preventDefault();
    if (!named || busy) return;
    void send(async () => {
      await deleteServer(place);
      void navigate(SERVERS);
    });
  };
  return (
    <Modal
      isOpen
      variant="small"
      onClose={close}
      aria-labelledby="bsls-delete-title"
      aria-describedby="bsls-delete-body"
    >
      <ModalHeader
        title={t('Delete {{name}}?', { name: place.name })}
        titleIconVariant="warning"
        labelId="bsls-delete-title"
      />
      <ModalBody id="bsls-delete-body">
        <Content component="p">
          {t(
            'Its tenants can no longer back up or restore. What the controller made for it in the cluster is removed.',
          )}
        </Content>
        <Content component="p">
          {t(
            'The backup data in the storage stays. A server with the same location, prefix and repository password opens it again: keep the password.',
          )}
        </Content>
        <Form id={FORM} onSubmit={remove}>
          <FormGroup label={t('Type {{name}} to confirm', { name: place.name })} fieldId="bsls-delete-name">
            <TextInput
              id="bsls-delete-name"
              value={typed}
              onChange={(_event, text) => setTyped(text)}
              autoComplete="off"
              data-test="delete-name"
            />
          </FormGroup>
        </Form>
        {error && <Alert isInline variant="danger" title={error} />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          type="submit"
          form={FORM}
          isDisabled={!named || busy}
          isLoading={busy}
          data-test="confirm-delete"
        >
          {t('Delete')}
        </Button>
        <Button variant="link" onClick={close}>
          {t('Cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
};
