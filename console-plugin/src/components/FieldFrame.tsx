/** Around a control of a form: its label, and its help or what is wrong with it. */
import { useId } from 'react';
import type { FC, ReactNode } from 'react';
import { FormGroup, FormHelperText, HelperText, HelperTextItem } from '@patternfly/react-core';

/** For the control. */
export interface FieldControl {
  id: string;
  'aria-describedby': string;
  validated: 'error' | 'default';
  'data-test': string;
}

interface Props {
  label: string;
  isRequired?: boolean;
  help?: string;
  /** Beside the help, while nothing is wrong. */
  hint?: ReactNode;
  wrong: readonly string[];
  /** Of the control, and of each text that says what is wrong. */
  tests: { control: string; wrong: string };
  children: (given: FieldControl) => ReactNode;
}

export const FieldFrame: FC<Props> = ({ label, isRequired, help, hint, wrong, tests, children }) => {
  const id = useId();
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {children({
        id,
        'aria-describedby': `${id}-help`,
        validated: wrong.length ? 'error' : 'default',
        'data-test': tests.control,
      })}
      <FormHelperText>
        <HelperText id={`${id}-help`} isLiveRegion>
          {wrong.map((text) => (
            <HelperTextItem key={text} variant="error" data-test={tests.wrong}>
              {text}
            </HelperTextItem>
          ))}
          {!wrong.length && help && <HelperTextItem>{help}</HelperTextItem>}
          {!wrong.length && hint}
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
};
