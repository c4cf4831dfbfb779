import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { newServer } from './newServer';
import { readYaml, schemaAt, valueAt, withValue } from './values';

const given = newServer('backup');

describe('withValue', () => {
  it('keeps what it does not know, and changes nothing else', () => {
    const server = { ...given, metadata: { ...given.metadata, labels: { team: 'blue' } } };
    const next = withValue(server, 'spec.service.port', 8443);
    expect(next.metadata?.labels).toEqual({ team: 'blue' });
    expect(valueAt(next, 'spec.service')).toEqual({ port: 8443 });
    expect(server.spec).not.toHaveProperty('service');
  });

  it('takes empty parents away with a value, up to what is kept', () => {
    const filled = withValue(given, 'spec.policy.retention.keepDaily', 7);
    expect(withValue(filled, 'spec.policy.retention.keepDaily', '')).toEqual(given);
    const users = 'spec.userManagement.source.secret';
    const emptied = withValue(withValue(given, `${users}.name`, '', users), `${users}.key`, '', users);
    expect(valueAt(emptied, users)).toEqual({});
  });
});

describe('readYaml', () => {
  it('reads back what was written', () => expect(readYaml(dump(given))).toEqual({ server: given }));

  it.each([['kind: ['], ['- a list'], [''], ['apiVersion: v1\nkind: Secret\n']])('says why %j is no server', (text) => {
    expect(readYaml(text)).toMatchObject({ reason: expect.stringMatching(/./) as string });
  });
});

it('schemaAt knows fields of maps, and says what is missing', () => {
  expect(schemaAt('spec.podConfig.podResources.limits.cpu').intOrString).toBe(true);
  expect(() => schemaAt('spec.nothing')).toThrow('the CRD has no spec.nothing');
});
