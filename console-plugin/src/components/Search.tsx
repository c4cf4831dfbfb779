/** A field to search by text, with a button that empties it. */
import type { FC } from 'react';
import { Button, TextInputGroup, TextInputGroupMain, TextInputGroupUtilities } from '@patternfly/react-core';
import { useLanguage, useT } from '../i18n';
import { count } from '../model/format';

interface Props {
  value: string;
  onChange: (text: string) => void;
  /** What is searched by. */
  label: string;
  /** How many were found. */
  found?: number;
  /** The id of a datalist to choose from. */
  list?: string;
  'data-test': string;
}

const Glyph: FC<{ path: string }> = ({ path }) => (
  <svg className="pf-v6-svg" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true">
    <path d={path} fill="none" stroke="currentColor" strokeWidth="2" />
  </svg>
);

const LENS = 'M10.5 10.5 15 15M11.5 6.5a5 5 0 1 1-10 0 5 5 0 0 1 10 0z';
const CROSS = 'M3 3l10 10M13 3 3 13';

export const Search: FC<Props> = ({ value, onChange, label, found, list, 'data-test': test }) => {
  const t = useT();
  const language = useLanguage();
  return (
    // As wide as what is written in it at first, within reason.
    <TextInputGroup style={{ minInlineSize: `min(${label.length + 4}ch, 19rem)` }}>
      <TextInputGroupMain
        icon={<Glyph path={LENS} />}
        value={value}
        onChange={(_event, text) => onChange(text)}
        placeholder={label}
        aria-label={label}
        inputProps={{ list, autoComplete: 'off', 'data-test': test }}
      />
      {value && (
        <TextInputGroupUtilities>
          {found !== undefined && <span className="bsls-found">{count(found, language)}</span>}
          <Button
            variant="plain"
            onClick={() => onChange('')}
            aria-label={t('Clear the search')}
            icon={<Glyph path={CROSS} />}
          />
        </TextInputGroupUtilities>
      )}
    </TextInputGroup>
  );
};
