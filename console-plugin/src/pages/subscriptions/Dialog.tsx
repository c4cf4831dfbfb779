/** A dialog that sends a form: its buttons, and what went wrong. */
import { useId } from 'react';
import type { FC, FormEvent, ReactNode } from 'react';
import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import type { ApiError } from '../../api';
import { useSending } from '../../components';
import { useT } from '../../i18n';

interface Props {
  title: string;
  /** On the button that sends. */
  action: string;
  isDanger?: boolean;
  isDisabled?: boolean;
  send: () => Promise<void>;
  close: () => void;
  /** Once there is nothing left to send. */
  done?: boolean;
  /** Of what was refused; returns what is to be told beside the sentence. */
  onError?: (error: ApiError) => string[];
  children: ReactNode;
}

export const Dialog: FC<Props> = ({ title, action, isDanger, isDisabled, send, close, done, onError, children }) => {
  const t = useT();
  const id = useId();
  const sending = useSending();
  const { busy, error } = sending;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy && !isDisabled) void sending.send(send, onError);
  };
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby={`${id}-title`} aria-describedby={`${id}-body`}>
      <ModalHeader title={title} titleIconVariant={isDanger ? 'warning' : undefined} labelId={`${id}-title`} />
      <ModalBody id={`${id}-body`}>
        <Form id={`${id}-form`} onSubmit={submit} noValidate>
          {children}
          {error && <Alert isInline component="p" variant="danger" title={error} data-test="dialog-error" />}
        </Form>
      </ModalBody>
      <ModalFooter>
        {!done && (
          <Button
            variant={isDanger ? 'danger' : 'primary'}
            type="submit"
            form={`${id}-form`}
            isDisabled={busy || isDisabled}
            isLoading={busy}
            data-test="dialog-send"
          >
            {action}
          </Button>
        )}
        <Button variant="link" onClick={close} data-test="dialog-close">
          {done ? t('Close') : t('Cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
};
