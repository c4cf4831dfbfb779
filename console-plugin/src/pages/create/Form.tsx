/** A new server, field by field. What is wrong is said at its field, and what has no field here is kept as it is. */
import { useMemo, useState } from 'react';
import type { FC, FormEvent } from 'react';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { ActionGroup, Alert, Button, Form, List, ListItem } from '@patternfly/react-core';
import { useNavigate } from 'react-router';
import { apiError, createServer } from '../../api';
import { useSettled } from '../../components';
import { useT } from '../../i18n';
import { useResource, useScope } from '../../live';
import { SERVERS, serverPath } from '../../model/paths';
import { DraftContext, isOf } from './context';
import type { Draft } from './context';
import { shown } from './Fields';
import { Needed, Optional, SHOWN } from './Parts';
import { sections } from './sections';
import { refusedFields, useChecked } from './useChecked';
import { schemaAt, valueAt, withValue } from './values';

const LOCATION = 'spec.backupStorageLocation.namespace';

/** What no field of the form can say; all of it once the user tried. */
const Summary: FC<{ wrong: Draft['wrong'] }> = ({ wrong }) => {
  const t = useT();
  return (
    <Alert
      isInline
      component="h2"
      variant="danger"
      title={t('It cannot be created like this')}
      data-test="create-wrong"
    >
      <List isPlain>
        {wrong.map(({ path, text }) => (
          <ListItem key={`${path} ${text}`}>{path ? `${path}: ${text}` : text}</ListItem>
        ))}
      </List>
    </Alert>
  );
};

/** The namespace of the location goes along with that of the server, as long as they are the same. */
const changed = (server: K8sResourceKind, path: string, value: unknown, kept?: string): K8sResourceKind => {
  const next = withValue(server, path, value, kept);
  return path === 'metadata.namespace' && valueAt(server, LOCATION) === valueAt(server, path)
    ? withValue(next, LOCATION, value)
    : next;
};

interface Props {
  server: K8sResourceKind;
  onChange: (server: K8sResourceKind) => void;
}

export const ServerForm: FC<Props> = ({ server, onChange }) => {
  const t = useT();
  const navigate = useNavigate();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const namespace = useSettled(shown(valueAt(server, 'metadata.namespace')));
  const location = useSettled(shown(valueAt(server, LOCATION) ?? schemaAt(LOCATION).default));
  const access = useResource('/access', { query: { namespace } }, useScope(), () => false);
  const denied = access.data?.actions.createServer === false;
  // Once the user tried, a dry run has nothing to add: after it was made, it would say that the name is taken.
  const { wrong, refuse } = useChecked(server, access.data?.actions.createServer === true && !tried);
  const all = useMemo(() => sections(t), [t]);
  const draft = useMemo(
    () => ({
      server,
      wrong,
      set: (path: string, value: unknown, kept?: string) => {
        setTried(false);
        onChange(changed(server, path, value, kept));
      },
    }),
    [server, wrong, onChange],
  );
  const fields = [...SHOWN, ...all.flatMap((one) => one.fields.map(({ path }) => path))];
  const told = tried ? wrong : wrong.filter(({ path }) => !fields.some((field) => isOf(path, field)));
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (wrong.length || busy) return;
    setBusy(true);
    try {
      await createServer(server);
      const { name = '' } = server.metadata ?? {};
      void navigate(serverPath({ namespace: server.metadata?.namespace ?? '', name }));
    } catch (error) {
      refuse(refusedFields(t, apiError(error)));
      setBusy(false);
    }
  };
  return (
    <DraftContext.Provider value={draft}>
      <Form isWidthLimited onSubmit={(event) => void submit(event)} data-test="create-form" noValidate>
        {denied && (
          <Alert
            isInline
            component="h2"
            variant="warning"
            title={t('You may not create file backup servers in {{namespace}}.', { namespace })}
          />
        )}
        <Needed namespace={namespace} location={location} />
        <Optional all={all} namespace={namespace} />
        {told.length > 0 && <Summary wrong={told} />}
        <ActionGroup>
          <Button type="submit" isDisabled={busy || denied} isLoading={busy} data-test="create">
            {t('Create')}
          </Button>
          <Button variant="link" onClick={() => void navigate(SERVERS)}>
            {t('Cancel')}
          </Button>
        </ActionGroup>
      </Form>
    </DraftContext.Provider>
  );
};
