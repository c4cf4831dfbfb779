/** Above the table: search, health, overdue only, and the pages. */
import { useState } from 'react';
import type { FC } from 'react';
import {
  MenuToggle,
  Select,
  SelectList,
  SelectOption,
  Switch,
  Toolbar,
  ToolbarContent,
  ToolbarFilter,
  ToolbarItem,
} from '@patternfly/react-core';
import { healthWord, ListPager, Search } from '../../components';
import { useT } from '../../i18n';
import { HEALTHS } from '../../model/health';
import type { Health } from '../../model/health';
import type { Filter } from './rows';

const NOTHING: Filter = { text: '', healths: [], overdueOnly: false };

interface Props {
  filter: Filter;
  onFilter: (filter: Filter) => void;
  /** Rows that match. */
  matching: number;
  page: number;
  onPage: (page: number) => void;
  /** Whether the list knows who is overdue, of more than the rows on the screen. */
  knowsOverdue: boolean;
}

const toggled = (healths: readonly Health[], one: Health): Health[] =>
  healths.includes(one) ? healths.filter((other) => other !== one) : [...healths, one];

const HealthSelect: FC<{ chosen: readonly Health[]; onToggle: (health: Health) => void }> = ({ chosen, onToggle }) => {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <Select
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={(_event, value) => onToggle(value as Health)}
      toggle={(ref) => (
        <MenuToggle ref={ref} isExpanded={open} onClick={() => setOpen(!open)} data-test="filter-health">
          {t('Health')}
        </MenuToggle>
      )}
    >
      <SelectList>
        {HEALTHS.map((health) => (
          <SelectOption key={health} value={health} hasCheckbox isSelected={chosen.includes(health)}>
            {healthWord(t, health)}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
};

export const ServersToolbar: FC<Props> = ({ filter, onFilter, matching, page, onPage, knowsOverdue }) => {
  const t = useT();
  const toggle = (health: Health): void => onFilter({ ...filter, healths: toggled(filter.healths, health) });
  return (
    <Toolbar clearAllFilters={() => onFilter(NOTHING)} clearFiltersButtonText={t('Clear all filters')}>
      <ToolbarContent>
        <ToolbarItem>
          <Search
            value={filter.text}
            onChange={(text) => onFilter({ ...filter, text })}
            label={t('Search by name or namespace')}
            data-test="filter-text"
          />
        </ToolbarItem>
        <ToolbarFilter
          categoryName={t('Health')}
          labels={filter.healths.map((health) => ({ key: health, node: healthWord(t, health) }))}
          deleteLabel={(_category, label) => toggle((typeof label === 'string' ? label : label.key) as Health)}
        >
          <HealthSelect chosen={filter.healths} onToggle={toggle} />
        </ToolbarFilter>
        {knowsOverdue && (
          <ToolbarItem alignSelf="center">
            <Switch
              id="bsls-overdue-only"
              label={t('Only with overdue tenants')}
              isChecked={filter.overdueOnly}
              onChange={(_event, overdueOnly) => onFilter({ ...filter, overdueOnly })}
            />
          </ToolbarItem>
        )}
        <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
          <ListPager total={matching} page={page} onPage={onPage} />
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
};

export { NOTHING as NO_FILTER };
