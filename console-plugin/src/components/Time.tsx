/** A moment, told as an age, with the full time for who points at it and for screen readers. */
import type { FC } from 'react';
import { useLanguage } from '../i18n';
import { absolute, relative } from '../model/format';
import { Hint } from './Hint';
import { useNow } from './now';

/** `at`: RFC 3339, or milliseconds. Nothing known is a dash. */
export const Time: FC<{ at: string | number | null | undefined }> = ({ at }) => {
  const now = useNow();
  const language = useLanguage();
  if (at === null || at === undefined) return <>–</>;
  const moment = typeof at === 'number' ? at : Date.parse(at);
  return (
    <Hint content={absolute(moment, language)}>
      <time dateTime={new Date(moment).toISOString()}>{relative(moment, now, language)}</time>
    </Hint>
  );
};
