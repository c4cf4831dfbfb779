/** Dialogs that pages open, above everything else. */
import { type ComponentType, type FC, Fragment, useCallback, useState } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { K8sResourceCommon } from '@openshift-console/dynamic-plugin-sdk';
import { getGroupVersionKindForResource } from '@openshift-console/dynamic-plugin-sdk/lib/utils/k8s/k8s-ref';
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { type To, useNavigate } from 'react-router';
import { useT } from '../i18n';
import { needModel } from '../k8s/models';
import { k8sDelete } from '../k8s/resources';
import { store, useStore } from '../store';

interface Open {
  id: number;
  Component: ComponentType<object>;
  props: object;
}

const overlays = store<readonly Open[]>([]);
let last = 0;

const open = (Component: unknown, props: (close: () => void) => object): void => {
  last += 1;
  const id = last;
  const close = (): void => overlays.set(overlays.get().filter((one) => one.id !== id));
  overlays.set([...overlays.get(), { id, Component: Component as ComponentType<object>, props: props(close) }]);
};

export const Overlays: FC = () => (
  <>
    {useStore(overlays).map(({ id, Component, props }) => (
      <Fragment key={id}>
        <Component {...props} />
      </Fragment>
    ))}
  </>
);

export const useOverlay: typeof Sdk.useOverlay = () =>
  useCallback((component, props) => open(component, (closeOverlay) => ({ ...props, closeOverlay })), []);

export const useModal: typeof Sdk.useModal = () =>
  useCallback((component, props) => open(component, (closeModal) => ({ ...props, closeModal })), []);

interface DeleteProps {
  resource: K8sResourceCommon;
  redirectTo?: To;
  message?: React.ReactNode;
  button?: React.ReactNode;
  closeOverlay: () => void;
}

const DeleteDialog: FC<DeleteProps> = ({ resource, redirectTo, message, button, closeOverlay }) => {
  const t = useT();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const { name, namespace } = resource.metadata ?? {};
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      const model = await needModel(getGroupVersionKindForResource(resource));
      if (!model) throw new Error(`The cluster has no ${resource.kind}.`);
      await k8sDelete({ model, resource });
      closeOverlay();
      if (redirectTo) void navigate(redirectTo);
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant="small" onClose={closeOverlay} aria-labelledby="bsls-host-delete">
      <ModalHeader
        title={t('Delete {{kind}}?', { kind: resource.kind })}
        titleIconVariant="warning"
        labelId="bsls-host-delete"
      />
      <ModalBody>
        {t('{{name}} in {{namespace}} will be deleted.', { name, namespace: namespace ?? '-' })} {message}
        {error && <Alert isInline component="p" variant="danger" title={error} />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          isLoading={busy}
          isDisabled={busy}
          onClick={() => void remove()}
          data-test="confirm-action"
        >
          {button ?? t('Delete')}
        </Button>
        <Button variant="link" onClick={closeOverlay}>
          {t('Cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
};

export const useDeleteModal: typeof Sdk.useDeleteModal = (resource, redirectTo, message, button) =>
  useCallback(
    () => open(DeleteDialog, (closeOverlay) => ({ resource, redirectTo, message, button, closeOverlay })),
    [resource, redirectTo, message, button],
  );
