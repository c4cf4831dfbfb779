/** In the place of a page that is being loaded. */
import type { FC } from 'react';
import { Bullseye, Spinner } from '@patternfly/react-core';

export const Waiting: FC = () => (
  <Bullseye>
    <Spinner />
  </Bullseye>
);
