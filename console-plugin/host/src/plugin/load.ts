/** Loads the plugin by its manifest, with the loader of OpenShift's console. */
import { PluginStore } from '@openshift/dynamic-plugin-sdk';
import { PLUGIN, PLUGIN_FILES } from './place';
import { sharedScope } from './shared';

/** What the plugin may ask of us as a dependency: it is built for this console. */
const PLUGIN_API = '4.22.0';

export const plugins = new PluginStore({
  loaderOptions: {
    sharedScope,
    customDependencyResolutions: { '@console/pluginAPI': PLUGIN_API },
    isDependencyResolvable: (name) => name === '@console/pluginAPI',
  },
});

const load = async (): Promise<void> => {
  await plugins.loadPlugin(`${PLUGIN_FILES}/plugin-manifest.json`);
  const found = plugins.getPluginInfo().find(({ manifest }) => manifest.name === PLUGIN);
  if (found?.status === 'failed') {
    throw new Error(found.errorMessage, { cause: found.errorCause });
  }
  if (!found) throw new Error(`${PLUGIN} is not what its manifest names`);
};

let loading: Promise<void> | undefined;

/** Once; again after it failed. Throws an Error that says why it could not be loaded. */
export const loadPlugin = (): Promise<void> =>
  (loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  }));
