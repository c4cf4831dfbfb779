/** The modules that a console lends its plugins, as webpack's containers expect them. */
import * as loader from '@openshift/dynamic-plugin-sdk';
import * as react from 'react';
import * as i18n from 'react-i18next';
import * as router from 'react-router';
import * as sdk from '../sdk';

interface Shared {
  get: () => Promise<() => unknown>;
  from: string;
  eager: boolean;
  loaded: 1;
}

/** Of the packages that this build holds; see build.mjs. */
declare const VERSIONS: Record<string, string>;

const lend = (name: string, module: unknown): [string, Record<string, Shared>] => {
  const version = VERSIONS[name];
  if (!version) throw new Error(`${name} has no version: name it in build.mjs`);
  return [name, { [version]: { get: () => Promise.resolve(() => module), from: 'bsls', eager: true, loaded: 1 } }];
};

export const sharedScope = Object.fromEntries([
  lend('@openshift-console/dynamic-plugin-sdk', sdk),
  lend('@openshift/dynamic-plugin-sdk', loader),
  lend('react', react),
  lend('react-i18next', i18n),
  lend('react-router', router),
]);
