/** Numbers in the reader's language. Nothing known is a dash, which is not zero. */
import type { FC } from 'react';
import { useLanguage } from '../i18n';
import { bytes, count } from '../model/format';

export const Count: FC<{ value: number | null | undefined }> = ({ value }) => {
  const language = useLanguage();
  return <>{value === null || value === undefined ? '–' : count(value, language)}</>;
};

export const Bytes: FC<{ value: number | null | undefined }> = ({ value }) => {
  const language = useLanguage();
  return <>{value === null || value === undefined ? '–' : bytes(value, language)}</>;
};
