/** Which part of a list is shown, and the way to the next one. */
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import { useLanguage, useT } from '../i18n';
import { count } from '../model/format';

/** Rows of a page, where the whole list is here. */
export const PER_PAGE = 50;

/** The page of a list that is shown, and its rows: the last one where there are not so many. Pure. */
export const pageOf = <R,>(rows: readonly R[], page: number): { page: number; rows: readonly R[] } => {
  const shown = Math.min(page, Math.max(1, Math.ceil(rows.length / PER_PAGE)));
  return { page: shown, rows: rows.slice((shown - 1) * PER_PAGE, shown * PER_PAGE) };
};

const LEFT = 'M11 2 5 8l6 6';
const RIGHT = 'M5 2l6 6-6 6';

const Turn: FC<{ label: string; path: string; turn?: () => void; test: string }> = ({ label, path, turn, test }) => (
  <Button
    variant="plain"
    aria-label={label}
    isDisabled={!turn}
    onClick={turn}
    data-test={test}
    icon={
      <svg className="pf-v6-svg" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true">
        <path d={path} fill="none" stroke="currentColor" strokeWidth="2" />
      </svg>
    }
  />
);

interface Props {
  total: number;
  page: number;
  perPage: number;
  /** Absent at the end of the list, and at its beginning. */
  next?: () => void;
  previous?: () => void;
  /** The page is not there yet. */
  turning?: boolean;
}

/** For lists that are read along cursors. */
export const Pager: FC<Props> = ({ total, page, perPage, next, previous, turning }) => {
  const t = useT();
  const language = useLanguage();
  const first = (page - 1) * perPage + 1;
  const last = Math.min(total, page * perPage);
  return (
    <nav className="bsls-pager" aria-label={t('Pages')}>
      <span className="bsls-pager-place" data-test="pager-place">
        {total > 0 &&
          t('{{first}}–{{last}} of {{total}}', {
            first: count(first, language),
            last: count(last, language),
            total: count(total, language),
          })}
      </span>
      <Turn label={t('Previous page')} path={LEFT} turn={turning ? undefined : previous} test="previous-page" />
      <Turn label={t('Next page')} path={RIGHT} turn={turning ? undefined : next} test="next-page" />
    </nav>
  );
};

interface ListProps {
  total: number;
  page: number;
  onPage: (page: number) => void;
}

/** For lists that are here as a whole. */
export const ListPager: FC<ListProps> = ({ total, page, onPage }) => (
  <Pager
    total={total}
    page={page}
    perPage={PER_PAGE}
    next={page * PER_PAGE < total ? () => onPage(page + 1) : undefined}
    previous={page > 1 ? () => onPage(page - 1) : undefined}
  />
);
