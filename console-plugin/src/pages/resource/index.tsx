/** Where the console's own links to the custom resource lead: to our pages of it. */
import type { FC } from 'react';
import { Navigate, useParams } from 'react-router';
import { SERVERS, serverPath } from '../../model/paths';

export const List: FC = () => <Navigate to={SERVERS} replace />;

/** The console names the places in its address so. */
export const Details: FC = () => {
  const { ns: namespace = '', name = '' } = useParams();
  return <Navigate to={serverPath({ namespace, name })} replace />;
};
