/** Which part of a list is shown, and the way to the next one: for lists that are read along cursors. */
import type { FC } from 'react';
import { Pagination } from '@patternfly/react-core';
import { useLanguage, useT } from '../i18n';
import { count } from '../model/format';

interface Props {
  total: number;
  page: number;
  perPage: number;
  next?: () => void;
  previous?: () => void;
  turning: boolean;
}

export const Pager: FC<Props> = ({ total, page, perPage, next, previous, turning }) => {
  const t = useT();
  const language = useLanguage();
  const first = (page - 1) * perPage + 1;
  const last = Math.min(total, page * perPage);
  return (
    <div className="bsls-pager">
      <span className="bsls-pager-place" data-test="pager-place">
        {total > 0 &&
          t('{{first}}–{{last}} of {{total}}', {
            first: count(first, language),
            last: count(last, language),
            total: count(total, language),
          })}
      </span>
      <Pagination
        isCompact
        itemCount={total}
        page={page}
        perPage={perPage}
        perPageOptions={[]}
        isDisabled={turning}
        onNextClick={next}
        onPreviousClick={previous}
        titles={{
          paginationAriaLabel: t('Pages'),
          toNextPageAriaLabel: t('Next page'),
          toPreviousPageAriaLabel: t('Previous page'),
        }}
      />
    </div>
  );
};
