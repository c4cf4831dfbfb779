/** The parts of the form: what a server needs, and what it can do without, folded. */
import { useState } from 'react';
import type { FC, ReactNode } from 'react';
import { FormFieldGroupExpandable, FormFieldGroupHeader, FormSection } from '@patternfly/react-core';
import { useT } from '../../i18n';
import { isOf, useDraft } from './context';
import { EnumField, LinesField, NumberField, TextField } from './Fields';
import { NameField } from './NameField';
import type { Field, Section } from './sections';
import { Source } from './Source';
import { valueAt } from './values';

const USERS = 'spec.userManagement.source';
const ACCESS = 'spec.accessControl.source';
const LOCATION = 'spec.backupStorageLocation';
const PASSWORD = 'spec.repositoryPasswordSecret';

/** Paths that have a field here. */
export const SHOWN = [
  'metadata.name',
  'metadata.namespace',
  `${LOCATION}.name`,
  `${LOCATION}.namespace`,
  'spec.prefix',
  `${PASSWORD}.name`,
  `${PASSWORD}.key`,
  'spec.userManagement.driftPolicy',
  ...[USERS, ACCESS].flatMap((at) =>
    ['secret', 'configMap'].flatMap((kind) => [`${at}.${kind}.name`, `${at}.${kind}.key`]),
  ),
];

const OptionalField: FC<{ field: Field; namespace: string }> = ({ field: { path, label, as }, namespace }) => {
  switch (as) {
    case 'text':
      return <TextField path={path} label={label} />;
    case 'number':
      return <NumberField path={path} label={label} />;
    case 'enum':
      return <EnumField path={path} label={label} />;
    case 'lines':
      return <LinesField path={path} label={label} />;
    case 'tlsSecret':
      return <NameField path={path} label={label} of="tlsSecrets" namespace={namespace} />;
  }
};

/** A group that is folded; its heading tells when something in it is wrong. */
const Group: FC<{ title: string; paths: readonly string[]; children: ReactNode }> = ({ title, paths, children }) => {
  const t = useT();
  const { server, wrong } = useDraft();
  const [given] = useState(() => paths.some((path) => valueAt(server, path) !== undefined));
  const broken = wrong.some((one) => paths.some((path) => isOf(one.path, path)));
  return (
    <FormFieldGroupExpandable
      isExpanded={given}
      toggleAriaLabel={t('Details')}
      header={
        <FormFieldGroupHeader
          titleText={{ text: title, id: `bsls-create-${paths[0]}` }}
          titleDescription={broken ? t('Something is wrong here.') : undefined}
        />
      }
    >
      {children}
    </FormFieldGroupExpandable>
  );
};

export const Needed: FC<{ namespace: string; location: string }> = ({ namespace, location }) => {
  const t = useT();
  return (
    <>
      <FormSection title={t('Server')} titleElement="h2">
        <TextField
          path="metadata.name"
          label={t('Name')}
          help={t('Lower case letters, digits, “-” and “.”, with a letter or digit at both ends.')}
          isRequired
        />
        <TextField
          path="metadata.namespace"
          label={t('Namespace')}
          help={t('Its Secrets and ConfigMaps are here, too.')}
          isRequired
        />
      </FormSection>
      <FormSection title={t('Storage')} titleElement="h2">
        <NameField
          path={`${LOCATION}.name`}
          label={t('Backup storage location')}
          of="locations"
          namespace={location}
          isRequired
        />
        <TextField path={`${LOCATION}.namespace`} label={t('Namespace of the location')} />
        <TextField path="spec.prefix" label={t('Prefix')} />
      </FormSection>
      <FormSection title={t('Repository password')} titleElement="h2">
        <NameField
          path={`${PASSWORD}.name`}
          label={t('Secret of the password')}
          of="secrets"
          {...{ namespace }}
          isRequired
        />
        <TextField path={`${PASSWORD}.key`} label={t('Key of the password')} isRequired />
      </FormSection>
      <FormSection title={t('Users')} titleElement="h2">
        <Source path={USERS} namespace={namespace} label={t('Where the list of users is')} />
        <EnumField path="spec.userManagement.driftPolicy" label={t('When a tenant changes their password')} />
      </FormSection>
    </>
  );
};

export const Optional: FC<{ all: readonly Section[]; namespace: string }> = ({ all, namespace }) => {
  const t = useT();
  return (
    <FormSection title={t('Further settings')} titleElement="h2">
      {all.map(({ key, title, fields }) => (
        <Group key={key} title={title} paths={fields.map(({ path }) => path)}>
          {fields.map((field) => (
            <OptionalField key={field.path} field={field} namespace={namespace} />
          ))}
        </Group>
      ))}
      <Group title={t('Further access')} paths={[ACCESS]}>
        <Source path={ACCESS} namespace={namespace} label={t('Where the list of entries is')} optional />
      </Group>
    </FormSection>
  );
};
