/** How a snapshot came out, in one label: yellow for one that is there but not whole; a failed one is not there. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { Snapshot } from '../api';
import { useT } from '../i18n';
import { causeWord } from './cause';
import { Hint } from './Hint';

export const SnapshotState: FC<{ snapshot: Pick<Snapshot, 'complete' | 'cause' | 'errors'> }> = ({ snapshot }) => {
  const t = useT();
  const { complete, cause, errors } = snapshot;
  if (!complete)
    return (
      <Hint content={cause ? t('Incomplete: {{cause}}', { cause: causeWord(t, cause) }) : t('Incomplete')}>
        <Label status="warning" variant="outline" data-test="state-incomplete">
          {t('Incomplete')}
        </Label>
      </Hint>
    );
  if (errors)
    return (
      <Label status="warning" variant="outline" data-test="state-unread">
        {t('{{count}} files not read', { count: errors })}
      </Label>
    );
  return (
    <Label status="success" variant="outline" data-test="state-complete">
      {t('Complete')}
    </Label>
  );
};
