/** A filter by one tenant, with those that there are to choose from. */
import { useId } from 'react';
import type { FC } from 'react';
import { useT } from '../i18n';
import { useResource } from '../live';
import type { Scope } from '../live';
import type { ServerName } from '../model/paths';
import { Search } from './Search';
import { useSettled } from './useSettled';

const OFFERED = 20;

interface Props {
  server: ServerName;
  scope: Scope;
  value: string;
  onChange: (tenant: string) => void;
}

export const TenantInput: FC<Props> = ({ server: { namespace, name }, scope, value, onChange }) => {
  const t = useT();
  const options = useId();
  const search = useSettled(value.trim());
  const found = useResource(
    '/servers/{namespace}/{name}/tenants',
    {
      parameters: { namespace, name },
      query: { limit: OFFERED, search: search || undefined, vmNamespace: scope.vmNamespace },
    },
    scope,
    () => false,
  );
  return (
    <>
      <Search
        value={value}
        onChange={onChange}
        label={t('Tenant (user@host)')}
        list={options}
        data-test="filter-tenant"
      />
      <datalist id={options}>
        {found.data?.items.map(({ user }) => (
          <option key={user} value={user} />
        ))}
      </datalist>
    </>
  );
};
