/** Where the server keeps the plugin, as OpenShift's console does. */
export const PLUGIN = 'bsls-console-plugin';
export const PLUGIN_FILES = `/api/plugins/${PLUGIN}`;
