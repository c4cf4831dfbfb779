import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createPortal as original } from 'react-dom';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { createPortal } from './portal';

it('describes a portal as react-dom does', () => {
  expect(createPortal('text', document.body, 'k')).toEqual(original('text', document.body, 'k'));
  expect(createPortal('text', document.body)).toEqual(original('text', document.body));
});

it('is drawn in its place', () => {
  render(<div>{createPortal(<p>moved</p>, document.body)}</div>);
  expect(screen.getByText('moved').parentElement).toBe(document.body);
});

it.each(['react-core', 'react-table'])('is all that %s takes of react-dom', (name) => {
  const folder = path.resolve(import.meta.dirname, `../node_modules/@patternfly/${name}/dist/esm`);
  const used = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js') && !file.includes('__tests__'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .filter((text) => /from 'react-dom/.test(text));
  const imports = used.flatMap((text) => text.match(/^import .* from 'react-dom.*$/gm) ?? []);
  expect(new Set(imports)).toEqual(new Set(used.length ? ["import * as ReactDOM from 'react-dom';"] : []));
  expect(new Set(used.flatMap((text) => text.match(/ReactDOM\.\w+/g) ?? []))).toEqual(
    new Set(used.length ? ['ReactDOM.createPortal'] : []),
  );
});
