/** Above the activity: search, server, kind, result, and the pages. */
import type { FC } from 'react';
import { Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { Choice, ListPager, Search } from '../../components';
import { useT } from '../../i18n';

export const ALL = '';
/** `kind`, `outcome`: as of StoryFilter. */
export const NO_FILTER = { text: ALL, server: ALL, kind: ALL, outcome: ALL };

interface Props {
  servers: readonly string[];
  filter: typeof NO_FILTER;
  onFilter: (change: Partial<typeof NO_FILTER>) => void;
  matching: number;
  page: number;
  onPage: (page: number) => void;
}

export const ActivityToolbar: FC<Props> = ({ servers, filter, onFilter, matching, page, onPage }) => {
  const t = useT();
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <Search
            value={filter.text}
            onChange={(text) => onFilter({ text })}
            label={t('Search by tenant, server or folder')}
            data-test="filter-text"
          />
        </ToolbarItem>
        {servers.length > 1 && (
          <ToolbarItem>
            <Choice
              label={t('Server')}
              value={filter.server}
              options={[
                { value: ALL, text: t('All servers') },
                ...[...servers].sort().map((key) => ({ value: key, text: key })),
              ]}
              onChange={(server) => onFilter({ server })}
              data-test="filter-server"
            />
          </ToolbarItem>
        )}
        <ToolbarItem>
          <Choice
            label={t('What')}
            value={filter.kind}
            options={[
              { value: ALL, text: t('What tenants did') },
              { value: 'snapshot', text: t('With snapshots') },
              { value: 'session', text: t('Sessions') },
              { value: 'work', text: t('Work of the servers') },
            ]}
            onChange={(kind) => onFilter({ kind })}
            data-test="filter-kind"
          />
        </ToolbarItem>
        <ToolbarItem>
          <Choice
            label={t('Result')}
            value={filter.outcome}
            options={[
              { value: ALL, text: t('Any result') },
              { value: 'problem', text: t('Failed or with warnings') },
              { value: 'running', text: t('In progress') },
              { value: 'done', text: t('Done') },
            ]}
            onChange={(outcome) => onFilter({ outcome })}
            data-test="filter-outcome"
          />
        </ToolbarItem>
        <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
          <ListPager total={matching} page={page} onPage={onPage} />
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
};
