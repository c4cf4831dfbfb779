/** What is wrong with which file backup server, and where to look. */
import type { FC } from 'react';
import type { WatchK8sResults } from '@openshift-console/dynamic-plugin-sdk';
import { Link } from 'react-router';
import { HealthLabel } from '../../components/HealthLabel';
import { useT } from '../../i18n';
import { SERVERS, serverPath } from '../../model/paths';
import { judge, troubled } from '../watched';
import type { Judged } from '../watched';
import type { Found } from '.';
import '../dashboard.css';

const SHOWN = 5;

const Line: FC<{ server: Judged }> = ({ server }) => {
  const t = useT();
  return (
    <li>
      <div className="bsls-dashboard-line">
        <Link to={serverPath(server)}>{`${server.namespace}/${server.name}`}</Link>
        <HealthLabel health={server.health} />
      </div>
      {server.health !== 'available' && server.message && <div className="bsls-reason">{server.message}</div>}
      {server.overdue > 0 && (
        <Link to={`${serverPath(server, 'tenants')}?overdue=true`} className="bsls-reason">
          {t('{{count}} tenants overdue', { count: server.overdue })}
        </Link>
      )}
    </li>
  );
};

/** Given what `resources` found; the console knows it as a component without a type. */
export const Popup: FC<{ namespace?: string } | WatchK8sResults<Found>> = (found) => {
  const t = useT();
  const servers = 'servers' in found && found.servers.loaded ? found.servers.data : [];
  const bad = troubled(servers.map(judge));
  return (
    <div className="bsls-dashboard" data-test="bsls-health">
      <p>
        {bad.length
          ? t('{{count}} servers need a look.', { count: bad.length })
          : t('{{count}} servers, of which none needs a look.', { count: servers.length })}
      </p>
      {bad.length > 0 && (
        <ul className="bsls-dashboard-lines">
          {bad.slice(0, SHOWN).map((server) => (
            <Line key={`${server.namespace}/${server.name}`} server={server} />
          ))}
        </ul>
      )}
      <Link to={SERVERS}>{t('Show the servers')}</Link>
    </div>
  );
};
