/** What the owner can do with a subscription. */
import { useState } from 'react';
import type { FC } from 'react';
import { Alert, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { changeSubscription } from '../../api';
import type { SubscriptionChange, SubscriptionItem } from '../../api';
import { useSending } from '../../components';
import { useT } from '../../i18n';
import { DeleteDialog } from './DeleteDialog';
import { RedeliverDialog } from './RedeliverDialog';

interface Props {
  item: SubscriptionItem;
  changed: () => void;
}

export const Actions: FC<Props> = ({ item, changed }) => {
  const t = useT();
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<'delete' | 'redeliver'>();
  const { busy, error, send } = useSending();
  const { phase } = item.state;
  const change = (to: SubscriptionChange): Promise<void> =>
    send(async () => {
      await changeSubscription(item.name, to);
      changed();
    });
  const resumes = phase === 'paused' || phase === 'gone';
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
            variant="plain"
            isExpanded={open}
            isDisabled={busy}
            onClick={() => setOpen(!open)}
            aria-label={t('Actions of {{name}}', { name: item.name })}
            icon={<EllipsisVIcon />}
            data-test={`actions-${item.name}`}
          />
        )}
      >
        <DropdownList>
          <DropdownItem onClick={() => void change({ paused: !resumes })} data-test={resumes ? 'resume' : 'pause'}>
            {resumes ? t('Resume') : t('Pause')}
          </DropdownItem>
          <DropdownItem
            onClick={() => void change({})}
            description={t('Your groups are those of now.')}
            data-test="confirm"
          >
            {t('Confirm')}
          </DropdownItem>
          <DropdownItem onClick={() => setDialog('redeliver')} data-test="redeliver">
            {t('Deliver once more…')}
          </DropdownItem>
          <DropdownItem isDanger onClick={() => setDialog('delete')} data-test="delete">
            {t('Delete')}
          </DropdownItem>
        </DropdownList>
      </Dropdown>
      {error && <Alert isInline isPlain component="p" variant="danger" title={error} data-test="action-error" />}
      {dialog === 'delete' && <DeleteDialog name={item.name} close={() => setDialog(undefined)} deleted={changed} />}
      {dialog === 'redeliver' && (
        <RedeliverDialog
          name={item.name}
          position={item.state.position ?? ''}
          close={() => setDialog(undefined)}
          done={changed}
        />
      )}
    </>
  );
};
