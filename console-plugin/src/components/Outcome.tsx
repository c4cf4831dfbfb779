/** How something came out: colour, icon and word. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { LabelProps } from '@patternfly/react-core';
import { useT } from '../i18n';
import type { T } from '../i18n';
import type { Outcome } from '../model/story';

const STATUS: Record<Outcome, LabelProps['status']> = {
  failed: 'danger',
  warning: 'warning',
  running: 'info',
  done: 'success',
};

export const outcomeWord = (t: T, outcome: Outcome): string => {
  switch (outcome) {
    case 'failed':
      return t('Failed');
    case 'warning':
      return t('With warnings');
    case 'running':
      return t('In progress');
    case 'done':
      return t('Done');
  }
};

export const OutcomeLabel: FC<{ outcome: Outcome }> = ({ outcome }) => {
  const t = useT();
  return (
    <Label status={STATUS[outcome]} variant="outline" isCompact data-test={`outcome-${outcome}`}>
      {outcomeWord(t, outcome)}
    </Label>
  );
};
