import jsxA11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked, jsxA11y.flatConfigs.recommended, hooks.configs.flat.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      // One way to the API (src/api), one stream a tab (src/live): nothing else speaks to the network.
      'no-restricted-globals': ['error', 'fetch', 'EventSource', 'XMLHttpRequest', 'WebSocket', 'localStorage'],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'react-i18next', message: 'Use useT of src/i18n: it names the namespace.' },
            { name: 'react-router-dom', message: 'Use react-router.' },
          ],
          patterns: [
            { group: ['@patternfly/*/dist/*'], message: 'Import from the package: the build takes one module.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/i18n.ts', 'test/**'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // The host is the console: what pages leave to it, it does itself.
    files: ['host/**'],
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // of errors, which are `any` in the SDK's types
    },
  },
);
