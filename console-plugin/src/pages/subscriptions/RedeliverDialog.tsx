/** Delivers once more what was delivered before: since a time, or from a position of the stream on. */
import { useId, useState } from 'react';
import type { FC } from 'react';
import { Alert, FormGroup, FormHelperText, HelperText, HelperTextItem, Radio, TextInput } from '@patternfly/react-core';
import { redeliver } from '../../api';
import type { Redelivered } from '../../api';
import { useT } from '../../i18n';
import { Dialog } from './Dialog';

type From = 'since' | 'position';

interface Props {
  name: string;
  /** Up to which all is settled. */
  position: string;
  close: () => void;
  done: () => void;
}

const Result: FC<{ result: Redelivered }> = ({ result: { first, complete } }) => {
  const t = useT();
  const title = !first
    ? t('There is nothing to deliver from there on.')
    : complete
      ? t('All from {{position}} on is delivered once more.', { position: first })
      : t('From {{position}} on all is delivered once more; what is older is no longer kept.', { position: first });
  return (
    <Alert
      isInline
      component="p"
      variant={first && complete ? 'success' : 'warning'}
      title={title}
      data-test="redelivered"
    />
  );
};

export const RedeliverDialog: FC<Props> = ({ name, position, close, done }) => {
  const t = useT();
  const id = useId();
  const [from, setFrom] = useState<From>('since');
  const [typed, setTyped] = useState<Record<From, string>>({ since: '2h', position });
  const [result, setResult] = useState<Redelivered>();
  const text = typed[from].trim();
  const send = async (): Promise<void> => {
    setResult(await redeliver(name, { [from]: text }));
    done();
  };
  const kinds: [From, string, string][] = [
    ['since', t('Since a time'), t('A time such as 2026-11-28T22:00:00Z, or an age such as 2h.')],
    [
      'position',
      t('From a position on'),
      t('The id of an event in the live stream; at first, that up to which all is settled.'),
    ],
  ];
  const help = kinds.find(([one]) => one === from)?.[2];
  return (
    <Dialog
      title={t('Deliver once more: {{name}}', { name })}
      action={t('Deliver')}
      isDisabled={!text}
      send={send}
      close={close}
      done={result !== undefined}
    >
      {result ? (
        <Result result={result} />
      ) : (
        <>
          <FormGroup role="radiogroup" label={t('From where')} fieldId={id} isInline>
            {kinds.map(([one, label]) => (
              <Radio
                key={one}
                id={`${id}-${one}`}
                name={id}
                label={label}
                isChecked={from === one}
                onChange={() => setFrom(one)}
              />
            ))}
          </FormGroup>
          <FormGroup label={from === 'since' ? t('Time') : t('Position')} fieldId={`${id}-text`} isRequired>
            <TextInput
              id={`${id}-text`}
              value={typed[from]}
              onChange={(_event, next) => setTyped({ ...typed, [from]: next })}
              aria-describedby={`${id}-help`}
              autoComplete="off"
              data-test="redeliver-from"
            />
            <FormHelperText>
              <HelperText id={`${id}-help`}>
                <HelperTextItem>{help}</HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
        </>
      )}
    </Dialog>
  );
};
