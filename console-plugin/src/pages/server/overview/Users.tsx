/** How far the user list is in effect, with the lines of it that cannot be used. */
import type { FC } from 'react';
import { Alert, List, ListItem } from '@patternfly/react-core';
import type { Server, ServerDetail } from '../../../api';
import { Count } from '../../../components';
import { useT } from '../../../i18n';
import { sourceOf } from '../../../model/lists';
import { Fact, Facts } from './Facts';

type RejectedLine = { line: number; reason: string };

const Rejected: FC<{ title: string; lines: readonly RejectedLine[]; total: number }> = ({ title, lines, total }) => {
  const t = useT();
  return (
    <Alert component="h3" isInline variant="warning" title={title} className="bsls-above" data-test="rejected-lines">
      <List isPlain>
        {lines.map(({ line, reason }) => (
          <ListItem key={line}>{t('Line {{line}}: {{reason}}', { line, reason })}</ListItem>
        ))}
        {total > lines.length && <ListItem>{t('And {{count}} more', { count: total - lines.length })}</ListItem>}
      </List>
    </Alert>
  );
};

export const Users: FC<{ server: Server | ServerDetail }> = ({ server }) => {
  const t = useT();
  const { users, accessControl } = server.status;
  const lines = users?.rejectedLines ?? [];
  const entries = accessControl?.rejectedLines ?? [];
  return (
    <Facts
      title={t('Users')}
      after={
        <>
          {lines.length > 0 && (
            <Rejected
              title={t('Lines of the user list that cannot be used')}
              lines={lines}
              total={users?.rejected ?? 0}
            />
          )}
          {entries.length > 0 && (
            <Rejected
              title={t('Lines of the access control list that cannot be used')}
              lines={entries}
              total={accessControl?.rejected ?? 0}
            />
          )}
        </>
      }
    >
      <Fact term={t('User list')}>{sourceOf(server.spec.userManagement.source)}</Fact>
      <Fact term={t('In effect')}>
        {users && t('{{applied}} of {{desired}}', { applied: users.applied ?? 0, desired: users.desired ?? 0 })}
      </Fact>
      <Fact term={t('Rejected lines')}>
        <Count value={users?.rejected} />
      </Fact>
      {Boolean(users?.drifted) && (
        <Fact term={t('Changed by somebody else')}>
          <Count value={users?.drifted} />
        </Fact>
      )}
      {Boolean(users?.conflicting) && (
        <Fact term={t('Made by somebody else')}>
          <Count value={users?.conflicting} />
        </Fact>
      )}
      {Boolean(users?.unmanaged) && (
        <Fact term={t('Not on the list')}>
          <Count value={users?.unmanaged} />
        </Fact>
      )}
      {accessControl && (
        <Fact term={t('Access entries in effect')}>
          {t('{{applied}} of {{desired}}', {
            applied: accessControl.applied ?? 0,
            desired: accessControl.desired ?? 0,
          })}
        </Fact>
      )}
    </Facts>
  );
};
