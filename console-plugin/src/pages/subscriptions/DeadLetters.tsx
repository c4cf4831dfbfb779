/** What a subscription gave up: the newest of it, once somebody wants to see it. */
import { useEffect, useId, useState } from 'react';
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import { eventName } from '../../api';
import type { DeadLetter, ServerEvent, SubscriptionItem } from '../../api';
import { Content, Count, Loading, Table, Tbody, Td, Th, Thead, Time, Tr } from '../../components';
import { useLanguage, useT } from '../../i18n';
import { useResource, useScope } from '../../live';
import { count } from '../../model/format';
import './subscriptions.css';

const SHOWN = 10;
const never = (): boolean => false;

/** What was given up is kept as it was: of an event that is none, nothing is known. */
const partsOf = (event: unknown): Partial<ServerEvent> => (typeof event === 'object' && event !== null ? event : {});

const What: FC<{ letter: DeadLetter }> = ({ letter: { kind, event, count: batches } }) => {
  const t = useT();
  const language = useLanguage();
  if (kind === 'gap')
    return batches ? (
      <>
        {t('{{amount}} batches were trimmed before they were delivered', {
          count: batches,
          amount: count(batches, language),
        })}
      </>
    ) : (
      <>{t('Events that nobody knows any more')}</>
    );
  const { id, type } = partsOf(event);
  return (
    <>
      {type === undefined ? '–' : eventName({ type })}
      {id !== undefined && (
        <div className="bsls-reason">
          <code>{id}</code>
        </div>
      )}
    </>
  );
};

const Row: FC<{ letter: DeadLetter }> = ({ letter }) => {
  const t = useT();
  const { server, reason, time, attempts, event } = letter;
  return (
    <Tr data-test={`dead-letter-${letter.id}`}>
      <Td dataLabel={t('Given up')} modifier="nowrap">
        <Time at={time} />
      </Td>
      <Td dataLabel={t('Event')} modifier="breakWord">
        <What letter={letter} />
      </Td>
      <Td dataLabel={t('Subject')} modifier="breakWord">
        {partsOf(event).subject ?? '–'}
        {server && <div className="bsls-reason">{server}</div>}
      </Td>
      <Td dataLabel={t('Attempts')}>
        <Count value={attempts} />
      </Td>
      <Td dataLabel={t('Reason')} modifier="breakWord">
        {reason}
      </Td>
    </Tr>
  );
};

const Newest: FC<{ item: SubscriptionItem }> = ({ item: { name, source, state } }) => {
  const t = useT();
  const language = useLanguage();
  const { deadLetters, dropped } = state;
  const query = { limit: SHOWN, order: 'desc' as const, ...(source === 'settings' && { source }) };
  const found = useResource('/subscriptions/{name}/dead-letters', { parameters: { name }, query }, useScope(), never);
  const { retry } = found;
  // No event tells of a new one: the state does. Old ones that had to go for it leave the number as it was.
  useEffect(retry, [retry, deadLetters, dropped]);
  return (
    <Content resource={found} loading={<Loading rows={3} />} small>
      {({ items, next }) =>
        items.length ? (
          <>
            <Table aria-label={t('Given up by {{name}}', { name })} gridBreakPoint="grid-lg">
              <Thead>
                <Tr>
                  {[t('Given up'), t('Event'), t('Subject'), t('Attempts'), t('Reason')].map((one) => (
                    <Th key={one}>{one}</Th>
                  ))}
                </Tr>
              </Thead>
              <Tbody>
                {items.map((one) => (
                  <Row key={one.id} letter={one} />
                ))}
              </Tbody>
            </Table>
            {next && (
              <p className="bsls-reason">
                {t('The newest of {{amount}}. The API lists all of them.', { amount: count(deadLetters, language) })}
              </p>
            )}
          </>
        ) : (
          <p className="bsls-reason">{t('Nothing that you may see is left of it.')}</p>
        )
      }
    </Content>
  );
};

/** `columns`: of the table that this is a line of. Nothing was given up: no line. */
export const DeadLetters: FC<{ item: SubscriptionItem; columns: number }> = ({ item, columns }) => {
  const t = useT();
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { name, state } = item;
  if (!state.deadLetters) return null;
  return (
    <tr className="pf-v6-c-table__tr" data-test={`dead-letters-${name}`}>
      <td className="pf-v6-c-table__td" colSpan={columns}>
        <Button
          variant="link"
          isInline
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
          data-test="dead-letters-toggle"
        >
          {open
            ? t('Hide what {{name}} gave up', { name })
            : t('Show what {{name}} gave up ({{amount}})', { name, amount: count(state.deadLetters, language) })}
        </Button>
        <div id={id} className="bsls-given-up">
          {open && <Newest item={item} />}
        </div>
      </td>
    </tr>
  );
};
