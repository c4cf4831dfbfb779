/** The head of a card, with a link to more of what the card shows. */
import type { FC, ReactNode } from 'react';
import { CardHeader } from '@patternfly/react-core';
import { Link } from 'react-router';

export const LinkedHeader: FC<{ to: string; link: string; children: ReactNode }> = ({ to, link, children }) => {
  const more = (
    <Link className="bsls-nowrap" to={to}>
      {link}
    </Link>
  );
  return <CardHeader actions={{ actions: more, hasNoOffset: true }}>{children}</CardHeader>;
};
