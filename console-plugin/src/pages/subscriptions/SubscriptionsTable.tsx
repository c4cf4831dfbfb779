/** The table of the subscriptions: where they go, how they stand, what went wrong last. */
import { Fragment } from 'react';
import type { FC } from 'react';
import { Label } from '@patternfly/react-core';
import type { LabelProps } from '@patternfly/react-core';
import type { DeliveryState, SubscriptionItem } from '../../api';
import { Table, Tbody, Td, Th, Thead, Time, Tr } from '../../components';
import { useLanguage, useT } from '../../i18n';
import type { T } from '../../i18n';
import { count } from '../../model/format';
import { Actions } from './Actions';
import { DeadLetters } from './DeadLetters';

type Phase = DeliveryState['phase'];

const STATUS: Record<Phase, LabelProps['status']> = {
  active: 'success',
  paused: 'info',
  waiting: 'warning',
  refused: 'danger',
  gone: 'danger',
};

const phaseWord = (t: T, phase: Phase): string => {
  switch (phase) {
    case 'active':
      return t('Active');
    case 'paused':
      return t('Paused');
    case 'waiting':
      return t('Waiting');
    case 'refused':
      return t('Refused by the receiver');
    case 'gone':
      return t('Ended by the receiver');
  }
};

const State: FC<{ state: DeliveryState }> = ({ state: { phase, reason, current } }) => {
  const t = useT();
  return (
    <>
      <Label status={STATUS[phase]} variant="outline" isCompact data-test={`phase-${phase}`}>
        {phaseWord(t, phase)}
      </Label>
      {!current && phase !== 'paused' && (
        <div className="bsls-reason">{t('The last change is not in effect yet.')}</div>
      )}
      {reason && <div className="bsls-reason">{reason}</div>}
    </>
  );
};

const Deliveries: FC<{ state: DeliveryState }> = ({ state }) => {
  const t = useT();
  const language = useLanguage();
  return (
    <>
      {t('{{amount}} delivered', { amount: count(state.delivered, language) })}
      {state.lagBatches > 0 && (
        <div className="bsls-reason">
          {t('{{amount}} batches wait, the oldest:', {
            count: state.lagBatches,
            amount: count(state.lagBatches, language),
          })}{' '}
          <Time at={state.lagSince} />
        </div>
      )}
      {state.deadLetters > 0 && (
        <div className="bsls-reason">{t('{{amount}} given up', { amount: count(state.deadLetters, language) })}</div>
      )}
      {state.lostBatches > 0 && (
        <div className="bsls-reason">
          {t('{{amount}} batches were trimmed before they were delivered', {
            count: state.lostBatches,
            amount: count(state.lostBatches, language),
          })}
        </div>
      )}
    </>
  );
};

const LastError: FC<{ state: DeliveryState }> = ({ state }) => {
  const t = useT();
  const language = useLanguage();
  if (!state.error) return <>–</>;
  return (
    <>
      {state.error}
      <div className="bsls-reason">
        <Time at={state.lastError} /> ·{' '}
        {t('{{amount}} failed attempts', { count: state.failures, amount: count(state.failures, language) })}
      </div>
      {state.held.map((one) => (
        <div key={one.server} className="bsls-reason">
          {t('Held back: {{server}}', { server: one.server })}
        </div>
      ))}
    </>
  );
};

const Name: FC<{ item: SubscriptionItem; own: boolean }> = ({ item, own }) => {
  const t = useT();
  return (
    <>
      {item.name}
      {!own && <div className="bsls-reason">{item.owner ?? t('of the settings of the dispatcher')}</div>}
    </>
  );
};

interface Props {
  items: readonly SubscriptionItem[];
  /** Who looks; undefined: not known yet. */
  me: string | undefined;
  /** Something was done. */
  changed: () => void;
}

export const SubscriptionsTable: FC<Props> = ({ items, me, changed }) => {
  const t = useT();
  const isOwn = ({ source, owner }: SubscriptionItem): boolean => source === 'api' && owner === me;
  const headings = [
    t('Name'),
    t('Receiver'),
    t('State'),
    t('Deliveries'),
    t('Last success'),
    t('Last error'),
    t('Actions'),
  ];
  const [name = '', receiver = '', state = '', deliveries = '', success = '', error = '', actions = ''] = headings;
  return (
    <Table aria-label={t('Event subscriptions')} gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          {headings.map((one) => (
            <Th key={one}>{one}</Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {items.map((item) => (
          <Fragment key={`${item.owner ?? ''} ${item.name}`}>
            <Tr data-test={`subscription-${item.name}`}>
              <Td dataLabel={name}>
                <Name item={item} own={isOwn(item)} />
              </Td>
              <Td dataLabel={receiver} modifier="breakWord">
                {item.sink ?? '–'}
                {item.servers && item.servers.length > 0 && (
                  <div className="bsls-reason">{item.servers.join(', ')}</div>
                )}
              </Td>
              <Td dataLabel={state}>
                <div>
                  <State state={item.state} />
                </div>
              </Td>
              <Td dataLabel={deliveries}>
                <Deliveries state={item.state} />
              </Td>
              <Td dataLabel={success}>
                <Time at={item.state.lastSuccess} />
              </Td>
              <Td dataLabel={error} modifier="breakWord">
                <LastError state={item.state} />
              </Td>
              <Td dataLabel={actions}>{isOwn(item) ? <Actions item={item} changed={changed} /> : '–'}</Td>
            </Tr>
            {(isOwn(item) || item.source === 'settings') && <DeadLetters item={item} columns={headings.length} />}
          </Fragment>
        ))}
      </Tbody>
    </Table>
  );
};
