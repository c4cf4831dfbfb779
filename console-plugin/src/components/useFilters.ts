/** Filters in the address, so that a filtered list can be shared, and is there again after going back. */
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** Those that are not what `defaults` say are in the address. */
export const useFilters = <F extends Record<string, string>>(defaults: F): [F, (change: Partial<F>) => void] => {
  const [search, setSearch] = useSearchParams();
  const filters = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, search.get(name) ?? value]),
  ) as F;
  const change = useCallback(
    (changed: Partial<F>): void =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changed) as [string, string][])
            if (value === defaults[name]) after.delete(name);
            else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [setSearch, defaults],
  );
  return [filters, change];
};
