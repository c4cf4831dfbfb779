/** A dialog that sends a form: its buttons, and what went wrong. */
import { useId, useState } from 'react';
import type { FC, FormEvent, ReactNode } from 'react';
import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { apiError } from '../../api';
import type { ApiError } from '../../api';
import { errorSentence } from '../../components';
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
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || isDisabled) return;
    setBusy(true);
    setError('');
    try {
      await send();
    } catch (caught) {
      const known = apiError(caught);
      setError([errorSentence(t, known), ...(onError?.(known) ?? [])].join(' '));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby={`${id}-title`} aria-describedby={`${id}-body`}>
      <ModalHeader title={title} titleIconVariant={isDanger ? 'warning' : undefined} labelId={`${id}-title`} />
      <ModalBody id={`${id}-body`}>
        <Form id={`${id}-form`} onSubmit={(event) => void submit(event)} noValidate>
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
