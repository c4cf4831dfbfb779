/** Where an administrator keeps a list. Pure. */
interface Source {
  secret?: { name: string; key: string } | null;
  configMap?: { name: string; key: string } | null;
}

/** `Secret users, users`; empty where it is not known. */
export const sourceOf = ({ secret, configMap }: Source): string => {
  const found = secret ?? configMap;
  return found ? `${secret ? 'Secret' : 'ConfigMap'} ${found.name}, ${found.key}` : '';
};
