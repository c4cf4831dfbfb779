/** The name of another object: typed, or picked where the user may list them. */
import { useState } from 'react';
import type { FC } from 'react';
import {
  HelperTextItem,
  InputGroup,
  InputGroupItem,
  MenuToggle,
  Select,
  SelectList,
  SelectOption,
  TextInput,
} from '@patternfly/react-core';
import { useT } from '../../i18n';
import { useField } from './context';
import { Frame, shown } from './Fields';
import type { FieldProps } from './Fields';
import { useOffers } from './useOffers';
import type { Kind, Offer } from './useOffers';

const Picker: FC<{
  label: string;
  path: string;
  chosen: string;
  offers: readonly Offer[];
  pick: (name: string) => void;
}> = (props) => {
  const { label, path, chosen, offers, pick } = props;
  const [open, setOpen] = useState(false);
  return (
    <Select
      isOpen={open}
      isScrollable
      onOpenChange={setOpen}
      selected={chosen}
      onSelect={(_event, name) => {
        setOpen(false);
        pick(String(name));
      }}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={label}
          data-test={`pick-${path}`}
        />
      )}
    >
      <SelectList aria-label={label}>
        {offers.map(({ name, note }) => (
          <SelectOption key={name} value={name} description={note}>
            {name}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
};

export const NameField: FC<FieldProps & { of: Kind; namespace: string }> = ({ of, namespace, kept, ...props }) => {
  const t = useT();
  const { value, set } = useField(props.path);
  const offers = useOffers(of, namespace);
  const name = shown(value);
  const chosen = offers?.find((one) => one.name === name);
  const missing = offers && name && !chosen;
  const hint = missing ? (
    <HelperTextItem variant="warning" data-test={`hint-${props.path}`}>
      {t('Not found in {{namespace}}. The server waits until it is there.', { namespace })}
    </HelperTextItem>
  ) : (
    chosen?.note && (
      <HelperTextItem variant={chosen.note === 'Available' ? 'success' : 'warning'} data-test={`hint-${props.path}`}>
        {t('Phase: {{phase}}', { phase: chosen.note })}
      </HelperTextItem>
    )
  );
  return (
    <Frame {...props} hint={hint}>
      {(given) => (
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput
              {...given}
              isRequired={props.isRequired}
              value={name}
              onChange={(_event, text) => set(props.path, text, kept)}
              autoComplete="off"
              spellCheck={false}
            />
          </InputGroupItem>
          {offers && offers.length > 0 && (
            <InputGroupItem>
              <Picker
                label={t('Choose: {{field}}', { field: props.label })}
                path={props.path}
                chosen={name}
                offers={offers}
                pick={(next) => set(props.path, next, kept)}
              />
            </InputGroupItem>
          )}
        </InputGroup>
      )}
    </Frame>
  );
};
