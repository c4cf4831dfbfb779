/** The translation keys that the sources use: every `t('…')`, and `%namespace~…%` of the extensions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export interface Used {
  /** Where it was found first. */
  place: string;
  plural: boolean;
}

const sources = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.(spec|d)\.tsx?$/.test(name))
    .map((name) => path.join(directory, name));

const hasCount = (options: ts.Expression | undefined): boolean =>
  options !== undefined &&
  ts.isObjectLiteralExpression(options) &&
  options.properties.some((one) => one.name !== undefined && ts.isIdentifier(one.name) && one.name.text === 'count');

/** Calls of `t` with anything but a literal are returned as `unreadable`. */
export const usedKeys = (root: string): { used: Map<string, Used>; unreadable: string[] } => {
  const used = new Map<string, Used>();
  const unreadable: string[] = [];
  for (const file of sources(path.join(root, 'src'))) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
        const [key, options] = node.arguments;
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        const place = `${path.relative(root, file)}:${line + 1}`;
        if (key && ts.isStringLiteralLike(key)) used.set(key.text, { place, plural: hasCount(options) });
        else unreadable.push(place);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  const extensions = path.join(root, 'console-extensions.json');
  const declared = existsSync(extensions) ? readFileSync(extensions, 'utf8') : '';
  for (const found of declared.matchAll(/%[\w-]+~([^%]+)%/g))
    if (found[1]) used.set(found[1], { place: 'console-extensions.json', plural: false });
  return { used, unreadable };
};
