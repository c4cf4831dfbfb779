/** A state of health as a mark: shape and colour. */
import type { FC } from 'react';
import { HealthState } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/console-types';
import { Icon } from '@patternfly/react-core';
import {
  CheckCircleIcon,
  ExclamationCircleIcon,
  ExclamationTriangleIcon,
  InProgressIcon,
  UnknownIcon,
} from '@patternfly/react-icons';

const MARKS = {
  [HealthState.OK]: [CheckCircleIcon, 'success'],
  [HealthState.ERROR]: [ExclamationCircleIcon, 'danger'],
  [HealthState.WARNING]: [ExclamationTriangleIcon, 'warning'],
  [HealthState.PROGRESS]: [InProgressIcon, 'info'],
  [HealthState.UPDATING]: [InProgressIcon, 'info'],
} as const;

export const HealthMark: FC<{ state: HealthState }> = ({ state }) => {
  const [Mark, status] = MARKS[state as keyof typeof MARKS] ?? [UnknownIcon, undefined];
  return (
    <Icon status={status}>
      <Mark />
    </Icon>
  );
};
