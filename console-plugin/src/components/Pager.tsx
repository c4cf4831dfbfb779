/** Which part of a list is shown, and the way to the next one: for lists that are read along cursors. */
import type { FC } from 'react';
import { Pagination } from '@patternfly/react-core';
import { useT } from '../i18n';

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
  return (
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
  );
};
