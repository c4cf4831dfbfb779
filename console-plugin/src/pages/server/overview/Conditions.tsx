/** The conditions in words: what is wrong comes first, with what to do. */
import type { FC } from 'react';
import { Card, CardBody, CardTitle, Icon } from '@patternfly/react-core';
import { CheckCircleIcon, ExclamationCircleIcon, InProgressIcon, UnknownIcon } from '@patternfly/react-icons';
import type { AnyServer } from '../../../api';
import { Time } from '../../../components';
import { useT } from '../../../i18n';
import type { T } from '../../../i18n';
import { aspectsOf } from '../../../model/conditions';
import type { Aspect, Tone } from '../../../model/conditions';

const ICONS: Record<Tone, { icon: typeof CheckCircleIcon; status?: 'success' | 'danger' | 'info' }> = {
  good: { icon: CheckCircleIcon, status: 'success' },
  bad: { icon: ExclamationCircleIcon, status: 'danger' },
  working: { icon: InProgressIcon, status: 'info' },
  unknown: { icon: UnknownIcon },
};

const toneWord = (t: T, tone: Tone): string => {
  switch (tone) {
    case 'good':
      return t('In order');
    case 'bad':
      return t('Needs attention');
    case 'working':
      return t('In progress');
    case 'unknown':
      return t('Not known yet');
  }
};

/** What a condition is about. One of a newer version is told by its type. */
const aspectWord = (t: T, { type, tone }: Aspect): string => {
  const good = tone === 'good';
  switch (type) {
    case 'Available':
      return good ? t('Tenants can connect') : t('Tenants cannot connect');
    case 'Progressing':
      return good ? t('No change is under way') : t('A change is under way');
    case 'Degraded':
      return good ? t('Nothing is wrong') : t('Something is wrong');
    case 'StorageReady':
      return t('Storage');
    case 'RepositoryReady':
      return t('Repository');
    case 'TLSReady':
      return t('Certificate');
    case 'UsersSynced':
      return t('User list');
    case 'AccessControlSynced':
      return t('Access control list');
    case 'PolicySynced':
      return t('Policy');
    case 'ObjectivesMet':
      return t('Backups in time');
    case 'EventsPublished':
      return t('Events');
    default:
      return type;
  }
};

const Line: FC<{ aspect: Aspect }> = ({ aspect }) => {
  const t = useT();
  const { icon: Sign, status } = ICONS[aspect.tone];
  return (
    <li className="bsls-condition" data-test={`condition-${aspect.type}`}>
      <Icon status={status} isInline>
        <Sign aria-label={toneWord(t, aspect.tone)} role="img" />
      </Icon>
      <div>
        <div className={aspect.tone === 'bad' ? 'bsls-strong' : undefined}>{aspectWord(t, aspect)}</div>
        {aspect.message && <div className="bsls-subtle bsls-words">{aspect.message}</div>}
      </div>
      <div className="bsls-subtle bsls-condition-reason">
        <div>{aspect.reason}</div>
        <Time at={aspect.since} />
      </div>
    </li>
  );
};

export const Conditions: FC<{ server: AnyServer }> = ({ server }) => {
  const t = useT();
  const aspects = aspectsOf(server);
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{t('Condition')}</CardTitle>
      <CardBody>
        {aspects.length ? (
          <ul className="bsls-conditions">
            {aspects.map((aspect) => (
              <Line key={aspect.type} aspect={aspect} />
            ))}
          </ul>
        ) : (
          <p className="bsls-subtle">
            {t('The controller has not reported yet. If this stays, check that the deployment bsls-controller runs.')}
          </p>
        )}
      </CardBody>
    </Card>
  );
};
