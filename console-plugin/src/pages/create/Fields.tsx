/** Fields of the form: what they are about, their limits and values come from the CRD. */
import { useState } from 'react';
import type { FC, ReactNode } from 'react';
import { FormSelect, FormSelectOption, TextArea, TextInput } from '@patternfly/react-core';
import { FieldFrame } from '../../components';
import type { FieldControl } from '../../components';
import { useT } from '../../i18n';
import { useField } from './context';
import { schemaAt } from './values';

export interface FieldProps {
  path: string;
  label: string;
  isRequired?: boolean;
  /** Stays though all within it goes. */
  kept?: string;
}

interface FrameProps extends Pick<FieldProps, 'path' | 'label' | 'isRequired'> {
  /** Instead of what the CRD says of it. */
  help?: string;
  /** Beside the help, while nothing is wrong. */
  hint?: ReactNode;
  children: (given: FieldControl) => ReactNode;
}

/** Label, help or what is wrong, and between them the control. */
export const Frame: FC<FrameProps> = ({ path, help, ...props }) => {
  const { faults } = useField(path);
  return (
    <FieldFrame
      {...props}
      help={help ?? schemaAt(path).description}
      wrong={[...new Set(faults.map(({ text }) => text))]}
      tests={{ control: `field-${path}`, wrong: `wrong-${path}` }}
    />
  );
};

export const shown = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : value === undefined
      ? ''
      : JSON.stringify(value);

export const TextField: FC<FieldProps & { help?: string }> = ({ kept, ...props }) => {
  const { value, set } = useField(props.path);
  return (
    <Frame {...props}>
      {(given) => (
        <TextInput
          {...given}
          isRequired={props.isRequired}
          value={shown(value)}
          onChange={(_event, text) => set(props.path, text, kept)}
          autoComplete="off"
          spellCheck={false}
          placeholder={shown(schemaAt(props.path).default)}
        />
      )}
    </Frame>
  );
};

/** A whole number; what is none stays as it was typed, and is told. */
export const NumberField: FC<FieldProps> = ({ kept, ...props }) => {
  const { value, set } = useField(props.path);
  const of = schemaAt(props.path);
  return (
    <Frame {...props}>
      {(given) => (
        <TextInput
          {...given}
          inputMode="numeric"
          value={shown(value)}
          onChange={(_event, text) => set(props.path, /^-?\d{1,15}$/.test(text) ? Number(text) : text, kept)}
          autoComplete="off"
          placeholder={shown(of.default)}
        />
      )}
    </Frame>
  );
};

/** One of the values that the CRD has; none is its default. */
export const EnumField: FC<FieldProps> = ({ kept, ...props }) => {
  const t = useT();
  const { value, set } = useField(props.path);
  const of = schemaAt(props.path);
  const values = of.enum ?? [];
  const none = of.default === undefined ? t('Not set') : t('{{value}} (default)', { value: shown(of.default) });
  const strange = value !== undefined && !values.includes(shown(value));
  return (
    <Frame {...props}>
      {({ ...given }) => (
        <FormSelect {...given} value={shown(value)} onChange={(_event, next) => set(props.path, next, kept)}>
          <FormSelectOption value="" label={none} />
          {strange && <FormSelectOption value={shown(value)} label={shown(value)} />}
          {values.map((one) => (
            <FormSelectOption key={one} value={one} label={one} />
          ))}
        </FormSelect>
      )}
    </Frame>
  );
};

const lines = (value: unknown): string => (Array.isArray(value) ? value.map(shown).join('\n') : shown(value));
const listOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** A list, one entry a line. */
export const LinesField: FC<FieldProps> = (props) => {
  const { value, set } = useField(props.path);
  const [typed, setTyped] = useState(lines(value)); // with lines that are still empty
  const text = lines(value) === listOf(typed).join('\n') ? typed : lines(value);
  const change = (next: string): void => {
    setTyped(next);
    const list = listOf(next);
    set(props.path, list.length ? list : undefined);
  };
  return (
    <Frame {...props}>
      {(given) => (
        <TextArea
          {...given}
          value={text}
          onChange={(_event, next) => change(next)}
          rows={3}
          resizeOrientation="vertical"
          spellCheck={false}
        />
      )}
    </Frame>
  );
};
