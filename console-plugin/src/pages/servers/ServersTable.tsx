/** The table of the servers: one row each, columns that sort. */
import { memo, useDeferredValue } from 'react';
import type { FC, ReactNode } from 'react';
import { Link } from 'react-router';
import { Label } from '@patternfly/react-core';
import { Count, HealthLabel, Hint, Table, Tbody, Td, Th, Thead, Time, Tr, useNow, useSlots } from '../../components';
import { useT } from '../../i18n';
import type { T } from '../../i18n';
import { serverPath } from '../../model/paths';
import { COLUMNS, same } from './rows';
import type { Column, Order, Row } from './rows';

const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 30 * DAY_MS;

const heading = (t: T, column: Column): string => {
  switch (column) {
    case 'name':
      return t('Name');
    case 'health':
      return t('Health');
    case 'repository':
      return t('Repository');
    case 'tls':
      return t('Certificate ends');
    case 'tenants':
      return t('Tenants');
    case 'overdue':
      return t('Overdue');
    case 'lastSnapshot':
      return t('Last snapshot');
    case 'sessions':
      return t('Sessions now');
  }
};

const repositoryWord = (t: T, status: string | undefined): string => {
  if (status === 'Initialized') return t('Initialized');
  if (status === 'NotInitialized') return t('Not initialized');
  if (status === 'Error') return t('Error');
  return '–';
};

const Health: FC<{ row: Row }> = ({ row }) => {
  const label = <HealthLabel health={row.health} />;
  if (row.health === 'available' || !(row.message ?? row.reason)) return label;
  return <Hint content={row.message ?? row.reason}>{label}</Hint>;
};

const Certificate: FC<{ notAfter?: number }> = ({ notAfter }) => {
  const now = useNow();
  const time = <Time at={notAfter} />;
  if (notAfter === undefined || notAfter - now > EXPIRES_SOON_MS) return time;
  return <Label status={notAfter < now ? 'danger' : 'warning'}>{time}</Label>;
};

const cell = (t: T, row: Row, column: Column): ReactNode => {
  switch (column) {
    case 'name':
      return (
        <>
          <Link to={serverPath(row)}>{row.name}</Link>
          <div className="bsls-namespace">{row.namespace}</div>
        </>
      );
    case 'health':
      return <Health row={row} />;
    case 'repository':
      return repositoryWord(t, row.repository);
    case 'tls':
      return <Certificate notAfter={row.tlsNotAfter} />;
    case 'overdue':
      return row.overdue ? (
        <Label status="danger">
          <Count value={row.overdue} />
        </Label>
      ) : (
        <Count value={row.overdue} />
      );
    case 'lastSnapshot':
      return <Time at={row.lastSnapshot} />;
    case 'tenants':
      return <Count value={row.tenants} />;
    case 'sessions':
      return (
        <>
          <Count value={row.sessions} />
          {row.asOf !== undefined && (
            <div className="bsls-namespace" data-test="as-of">
              {t('Loaded')} <Time at={row.asOf} />
            </div>
          )}
        </>
      );
  }
};

const RowOf: FC<{ row: Row }> = ({ row }) => {
  const t = useT();
  return (
    <Tr data-test={`server-${row.key}`}>
      {COLUMNS.map((column) => (
        <Td key={column} dataLabel={heading(t, column)}>
          {cell(t, row, column)}
        </Td>
      ))}
    </Tr>
  );
};

// Rows are made anew of what the API tells: most of them say what they said before.
const ShownRow = memo(RowOf, (a, b) => same(a.row, b.row));

export const ServersTable: FC<{ rows: readonly Row[]; order: Order; onOrder: (order: Order) => void }> = ({
  rows,
  order,
  onOrder,
}) => {
  const t = useT();
  const shown = useDeferredValue(rows); // another page is drawn without holding up the reader
  const slotOf = useSlots(shown.map((row) => row.key));
  return (
    <Table aria-label={t('File backup servers')} gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          {COLUMNS.map((column) => (
            <Th
              key={column}
              sort={
                column === 'sessions'
                  ? undefined
                  : {
                      direction: order.column === column ? order.direction : undefined,
                      onSort: (direction) => onOrder({ column, direction }),
                    }
              }
            >
              {heading(t, column)}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {shown.map((row) => (
          <ShownRow key={slotOf(row.key)} row={row} />
        ))}
      </Tbody>
    </Table>
  );
};
