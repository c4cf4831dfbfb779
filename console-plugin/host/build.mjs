// Builds the page that `bsls api --ui` serves, into $BSLS_HOST_DIST or build/ui/host. Names carry a hash of their content.
import { readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = process.env.BSLS_HOST_DIST ?? path.join(here, '../../build/ui/host');

// What the page lends to plugins, who ask for versions.
const lent = [
  '@openshift-console/dynamic-plugin-sdk',
  '@openshift/dynamic-plugin-sdk',
  'react',
  'react-i18next',
  'react-router',
];
const versionOf = async (name) =>
  JSON.parse(await readFile(path.join(here, '../node_modules', name, 'package.json'), 'utf8')).version;
const versions = Object.fromEntries(await Promise.all(lent.map(async (name) => [name, await versionOf(name)])));

// PatternFly's styles come as a whole, for the host and for plugins; components bring each their own once more.
const oneStylesheet = {
  name: 'one stylesheet',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@patternfly[\\/]react-styles[\\/].*\.css$/ }, () => ({ contents: '', loader: 'css' })),
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const built = await esbuild.build({
  entryPoints: { main: path.join(here, 'src/main.tsx'), theme: path.join(here, 'src/theme.ts') },
  outdir: path.join(out, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  absWorkingDir: path.join(here, '..'),
  bundle: true,
  plugins: [oneStylesheet],
  format: 'esm',
  splitting: true,
  minify: true,
  metafile: true,
  target: ['es2022'],
  jsx: 'automatic',
  loader: { '.woff2': 'file', '.svg': 'file', '.ttf': 'empty', '.woff': 'empty', '.jpg': 'empty', '.png': 'file' },
  define: { 'process.env.NODE_ENV': '"production"', VERSIONS: JSON.stringify(versions) },
  legalComments: 'linked',
  logLevel: 'warning',
});

// What the plugin uses of the console's SDK and this host lacks is an error here, not on somebody's screen.
const ours = {
  name: 'our SDK',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@openshift-console\/dynamic-plugin-sdk$/ }, () => ({
      path: path.join(here, 'src/sdk/index.ts'),
    })),
};
const { consolePlugin } = JSON.parse(await readFile(path.join(here, '../package.json'), 'utf8'));
await esbuild.build({
  entryPoints: Object.values(consolePlugin.exposedModules),
  outdir: out,
  absWorkingDir: path.join(here, '../src'),
  plugins: [ours],
  define: { VERSIONS: '{}' },
  loader: { '.css': 'empty' },
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  write: false,
  logLevel: 'error',
});

const names = Object.entries(built.metafile.outputs).flatMap(([file, { entryPoint, cssBundle }]) =>
  entryPoint ? [[path.basename(entryPoint), file, cssBundle]] : [],
);
const find = (entry) => names.find(([name]) => name === entry);
const url = (file) => `/assets/${path.basename(file)}`;
const [, main, styles] = find('main.tsx');
const [, theme] = find('theme.ts');
const page = await readFile(path.join(here, 'index.html'), 'utf8');
await writeFile(
  path.join(out, 'index.html'),
  page.replace('%theme%', url(theme)).replace('%styles%', url(styles)).replace('%main%', url(main)),
);
