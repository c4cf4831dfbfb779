/** Events in one sentence each, in the reader's language. */
import { isEvent } from '../api';
import type { EventName, ServerEvent } from '../api';
import type { T } from '../i18n';
import { bytes, count, duration } from '../model/format';
import { causeWord } from './cause';
import { unreadText } from './UnreadFiles';

type Payload<Name extends EventName> = ServerEvent<Name>['data'];

const CONDITION_EVENTS = [
  'server.available.v1',
  'server.degraded.v1',
  'server.progressing.v1',
  'server.recovered.v1',
  'server.unavailable.v1',
  'repository.failed.v1',
  'repository.vanished.v1',
  'storage.failed.v1',
  'storage.recovered.v1',
] as const;

const snapshotFigures = (data: Payload<'snapshot.created.v1'>, language: string, t: T): string =>
  t('{{size}}, {{files}} files', {
    size: bytes(data.sizeBytes ?? 0, language),
    files: count(data.files ?? 0, language),
    count: data.files ?? 0,
  });

const snapshotText = (t: T, language: string, event: ServerEvent): string | undefined => {
  if (isEvent(event, 'snapshot.created.v1')) {
    const { user, path, errors, unread } = event.data;
    const figures = snapshotFigures(event.data, language, t);
    if (!errors) return t('{{user}} backed up {{path}} ({{figures}})', { user, path, figures });
    const text = t('{{user}} backed up {{path}} ({{figures}}); {{count}} files not read', {
      user,
      path,
      figures,
      count: errors,
    });
    const files = unreadText(t, unread ?? [], errors);
    return files ? `${text}: ${files}` : text;
  }
  if (isEvent(event, 'snapshot.incomplete.v1'))
    return t('The snapshot of {{path}} by {{user}} is incomplete: {{cause}}', {
      ...pick(event.data),
      cause: causeWord(t, event.data.cause),
    });
  if (isEvent(event, 'snapshot.failed.v1'))
    return t('The snapshot of {{path}} by {{user}} failed: {{error}}', {
      ...pick(event.data),
      error: event.data.error,
    });
  if (isEvent(event, 'snapshot.deleted.v1'))
    return t('A snapshot of {{path}} by {{user}} was deleted or has expired', pick(event.data));
  if (isEvent(event, 'snapshots.mass-deleted.v1')) {
    const { user, deleted, left } = event.data;
    return t('{{deleted}} snapshots of {{user}} went at once; {{left}} are left', { user, deleted, left });
  }
  return undefined;
};

const pick = ({ user, path }: { user: string; path: string }): { user: string; path: string } => ({ user, path });

const tenantText = (t: T, language: string, event: ServerEvent): string | undefined => {
  if (isEvent(event, 'session.started.v1')) {
    const { user, address } = event.data;
    return t('{{user}} logged in from {{address}}', { user, address });
  }
  if (isEvent(event, 'session.ended.v1')) {
    const { user, reason, durationSeconds } = event.data;
    if (reason === 'server-ended') return t('The session of {{user}} was cut: the server process ended', { user });
    return durationSeconds === null || durationSeconds === undefined
      ? t('{{user}} logged out', { user })
      : t('{{user}} logged out after {{duration}}', { user, duration: duration(durationSeconds, language) });
  }
  if (isEvent(event, 'tenant.first-seen.v1')) return t('{{user}} made the first snapshot', { user: event.data.user });
  if (isEvent(event, 'tenant.overdue.v1')) {
    const { user, maxSnapshotAge } = event.data;
    return t('{{user}} is overdue: no complete snapshot for {{age}}', { user, age: maxSnapshotAge });
  }
  if (isEvent(event, 'tenant.recovered.v1')) return t('{{user}} is no longer overdue', { user: event.data.user });
  return undefined;
};

