/** An event's severity as an icon with a name. */
import type { FC } from 'react';
import { Icon } from '@patternfly/react-core';
import { ExclamationCircleIcon, ExclamationTriangleIcon, InfoCircleIcon } from '@patternfly/react-icons';
import type { Severity } from '../api';
import { useT } from '../i18n';
import type { T } from '../i18n';

export const severityWord = (t: T, severity: Severity): string => {
  switch (severity) {
    case 'info':
      return t('Information');
    case 'warning':
      return t('Warning');
    case 'error':
      return t('Error');
  }
};

export const SeverityIcon: FC<{ severity: Severity }> = ({ severity }) => {
  const t = useT();
  const label = severityWord(t, severity);
  return (
    <Icon status={severity === 'error' ? 'danger' : severity} isInline>
      {severity === 'error' && <ExclamationCircleIcon aria-label={label} role="img" />}
      {severity === 'warning' && <ExclamationTriangleIcon aria-label={label} role="img" />}
      {severity === 'info' && <InfoCircleIcon aria-label={label} role="img" />}
    </Icon>
  );
};
