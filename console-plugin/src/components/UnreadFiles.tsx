/** The files that a snapshot could not read, and why: the first one, and the others that are known when asked for. */
import { useState } from 'react';
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import type { Unread } from '../api';
import { useT } from '../i18n';
import type { T } from '../i18n';
import { fileAndReason, reasonOf } from '../model/unread';

/** The same in a sentence: the first one, and how many more. `total`: of all, of which some are named. */
export const unreadText = (t: T, unread: readonly Unread[], total: number): string | undefined => {
  const [first] = unread;
  if (!first) return undefined;
  const path = fileAndReason(first);
  return total > 1 ? t('{{path}} and {{count}} more', { path, count: total - 1 }) : path;
};

export const UnreadFiles: FC<{ unread: readonly Unread[]; total: number }> = ({ unread, total }) => {
  const t = useT();
  const [open, setOpen] = useState(false);
  if (!unread.length) return null;
  const unnamed = total - unread.length;
  return (
    <div className="bsls-reason" data-test="unread">
      <ul>
        {(open ? unread : unread.slice(0, 1)).map(({ path, error }, index) => (
          // The client may name one twice.
          <li key={`${index} ${path}`} title={error}>
            <code>{path}</code> {reasonOf({ error })}
          </li>
        ))}
        {open && unnamed > 0 && <li>{t('{{count}} more that Kopia does not name', { count: unnamed })}</li>}
      </ul>
      {unread.length > 1 && (
        <Button variant="link" isInline aria-expanded={open} onClick={() => setOpen(!open)} data-test="unread-more">
          {open ? t('Show less') : t('Show {{count}} more', { count: total - 1 })}
        </Button>
      )}
    </div>
  );
};
