/** The way to the same trace in the cluster's trace viewer, where the API was told of one. */
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import { ExternalLinkAltIcon } from '@patternfly/react-icons';
import { useT } from '../../../i18n';

export const ViewerLink: FC<{ url: string }> = ({ url }) => {
  const t = useT();
  return (
    <Button
      component="a"
      variant="link"
      isInline
      href={url}
      target="_blank"
      rel="noreferrer"
      icon={<ExternalLinkAltIcon />}
      iconPosition="end"
      data-test="trace-viewer"
    >
      {t('Open in the trace viewer')}
    </Button>
  );
};
