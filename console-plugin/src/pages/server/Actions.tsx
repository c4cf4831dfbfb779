/** What can be done with a server, as far as the user may. */
import { useState } from 'react';
import type { FC } from 'react';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useNavigate } from 'react-router';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { serverPath } from '../../model/paths';
import type { ServerName } from '../../model/paths';
import { DeleteDialog } from './DeleteDialog';

export const Actions: FC<{ place: ServerName }> = ({ place }) => {
  const t = useT();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const access = useResource('/access', { query: { ...place } }, { namespace: place.namespace }, () => false);
  const may = access.data?.actions;
  if (!may || !(may.updateServer || may.deleteServer)) return null;
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
          {may.updateServer && (
            <DropdownItem onClick={() => void navigate(serverPath(place, 'yaml'))} data-test="edit-server">
              {t('Edit')}
            </DropdownItem>
          )}
          {may.deleteServer && (
            <DropdownItem isDanger onClick={() => setDeleting(true)} data-test="delete-server">
              {t('Delete')}
            </DropdownItem>
          )}
        </DropdownList>
      </Dropdown>
      {deleting && <DeleteDialog place={place} close={() => setDeleting(false)} />}
    </>
  );
};
