/** Where a list is kept: a key of a Secret or of a ConfigMap, exactly one of them. */
import { useId } from 'react';
import type { FC } from 'react';
import { FormGroup, Radio } from '@patternfly/react-core';
import { useT } from '../../i18n';
import { useField } from './context';
import { TextField } from './Fields';
import { NameField } from './NameField';
import { isFields } from './schema';

const KINDS = ['secret', 'configMap'] as const;
type Kind = (typeof KINDS)[number];

interface Props {
  /** Of the source, such as `spec.userManagement.source`. */
  path: string;
  namespace: string;
  label: string;
  /** There may be none. */
  optional?: boolean;
}

export const Source: FC<Props> = ({ path, namespace, label, optional = false }) => {
  const t = useT();
  const id = useId();
  const { value, set } = useField(path);
  const source = isFields(value) ? value : {};
  const found = KINDS.find((one) => source[one] !== undefined);
  const kind = found ?? (optional ? undefined : 'secret');
  const words: Record<Kind, string> = { secret: t('Secret'), configMap: t('ConfigMap') };
  const choose = (next?: Kind): void => {
    const { secret, configMap, ...others } = source;
    set(path, next ? { ...others, [next]: secret ?? configMap ?? {} } : undefined, `${path}.${next ?? ''}`);
  };
  const at = kind && `${path}.${kind}`;
  return (
    <>
      <FormGroup role="radiogroup" label={label} fieldId={id} isInline data-test={`source-${path}`}>
        {optional && (
          <Radio id={`${id}-none`} name={id} label={t('None')} isChecked={!kind} onChange={() => choose()} />
        )}
        {KINDS.map((one) => (
          <Radio
            key={one}
            id={`${id}-${one}`}
            name={id}
            label={words[one]}
            isChecked={kind === one}
            onChange={() => choose(one)}
          />
        ))}
      </FormGroup>
      {at && (
        <>
          <NameField
            path={`${at}.name`}
            kept={at}
            label={t('{{kind}} of the list', { kind: words[kind] })}
            of={kind === 'secret' ? 'secrets' : 'configMaps'}
            namespace={namespace}
            isRequired
          />
          <TextField path={`${at}.key`} kept={at} label={t('Key of the list')} isRequired />
        </>
      )}
    </>
  );
};
