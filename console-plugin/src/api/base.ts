/** Where the API is: behind the console's proxy, which adds the user's token. Names as in manifests/console-plugin. */

export const PLUGIN = 'bsls-console-plugin';
export const PROXY_ALIAS = 'api';
export const API = `/api/proxy/plugin/${PLUGIN}/${PROXY_ALIAS}/api/v1`;

type Value = string | number | boolean | null | undefined;

/** Query strings leave out what is not set. */
export const withQuery = (path: string, query: Record<string, Value> = {}): string => {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
};

/** Puts path parameters into a template such as `/servers/{namespace}/{name}`. */
export const fill = (template: string, parameters: Record<string, string> = {}): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`${template} needs ${name}`);
    return encodeURIComponent(value);
  });
