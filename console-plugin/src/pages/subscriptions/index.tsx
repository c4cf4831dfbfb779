/** Push subscriptions: how their deliveries go, and what can be done with one's own. */
import { useEffect, useState } from 'react';
import type { FC } from 'react';
import { Button, Stack, StackItem, Switch } from '@patternfly/react-core';
import { Content, Empty, Page } from '../../components';
import { useT } from '../../i18n';
import { useResource, useScope } from '../../live';
import { CreateDialog } from './CreateDialog';
import { SubscriptionsTable } from './SubscriptionsTable';

/** No event tells of deliveries: so often it is asked how they stand, and while something is under way. */
const CALM_MS = 10_000;
const BUSY_MS = 2_000;
const never = (): boolean => false;

const useSubscriptions = (all: boolean) => {
  const found = useResource('/subscriptions', { query: { all: all || undefined } }, useScope(), never);
  const { data, error, loadedAt, retry } = found;
  const busy =
    data?.items.some(({ state }) => !state.current || state.lagBatches > 0 || state.redelivering > 0) ?? false;
  useEffect(() => {
    if (error || loadedAt === undefined) return undefined; // while it fails, the resource has its own pauses
    const timer = setTimeout(retry, busy ? BUSY_MS : CALM_MS);
    return () => clearTimeout(timer);
  }, [busy, error, loadedAt, retry]);
  return found;
};

const CreateButton: FC<{ open: () => void }> = ({ open }) => {
  const t = useT();
  return (
    <Button onClick={open} data-test="create-subscription">
      {t('Create subscription')}
    </Button>
  );
};

const None: FC<{ create: () => void }> = ({ create }) => {
  const t = useT();
  return (
    <Empty title={t('No event subscriptions')} actions={<CreateButton open={create} />}>
      {t(
        'A subscription sends what happens at file backup servers to a URL of yours, as CloudEvents over HTTP: to a chat, a ticket system, a SIEM. Begin with its name and the URL.',
      )}
    </Empty>
  );
};

const SubscriptionsPage: FC = () => {
  const t = useT();
  const [all, setAll] = useState(false);
  const [creating, setCreating] = useState(false);
  const access = useResource('/access', {}, useScope(), never);
  const found = useSubscriptions(all);
  const create = (): void => setCreating(true);
  return (
    <Page title={t('Event subscriptions')} actions={<CreateButton open={create} />}>
      <Stack hasGutter>
        {access.data?.sees.allServers && (
          <StackItem>
            <Switch
              label={t('Of everybody, and of the settings')}
              isChecked={all}
              onChange={(_event, checked) => setAll(checked)}
              data-test="everybody"
            />
          </StackItem>
        )}
        <StackItem>
          <Content resource={found}>
            {({ items }) =>
              items.length ? (
                <SubscriptionsTable items={items} me={access.data?.user.username} changed={found.retry} />
              ) : (
                <None create={create} />
              )
            }
          </Content>
        </StackItem>
      </Stack>
      {creating && <CreateDialog close={() => setCreating(false)} made={found.retry} />}
    </Page>
  );
};

export default SubscriptionsPage;
