/** Above the events: severity, kind and tenant, and the pause. */
import type { FC } from 'react';
import { Button, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { PauseIcon, PlayIcon } from '@patternfly/react-icons';
import { Choice, TenantInput } from '../../../components';
import { useT } from '../../../i18n';
import type { T } from '../../../i18n';
import type { TabProps } from '../context';
import type { Filter } from './timeline';

export const NO_FILTER: Record<keyof Filter, string> = { severity: '', kind: '', tenant: '' };

const kinds = (t: T): { value: string; text: string }[] => [
  { value: '', text: t('All kinds') },
  { value: 'server', text: t('Server') },
  { value: 'session', text: t('Sessions') },
  { value: 'snapshot', text: t('Snapshots') },
  { value: 'tenant', text: t('Tenants') },
  { value: 'user', text: t('Users') },
  { value: 'login', text: t('Refused logins') },
  { value: 'acl', text: t('Access control list') },
  { value: 'repository', text: t('Repository') },
  { value: 'maintenance', text: t('Maintenance') },
  { value: 'storage', text: t('Storage') },
  { value: 'policy', text: t('Policy') },
  { value: 'tls', text: t('Certificate') },
  { value: 'log', text: t('Kopia’s log') },
  { value: 'stream', text: t('Gaps') },
];

interface Props extends Pick<TabProps, 'place' | 'scope'> {
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  paused: boolean;
  onPause: (paused: boolean) => void;
}

export const EventsToolbar: FC<Props> = ({ place, scope, filter, onFilter, paused, onPause }) => {
  const t = useT();
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <Choice
            label={t('Severity')}
            value={filter.severity}
            onChange={(severity) => onFilter({ severity })}
            data-test="filter-severity"
            options={[
              { value: '', text: t('All severities') },
              { value: 'warning', text: t('Warnings and errors') },
              { value: 'error', text: t('Errors') },
            ]}
          />
        </ToolbarItem>
        <ToolbarItem>
          <Choice
            label={t('Kind')}
            value={filter.kind}
            onChange={(kind) => onFilter({ kind })}
            data-test="filter-kind"
            options={kinds(t)}
          />
        </ToolbarItem>
        <ToolbarItem>
          <TenantInput server={place} scope={scope} value={filter.tenant} onChange={(tenant) => onFilter({ tenant })} />
        </ToolbarItem>
        <ToolbarItem align={{ default: 'alignEnd' }}>
          <Button
            variant="secondary"
            icon={paused ? <PlayIcon /> : <PauseIcon />}
            onClick={() => onPause(!paused)}
            data-test="pause"
          >
            {paused ? t('Go on') : t('Pause')}
          </Button>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
};