const listText = (t: T, event: ServerEvent): string | undefined => {
  if (isEvent(event, 'users.synced.v1'))
    return t('{{applied}} of {{desired}} users of the list are in effect', two(event.data));
  if (isEvent(event, 'users.refreshed.v1')) return t('Users were read and applied because somebody asked for it');
  if (isEvent(event, 'users.rejected.v1'))
    return t('Lines of the user list that cannot be used: {{rejected}}', { rejected: event.data.rejected });
  if (isEvent(event, 'users.drifted.v1'))
    return event.data.repaired
      ? t('Users changed by somebody else, put back: {{drifted}}', { drifted: event.data.drifted })
      : t('Users changed by somebody else: {{drifted}}', { drifted: event.data.drifted });
  if (isEvent(event, 'acl.synced.v1'))
    return t('{{applied}} of {{desired}} access entries are in effect', two(event.data));
  if (isEvent(event, 'acl.rejected.v1'))
    return t('Lines of the access list that cannot be used: {{rejected}}', { rejected: event.data.rejected });
  if (isEvent(event, 'login.refused.v1')) {
    const { user, address } = event.data;
    return t('A login as {{user}} from {{address}} was refused', { user, address });
  }
  return undefined;
};

const two = ({ applied, desired }: { applied: number; desired: number }): { applied: number; desired: number } => ({
  applied,
  desired,
});

const repositoryText = (t: T, language: string, event: ServerEvent): string | undefined => {
  if (isEvent(event, 'repository.created.v1'))
    return t('A new, empty repository was made at {{path}}', { path: event.data.path });
  if (isEvent(event, 'repository.connected.v1'))
    return t('The repository at {{path}} is open', { path: event.data.path });
  if (isEvent(event, 'maintenance.started.v1'))
    return event.data.mode === 'full' ? t('Full maintenance began') : t('Quick maintenance began');
  if (isEvent(event, 'maintenance.finished.v1')) {
    const took = event.data.durationSeconds;
    const text = event.data.mode === 'full' ? t('Full maintenance is done') : t('Quick maintenance is done');
    return took === null || took === undefined ? text : `${text} (${duration(took, language)})`;
  }
  if (isEvent(event, 'maintenance.failed.v1')) return t('Maintenance failed: {{error}}', { error: event.data.error });
  if (isEvent(event, 'policy.drifted.v1')) return event.data.message;
  if (isEvent(event, 'storage.throttled.v1')) return event.data.message;
  return undefined;
};

const serverText = (t: T, event: ServerEvent): string | undefined => {
  for (const name of CONDITION_EVENTS) if (isEvent(event, name)) return event.data.message || event.data.reason;
  if (isEvent(event, 'server.created.v1')) return t('The server was created');
  if (isEvent(event, 'server.deleted.v1')) return t('The server was deleted; the backup data was not');
  if (isEvent(event, 'server.restarted.v1'))
    return t('The Kopia process was restarted: {{cause}}', { cause: event.data.cause });
  if (isEvent(event, 'server.stopping.v1')) return t('The Kopia process shuts down');
  if (isEvent(event, 'log.reported.v1')) return event.data.message;
  if (isEvent(event, 'stream.gap.v1')) return t('Events may be missing: {{reason}}', { reason: event.data.reason });
  if (isEvent(event, 'stream.trimmed.v1'))
    return t('Events that {{groups}} had not read were removed', { groups: event.data.groups.join(', ') });
  if (isEvent(event, 'tls.issued.v1')) return t('The server has its first certificate');
  if (isEvent(event, 'tls.rotated.v1'))
    return t('Another certificate is served: clients that pin the old one connect again');
  if (isEvent(event, 'tls.expiring.v1'))
    return t('The certificate ends in {{count}} days', { count: Math.floor(event.data.daysLeft) });
  if (isEvent(event, 'tls.handshake-failed.v1')) {
    const { address, error } = event.data;
    return t('{{address}} did not take the certificate: {{error}}', { address, error });
  }
  return undefined;
};

/** One of a newer version than this page, whose type is not known here, is told by its type. */
export const eventText = (t: T, language: string, event: ServerEvent): string =>
  snapshotText(t, language, event) ??
  tenantText(t, language, event) ??
  listText(t, event) ??
  repositoryText(t, language, event) ??
  serverText(t, event) ??
  event.type;
