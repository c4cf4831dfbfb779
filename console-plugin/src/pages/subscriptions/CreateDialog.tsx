/** A new subscription: where events go, and which. */
import { useState } from 'react';
import type { FC, ReactNode } from 'react';
import { FormSelect, FormSelectOption, TextArea, TextInput } from '@patternfly/react-core';
import { createSubscription } from '../../api';
import type { FieldError } from '../../api';
import { FieldFrame } from '../../components';
import type { FieldControl } from '../../components';
import { useT } from '../../i18n';
import { Dialog } from './Dialog';
import { EMPTY, fieldOf, toSend } from './draft';
import type { Draft, Events } from './draft';

interface FieldProps {
  label: string;
  help?: string;
  wrong: readonly string[];
  name: keyof Draft;
  isRequired?: boolean;
  children: (given: FieldControl) => ReactNode;
}

const Field: FC<FieldProps> = ({ name, ...props }) => (
  <FieldFrame {...props} tests={{ control: `new-${name}`, wrong: `new-wrong-${name}` }} />
);

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  wrong: (name: keyof Draft) => string[];
}

const Text: FC<
  PartProps & { name: 'name' | 'sink' | 'sql' | 'credentials'; label: string; help?: string; isRequired?: boolean }
> = (props) => {
  const { draft, set, wrong, name, label, help, isRequired } = props;
  return (
    <Field label={label} help={help} wrong={wrong(name)} name={name} isRequired={isRequired}>
      {(given) => (
        <TextInput
          {...given}
          isRequired={isRequired}
          value={draft[name]}
          onChange={(_event, text) => set({ [name]: text })}
          autoComplete="off"
          spellCheck={false}
        />
      )}
    </Field>
  );
};

const Which: FC<PartProps> = (part) => {
  const t = useT();
  const { draft, set, wrong } = part;
  const kinds: [Events, string][] = [
    ['all', t('All events')],
    ['snapshots', t('Snapshots')],
    ['problems', t('Warnings and errors')],
    ['own', t('A filter of your own')],
  ];
  return (
    <>
      <Field label={t('Events')} wrong={wrong('events')} name="events">
        {(given) => (
          <FormSelect {...given} value={draft.events} onChange={(_event, events) => set({ events: events as Events })}>
            {kinds.map(([value, label]) => (
              <FormSelectOption key={value} value={value} label={label} />
            ))}
          </FormSelect>
        )}
      </Field>
      {draft.events === 'own' && (
        <Text
          {...part}
          name="sql"
          label={t('Filter')}
          help={t('CloudEvents SQL, such as: severity = ‘error’ AND subject LIKE ‘%@vm-1’ – with straight quotes.')}
          isRequired
        />
      )}
      <Field
        label={t('Servers')}
        help={t('Namespace and name, such as backup/* – one a line. None: all that you may see.')}
        wrong={wrong('servers')}
        name="servers"
      >
        {(given) => (
          <TextArea {...given} value={draft.servers} rows={2} onChange={(_event, servers) => set({ servers })} />
        )}
      </Field>
      <Field
        label={t('Namespaces of VMs')}
        help={t('For those who may see tenants but no servers: whose events they want, one a line.')}
        wrong={wrong('vmNamespaces')}
        name="vmNamespaces"
      >
        {(given) => (
          <TextArea
            {...given}
            value={draft.vmNamespaces}
            rows={2}
            onChange={(_event, vmNamespaces) => set({ vmNamespaces })}
          />
        )}
      </Field>
      <Field label={t('Begin with')} wrong={wrong('start')} name="start">
        {(given) => (
          <FormSelect
            {...given}
            value={draft.start}
            onChange={(_event, start) => set({ start: start as Draft['start'] })}
          >
            <FormSelectOption value="now" label={t('What happens from now on')} />
            <FormSelectOption value="earliest" label={t('All that is still kept')} />
          </FormSelect>
        )}
      </Field>
    </>
  );
};

export const CreateDialog: FC<{ close: () => void; made: () => void }> = ({ close, made }) => {
  const t = useT();
  const [draft, setDraft] = useState(EMPTY);
  const [refused, setRefused] = useState<readonly FieldError[]>([]);
  const part: PartProps = {
    draft,
    set: (change) => {
      setDraft({ ...draft, ...change });
      setRefused(refused.filter((one) => !((fieldOf(one) ?? '') in change)));
    },
    wrong: (name) => refused.filter((one) => fieldOf(one) === name).map(({ message }) => message),
  };
  const send = async (): Promise<void> => {
    setRefused([]);
    await createSubscription(toSend(draft));
    close();
    made();
  };
  return (
    <Dialog
      title={t('Create subscription')}
      action={t('Create')}
      isDisabled={!draft.name.trim() || !draft.sink.trim() || (draft.events === 'own' && !draft.sql.trim())}
      send={send}
      close={close}
      onError={({ fields }) => {
        setRefused(fields);
        return fields.filter((one) => !fieldOf(one)).map(({ message }) => message);
      }}
    >
      <Text {...part} name="name" label={t('Name')} help={t('Lower case letters, digits and “-”.')} isRequired />
      <Text
        {...part}
        name="sink"
        label={t('URL of the receiver')}
        help={t('One that the administrator permits, without a user, password or query.')}
        isRequired
      />
      <Which {...part} />
      <Text
        {...part}
        name="credentials"
        label={t('Credentials')}
        help={t('Their name, where the administrator has configured some for this receiver. No secret is typed here.')}
      />
    </Dialog>
  );
};
