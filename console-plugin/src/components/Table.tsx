/**
 * Tables that look and read as PatternFly's: its classes and roles, without its machinery. That weighs a fifth of the first
 * page, and measures every cell at each render, which no list of ours needs.
 */
import type { ComponentProps, FC, ReactNode } from 'react';
import './table.css';

export type Direction = 'asc' | 'desc';

interface TableProps {
  'aria-label': string;
  /** On screens narrower than this, a row is a block, and each cell says what it is. */
  gridBreakPoint: 'grid-md' | 'grid-lg';
  children: ReactNode;
}

export const Table: FC<TableProps> = ({ gridBreakPoint, children, ...rest }) => (
  <table className={`bsls-table pf-v6-c-table pf-m-compact pf-m-${gridBreakPoint}`} role="grid" {...rest}>
    {children}
  </table>
);

export const Thead: FC<{ children: ReactNode }> = ({ children }) => (
  <thead className="pf-v6-c-table__thead">{children}</thead>
);

export const Tbody: FC<ComponentProps<'tbody'>> = (props) => <tbody className="pf-v6-c-table__tbody" {...props} />;

export const Tr: FC<{ children: ReactNode; 'data-test'?: string }> = (props) => (
  <tr className="pf-v6-c-table__tr" {...props} />
);

interface TdProps {
  /** The heading of the column. */
  dataLabel: string;
  modifier?: 'breakWord' | 'fitContent' | 'nowrap';
  children: ReactNode;
}

const TD = { breakWord: ' pf-m-break-word', fitContent: ' pf-m-fit-content', nowrap: ' pf-m-nowrap' };

export const Td: FC<TdProps> = ({ dataLabel, modifier, children }) => (
  <td className={`pf-v6-c-table__td${modifier ? TD[modifier] : ''}`} data-label={dataLabel}>
    {children}
  </td>
);

/** What a heading says of the order, and how it is told of another one. */
export interface Sorting {
  /** Of this column; undefined: the rows are in another order. */
  direction?: Direction;
  /** The order that another column is sorted in first. */
  first?: Direction;
  onSort: (direction: Direction) => void;
}

const ARROWS = { asc: 'M8 1 3 7h4v8h2V7h4z', desc: 'M8 15l5-6H9V1H7v8H3z', none: 'M8 0 4 5h8zM8 16l4-5H4z' };

const OTHER = { asc: 'desc', desc: 'asc' } as const;

const Sort: FC<Sorting & { children: ReactNode }> = ({ direction, first = 'asc', onSort, children }) => (
  <button type="button" className="pf-v6-c-table__button" onClick={() => onSort(direction ? OTHER[direction] : first)}>
    <div className="pf-v6-c-table__button-content">
      <span className="pf-v6-c-table__text">{children}</span>
      <span className="pf-v6-c-table__sort-indicator">
        <svg className="pf-v6-svg" viewBox="0 0 16 16" width="1em" height="1em" fill="currentColor" aria-hidden="true">
          <path d={ARROWS[direction ?? 'none']} />
        </svg>
      </span>
    </div>
  </button>
);

export const Th: FC<{ sort?: Sorting; children: ReactNode }> = ({ sort, children }) => {
  const name = sort
    ? `pf-v6-c-table__th pf-v6-c-table__sort${sort.direction ? ' pf-m-selected' : ''}`
    : 'pf-v6-c-table__th';
  return (
    <th
      className={`${name} pf-m-wrap`}
      scope="col"
      aria-sort={sort?.direction && (sort.direction === 'asc' ? 'ascending' : 'descending')}
    >
      {sort ? <Sort {...sort}>{children}</Sort> : children}
    </th>
  );
};
