/** Whether a tenant is backed up, in one label. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { Tenant } from '../api';
import { useT } from '../i18n';

export const TenantState: FC<{ tenant: Tenant }> = ({ tenant }) => {
  const t = useT();
  if (tenant.overdue)
    return (
      <Label status="danger" variant="outline" data-test="tenant-overdue">
        {t('Overdue')}
      </Label>
    );
  if (!tenant.snapshots.lastTime)
    return (
      <Label variant="outline" data-test="tenant-none">
        {t('No snapshot yet')}
      </Label>
    );
  return (
    <Label status="success" variant="outline" data-test="tenant-fine">
      {t('Backed up')}
    </Label>
  );
};
