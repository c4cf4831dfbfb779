/** Whether a tenant is backed up, in one label: yellow where the newest snapshots are there but not whole. */
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { Tenant } from '../api';
import { useT } from '../i18n';
import { Time } from './Time';

/** `since`: tell also since when a tenant is overdue, where nothing around says so. */
export const TenantState: FC<{ tenant: Tenant; since?: boolean }> = ({ tenant, since }) => {
  const t = useT();
  const { overdue, overdueSince, snapshots, unreadFiles } = tenant;
  if (overdue)
    return (
      <Label status="danger" variant="outline" data-test="tenant-overdue">
        {snapshots.lastTime ? t('Overdue') : t('Overdue: no snapshot yet')}
        {since && overdueSince && (
          <>
            , <Time at={overdueSince} />
          </>
        )}
      </Label>
    );
  if (!snapshots.lastTime)
    return (
      <Label variant="outline" data-test="tenant-none">
        {t('No snapshot yet')}
      </Label>
    );
  if (unreadFiles)
    return (
      <Label status="warning" variant="outline" data-test="tenant-unread">
        {t('Backed up, {{count}} files not read', { count: unreadFiles })}
      </Label>
    );
  return (
    <Label status="success" variant="outline" data-test="tenant-fine">
      {t('Backed up')}
    </Label>
  );
};
