// Builds the plugin into dist/: what a console (or `bsls api --ui`) loads by dist/plugin-manifest.json.
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ConsoleRemotePlugin } from '@openshift-console/dynamic-plugin-sdk-webpack';
import CopyPlugin from 'copy-webpack-plugin';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';

const here = path.dirname(fileURLToPath(import.meta.url));
const production = process.env.NODE_ENV === 'production';
const hash = production ? '.[contenthash]' : '';

export default {
  mode: production ? 'production' : 'development',
  context: path.join(here, 'src'),
  entry: {}, // the exposed modules of package.json are the entries
  output: {
    path: process.env.BSLS_PLUGIN_DIST ?? path.join(here, 'dist'),
    filename: `[name]${hash}.js`,
    chunkFilename: `[name]${hash}.js`,
    clean: true,
  },
  resolve: {
    extensions: ['.ts', '.tsx', '.js', '.jsx'],
    alias: { 'react-dom$': path.join(here, 'src/portal.ts') },
    symlinks: false, // node_modules may be a link into a cache; PatternFly's styles are left out by their path in here
  },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        loader: 'swc-loader',
        options: {
          jsc: {
            parser: { syntax: 'typescript', tsx: true },
            transform: { react: { runtime: 'automatic', development: !production } },
            target: 'es2022',
          },
        },
      },
      // Files of their own, not <style> elements: nothing inline for a strict Content-Security-Policy.
      { test: /\.css$/, use: [MiniCssExtractPlugin.loader, 'css-loader'] },
      { test: /\.m?js$/, resolve: { fullySpecified: false } },
    ],
  },
  plugins: [
    new ConsoleRemotePlugin(),
    new MiniCssExtractPlugin({ filename: `[name]${hash}.css`, chunkFilename: `[name]${hash}.css` }),
    new CopyPlugin({ patterns: [{ from: path.join(here, 'locales'), to: 'locales' }] }),
  ],
  devtool: production ? false : 'source-map',
  // Numbers, not names: the entry lists every chunk.
  optimization: { chunkIds: production ? 'deterministic' : 'named', minimize: production },
  performance: { hints: false },
};
