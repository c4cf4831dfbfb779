/** What can be done with a server, as far as the user may. */
import { lazy, Suspense, useState } from 'react';
import type { FC } from 'react';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useNavigate } from 'react-router';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { serverPath } from '../../model/paths';
import type { TabProps } from './context';
import { DeleteDialog } from './DeleteDialog';

const ConnectDialog = lazy(() => import('./ConnectDialog'));
const RefreshDialog = lazy(() => import('./RefreshDialog'));

type Dialog = 'connect' | 'refresh' | 'delete';

export const Actions: FC<TabProps> = ({ place, server, scope }) => {
  const t = useT();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<Dialog>();
  const access = useResource('/access', { query: { ...place } }, { namespace: place.namespace }, () => false);
  const may = access.data?.actions;
  if (!may) return null;
  const close = (): void => setDialog(undefined);
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        popperProps={{ position: 'right' }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="primary"
            isExpanded={open}
            onClick={() => setOpen(!open)}
            data-test="server-actions"
          >
            {t('Actions')}
          </MenuToggle>
        )}
      >
        <DropdownList>
          <DropdownItem onClick={() => setDialog('connect')} data-test="connect-vm">
            {t('Connect a VM')}
          </DropdownItem>
          {may.patchServer && (
            <DropdownItem onClick={() => setDialog('refresh')} data-test="refresh-users">
              {t('Refresh users')}
            </DropdownItem>
          )}
          {may.updateServer && (
            <DropdownItem onClick={() => void navigate(serverPath(place, 'yaml'))} data-test="edit-server">
              {t('Edit')}
            </DropdownItem>
          )}
          {may.deleteServer && (
            <DropdownItem isDanger onClick={() => setDialog('delete')} data-test="delete-server">
              {t('Delete')}
            </DropdownItem>
          )}
        </DropdownList>
      </Dropdown>
      {dialog === 'delete' && <DeleteDialog place={place} close={close} />}
      <Suspense fallback={null}>
        {dialog === 'connect' && <ConnectDialog place={place} server={server} scope={scope} close={close} />}
        {dialog === 'refresh' && <RefreshDialog place={place} scope={scope} close={close} />}
      </Suspense>
    </>
  );
};
