/** One of a few: a filter with a select. */
import { useState } from 'react';
import { MenuToggle, Select, SelectList, SelectOption } from '@patternfly/react-core';

interface Props<V extends string> {
  /** What is chosen among, for who cannot see the place. */
  label: string;
  options: readonly { value: V; text: string }[];
  value: V;
  onChange: (value: V) => void;
  'data-test'?: string;
}

export function Choice<V extends string>({ label, options, value, onChange, ...rest }: Props<V>) {
  const [open, setOpen] = useState(false);
  const chosen = options.find((one) => one.value === value)?.text ?? value;
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      selected={value}
      onSelect={(_event, next) => {
        setOpen(false);
        onChange(next as V);
      }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={`${label}: ${chosen}`}
          data-test={rest['data-test']}
        >
          {chosen}
        </MenuToggle>
      )}
    >
      <SelectList aria-label={label}>
        {options.map((one) => (
          <SelectOption key={one.value} value={one.value}>
            {one.text}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}
