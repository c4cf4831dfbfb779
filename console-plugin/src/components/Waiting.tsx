/** The way to what came in while a list stood still. Keeps its place when there is nothing. */
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import { useT } from '../i18n';

export const Waiting: FC<{ count: number; show: () => void }> = ({ count, show }) => {
  const t = useT();
  return (
    <div className="bsls-waiting" role="status">
      {count > 0 && (
        <Button variant="link" isInline onClick={show} data-test="show-new">
          {t('Show {{count}} new', { count })}
        </Button>
      )}
    </div>
  );
};
