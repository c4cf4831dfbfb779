// Writes src/pages/create/crd.ts: what the CRD says of a new server's spec. With --check it only tells whether it is current.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import * as prettier from 'prettier';

const here = path.dirname(fileURLToPath(import.meta.url));
const CRD = path.join(here, '../manifests/crd/backupstoragelocationservers.yaml');
const OUT = path.join(here, 'src/pages/create/crd.ts');
const HEAD = `/** Generated from manifests/crd by \`make generate\`; do not edit. What the CRD says of a new server's spec. */
import type { Schema } from './schema';

export const SPEC: Schema = `;

const KEPT = ['type', 'description', 'required', 'default', 'enum', 'pattern'];
const LIMITS = ['minimum', 'maximum', 'minLength', 'maxLength', 'maxItems', 'maxProperties'];

const each = (found, make) => Object.fromEntries(Object.entries(found).map(([name, one]) => [name, make(one)]));

/** Rules of changes (oldSelf) do not concern what is new. */
const rulesOf = (node) =>
  (node['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => !/\boldSelf\b/.test(rule))
    .map(({ rule, message }) => ({ rule, message }));

const schemaOf = (node) => {
  const found = Object.fromEntries([...KEPT, ...LIMITS].filter((key) => key in node).map((key) => [key, node[key]]));
  if (node['x-kubernetes-int-or-string']) found.intOrString = true;
  if (node.properties) found.properties = each(node.properties, schemaOf);
  if (node.additionalProperties) found.additionalProperties = schemaOf(node.additionalProperties);
  if (node.items) found.items = schemaOf(node.items);
  const rules = rulesOf(node);
  if (rules.length) found.rules = rules;
  return found;
};

const crd = load(await readFile(CRD, 'utf8'));
const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
const options = { ...(await prettier.resolveConfig(OUT)), parser: 'typescript' };
const text = await prettier.format(`${HEAD}${JSON.stringify(schemaOf(spec))};`, options);
if (!process.argv.includes('--check')) await writeFile(OUT, text);
else if ((await readFile(OUT, 'utf8')) !== text) {
  process.stderr.write('crd.ts is not up-to-date\n');
  process.exitCode = 1;
}
