/** How something came out: colour, icon and word. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { LabelProps } from '@patternfly/react-core';
import { useT } from '../i18n';
import type { T } from '../i18n';
import type { Outcome, Story } from '../model/story';

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

/** Of a tenant's session the same words as of the snapshot in it that is not whole. */
export const storyOutcomeWord = (t: T, { outcome, incomplete, errors }: Story): string => {
  if (outcome === 'warning' && incomplete) return t('Incomplete');
  if (outcome === 'warning' && errors) return t('{{count}} files not read', { count: errors });
  return outcomeWord(t, outcome);
};

export const OutcomeLabel: FC<{ story: Story }> = ({ story }) => {
  const t = useT();
  const { outcome } = story;
  return (
    <Label status={STATUS[outcome]} variant="outline" isCompact data-test={`outcome-${outcome}`}>
      {storyOutcomeWord(t, story)}
    </Label>
  );
};
