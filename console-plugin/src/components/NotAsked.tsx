/** A server that does not answer leaves out its part only: this says which, and asks again. */
import type { FC, ReactNode } from 'react';
import { Alert, Button } from '@patternfly/react-core';
import { useT } from '../i18n';

export const NotAsked: FC<{ count: number; retry: () => void; children: ReactNode }> = ({ count, retry, children }) => {
  const t = useT();
  return (
    <Alert
      isInline
      component="h2"
      variant="warning"
      title={t('{{count}} servers could not be asked', { count })}
      actionLinks={
        <Button variant="link" isInline onClick={retry} data-test="retry">
          {t('Try again')}
        </Button>
      }
      data-test="partial"
    >
      {children}
    </Alert>
  );
};
