/** The file backup servers in the status of the cluster: what is watched, and how they are, in one word. */
import { HealthState } from '@openshift-console/dynamic-plugin-sdk';
import type { ResourceHealthHandler, WatchK8sResources } from '@openshift-console/dynamic-plugin-sdk';
import { NAMESPACE } from '../../i18n';
import type { T } from '../../i18n';
import { countOf, judge, SERVERS_OF_CLUSTER } from '../watched';
import type { Judged, Watched } from '../watched';

export { Popup } from './Popup';

export type Found = { servers: Watched[] };

export const resources: WatchK8sResources<Found> = { servers: SERVERS_OF_CLUSTER };

const stateOf = (servers: readonly Judged[]): HealthState => {
  if (countOf(servers, 'unavailable')) return HealthState.ERROR;
  if (countOf(servers, 'degraded') || servers.some(({ overdue }) => overdue)) return HealthState.WARNING;
  if (countOf(servers, 'unknown')) return HealthState.UNKNOWN;
  return countOf(servers, 'progressing') ? HealthState.PROGRESS : HealthState.OK;
};

const messageOf = (t: T, servers: readonly Judged[]): string => {
  const overdue = servers.reduce((total, one) => total + one.overdue, 0);
  const [unavailable, degraded] = [countOf(servers, 'unavailable'), countOf(servers, 'degraded')];
  return [
    unavailable && t('{{count}} unavailable', { count: unavailable }),
    degraded && t('{{count}} degraded', { count: degraded }),
    overdue && t('{{count}} tenants overdue', { count: overdue }),
  ]
    .filter(Boolean)
    .join(', ');
};

export const healthHandler: ResourceHealthHandler<Found> = ({ servers }, given) => {
  // The console's `t` knows the texts of all plugins.
  const t = ((key: string, options?: object) => given?.(key, { ...options, ns: NAMESPACE }) ?? key) as T;
  if (servers.loadError) return { state: HealthState.NOT_AVAILABLE, message: t('You may not list them.') };
  if (!servers.loaded) return { state: HealthState.LOADING };
  const judged = servers.data.map(judge);
  if (!judged.length) return { state: HealthState.NOT_AVAILABLE, message: t('There is none yet.') };
  return { state: stateOf(judged), message: messageOf(t, judged) || undefined };
};
