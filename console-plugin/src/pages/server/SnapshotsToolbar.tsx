/** Above the snapshots: tenant, path, time, state, and the pages. */
import type { FC, ReactNode } from 'react';
import { Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { Choice, Search, TenantInput } from '../../components';
import { useT } from '../../i18n';
import type { TabProps } from './context';

export const NO_FILTER = { tenant: '', path: '', since: '', state: '' };
export type Filter = typeof NO_FILTER;

interface Props extends Pick<TabProps, 'place' | 'scope'> {
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  pager: ReactNode;
}

export const SnapshotsToolbar: FC<Props> = ({ place, scope, filter, onFilter, pager }) => {
  const t = useT();
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <TenantInput server={place} scope={scope} value={filter.tenant} onChange={(tenant) => onFilter({ tenant })} />
        </ToolbarItem>
        <ToolbarItem>
          <Search
            value={filter.path}
            onChange={(path) => onFilter({ path })}
            label={t('Path begins with')}
            data-test="filter-path"
          />
        </ToolbarItem>
        <ToolbarItem>
          <Choice
            label={t('Time')}
            value={filter.since}
            onChange={(since) => onFilter({ since })}
            data-test="filter-since"
            options={[
              { value: '', text: t('Any time') },
              { value: '24h', text: t('Last 24 hours') },
              { value: '7d', text: t('Last 7 days') },
              { value: '30d', text: t('Last 30 days') },
            ]}
          />
        </ToolbarItem>
        <ToolbarItem>
          <Choice
            label={t('State')}
            value={filter.state}
            onChange={(state) => onFilter({ state })}
            data-test="filter-state"
            options={[
              { value: '', text: t('Any state') },
              { value: 'complete', text: t('Complete') },
              { value: 'incomplete', text: t('Incomplete') },
            ]}
          />
        </ToolbarItem>
        <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
          {pager}
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
};
