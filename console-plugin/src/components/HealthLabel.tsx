/** A server's health as a label: colour, icon and word. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { LabelProps } from '@patternfly/react-core';
import { useT } from '../i18n';
import type { T } from '../i18n';
import type { Health } from '../model/health';

const STATUS: Record<Health, LabelProps['status']> = {
  available: 'success',
  degraded: 'warning',
  unavailable: 'danger',
  progressing: 'info',
  deleting: undefined,
  unknown: undefined,
};

export const healthWord = (t: T, health: Health): string => {
  switch (health) {
    case 'available':
      return t('Available');
    case 'degraded':
      return t('Degraded');
    case 'unavailable':
      return t('Unavailable');
    case 'progressing':
      return t('In progress');
    case 'deleting':
      return t('Being deleted');
    case 'unknown':
      return t('Unknown');
  }
};

export const HealthLabel: FC<{ health: Health }> = ({ health }) => {
  const t = useT();
  return (
    <Label status={STATUS[health]} variant="outline" data-test={`health-${health}`}>
      {healthWord(t, health)}
    </Label>
  );
};
