/** The table of the snapshots: one row each, each with the way to its trace. */
import { memo, useDeferredValue, useState } from 'react';
import type { ComponentProps, FC } from 'react';
import { Link, useNavigate } from 'react-router';
import { Button } from '@patternfly/react-core';
import type { Snapshot } from '../../api';
import {
  Bytes,
  Count,
  SnapshotState,
  Table,
  Tbody,
  Td,
  Th,
  Thead,
  Time,
  Tr,
  useSending,
  useSlots,
  UnreadFiles,
} from '../../components';
import type { Sorting } from '../../components';
import { useLanguage, useT } from '../../i18n';
import { duration } from '../../model/format';
import { tenantPath, tracePath } from '../../model/paths';
import type { ServerName } from '../../model/paths';
import { traceOf } from './snapshotTrace';

export type Sort = 'startTime' | 'endTime' | 'sizeBytes';

const Trace: FC<{ place: ServerName; snapshot: Snapshot }> = ({ place, snapshot }) => {
  const t = useT();
  const navigate = useNavigate();
  const { busy, error, send } = useSending();
  const [gone, setGone] = useState(false);
  const open = (): Promise<void> =>
    send(async () => {
      const trace = await traceOf(place, snapshot);
      setGone(!trace);
      if (trace) void navigate(tracePath(place, trace));
    });
  const told = error || (gone && t('The events of that time are no longer kept.'));
  return (
    <>
      <Button
        variant="link"
        isInline
        isLoading={busy}
        onClick={() => void open()}
        aria-label={t('Trace of the snapshot of {{path}} by {{user}}', { path: snapshot.path, user: snapshot.user })}
        data-test="open-trace"
      >
        {t('Trace')}
      </Button>
      {told && (
        <div className="bsls-subtle" role="status">
          {told}
        </div>
      )}
    </>
  );
};

const lasted = ({ startTime, endTime }: Snapshot): number | undefined =>
  startTime && endTime ? (Date.parse(endTime) - Date.parse(startTime)) / 1000 : undefined;

const RowOf: FC<{ place: ServerName; snapshot: Snapshot }> = ({ place, snapshot }) => {
  const t = useT();
  const language = useLanguage();
  const seconds = lasted(snapshot);
  return (
    <Tr data-test={`snapshot-${snapshot.snapshot}`}>
      <Td dataLabel={t('Tenant')}>
        <Link to={tenantPath(place, snapshot.user)}>{snapshot.user}</Link>
      </Td>
      <Td dataLabel={t('Path')} modifier="breakWord">
        {snapshot.path}
      </Td>
      <Td dataLabel={t('State')}>
        <div>
          <SnapshotState snapshot={snapshot} />
          {snapshot.errors === 0 && snapshot.ignoredErrors > 0 && (
            <div className="bsls-reason">
              {t('{{count}} errors ignored, as the policy says', { count: snapshot.ignoredErrors })}
            </div>
          )}
          <UnreadFiles
            key={snapshot.snapshot}
            unread={snapshot.unread ?? []}
            total={snapshot.errors + snapshot.ignoredErrors}
          />
        </div>
      </Td>
      <Td dataLabel={t('Started')}>
        <Time at={snapshot.startTime} />
      </Td>
      <Td dataLabel={t('Duration')}>{seconds === undefined ? '–' : duration(seconds, language)}</Td>
      <Td dataLabel={t('Size')}>
        <Bytes value={snapshot.sizeBytes} />
      </Td>
      <Td dataLabel={t('Files')}>
        <Count value={snapshot.files} />
      </Td>
      <Td dataLabel={t('Trace')}>
        <Trace key={snapshot.snapshot} place={place} snapshot={snapshot} />
      </Td>
    </Tr>
  );
};

const Row = memo(RowOf, (a, b) => a.snapshot === b.snapshot && a.place.name === b.place.name);

interface Props {
  place: ServerName;
  rows: readonly Snapshot[];
  sort: Sort;
  order: 'asc' | 'desc';
  onOrder: (change: { sort: Sort; order: 'asc' | 'desc' }) => void;
  at: Partial<ComponentProps<typeof Tbody>>;
}

export const SnapshotsTable: FC<Props> = ({ place, rows, sort, order, onOrder, at }) => {
  const t = useT();
  const shown = useDeferredValue(rows); // another page is drawn without holding up the reader
  const slotOf = useSlots(shown.map((row) => row.snapshot));
  const sortOf = (column: Sort): Sorting => ({
    direction: column === sort ? order : undefined,
    first: 'desc',
    onSort: (direction) => onOrder({ sort: column, order: direction }),
  });
  return (
    <Table aria-label={t('Snapshots')} gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th>{t('Tenant')}</Th>
          <Th>{t('Path')}</Th>
          <Th>{t('State')}</Th>
          <Th sort={sortOf('startTime')}>{t('Started')}</Th>
          <Th>{t('Duration')}</Th>
          <Th sort={sortOf('sizeBytes')}>{t('Size')}</Th>
          <Th>{t('Files')}</Th>
          <Th>{t('Trace')}</Th>
        </Tr>
      </Thead>
      <Tbody {...at}>
        {shown.map((snapshot) => (
          <Row key={slotOf(snapshot.snapshot)} place={place} snapshot={snapshot} />
        ))}
      </Tbody>
    </Table>
  );
};
