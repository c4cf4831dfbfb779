/** Generated from manifests/crd by `make generate`; do not edit. What the CRD says of a new server's spec. */
import type { Schema } from './schema';

export const SPEC: Schema = {
  type: 'object',
  description: 'BackupStorageLocationServerSpec is the desired state of the Kopia server deployment.',
  required: ['backupStorageLocation', 'repositoryPasswordSecret', 'userManagement'],
  properties: {
    backupStorageLocation: {
      type: 'object',
      description: 'The existing BackupStorageLocation that serves as the storage backend. Cannot be changed.',
      required: ['name'],
      properties: {
        name: {
          type: 'string',
          description: 'Name of the BackupStorageLocation.',
          maxLength: 253,
          rules: [
            {
              rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
              message:
                "must name a BackupStorageLocation: lower case letters, digits, '-' and '.', a letter or digit at both ends",
            },
          ],
        },
        namespace: {
          type: 'string',
          description:
            "Namespace of the BackupStorageLocation. One outside this server's own namespace must grant it by the annotation oadp.openshift.io/bsls-namespaces.",
          default: 'oadp-operator',
          maxLength: 63,
          rules: [
            {
              rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
              message: "must name a namespace: lower case letters, digits and '-', a letter or digit at both ends",
            },
          ],
        },
      },
    },
    repositoryPasswordSecret: {
      type: 'object',
      description:
        'The Secret key containing the master password of the Kopia repository. Keep a copy: without it no backup can be read.',
      required: ['name', 'key'],
      properties: {
        name: {
          type: 'string',
          description: 'Name of the object, in the namespace of this server.',
          maxLength: 253,
          rules: [
            {
              rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
              message:
                "must name an object in this namespace: lower case letters, digits, '-' and '.', a letter or digit at both ends",
            },
          ],
        },
        key: {
          type: 'string',
          description: "Key in the object's data.",
          maxLength: 253,
          rules: [
            {
              rule: "self.matches('^[-._a-zA-Z0-9]+$')",
              message: "must be a key of the data: letters, digits, '-', '_' and '.' only",
            },
          ],
        },
        optional: {
          type: 'boolean',
          description:
            'Specify whether the object or its key may be absent. While an optional list is absent, nothing is changed.',
        },
      },
      rules: [
        {
          rule: '!has(self.optional) || !self.optional',
          message: "the repository password is always needed: remove 'optional' or set it to false",
        },
      ],
    },
    userManagement: {
      type: 'object',
      description: 'Users of the server.',
      required: ['source'],
      properties: {
        source: {
          type: 'object',
          description:
            'Source of the user list: one username@hostname:passwordhash a line; empty lines and lines that start with # are skipped.',
          properties: {
            secret: {
              type: 'object',
              description: 'A Secret key that holds the list.',
              required: ['name', 'key'],
              properties: {
                name: {
                  type: 'string',
                  description: 'Name of the object, in the namespace of this server.',
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                      message:
                        "must name an object in this namespace: lower case letters, digits, '-' and '.', a letter or digit at both ends",
                    },
                  ],
                },
                key: {
                  type: 'string',
                  description: "Key in the object's data.",
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[-._a-zA-Z0-9]+$')",
                      message: "must be a key of the data: letters, digits, '-', '_' and '.' only",
                    },
                  ],
                },
                optional: {
                  type: 'boolean',
                  description:
                    'Specify whether the object or its key may be absent. While an optional list is absent, nothing is changed.',
                },
              },
            },
            configMap: {
              type: 'object',
              description: 'A ConfigMap key that holds the list.',
              required: ['name', 'key'],
              properties: {
                name: {
                  type: 'string',
                  description: 'Name of the object, in the namespace of this server.',
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                      message:
                        "must name an object in this namespace: lower case letters, digits, '-' and '.', a letter or digit at both ends",
                    },
                  ],
                },
                key: {
                  type: 'string',
                  description: "Key in the object's data.",
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[-._a-zA-Z0-9]+$')",
                      message: "must be a key of the data: letters, digits, '-', '_' and '.' only",
                    },
                  ],
                },
                optional: {
                  type: 'boolean',
                  description:
                    'Specify whether the object or its key may be absent. While an optional list is absent, nothing is changed.',
                },
              },
            },
          },
          rules: [
            {
              rule: 'has(self.secret) != has(self.configMap)',
              message: "needs exactly one source of the user list: set either 'secret' or 'configMap', not both",
            },
          ],
        },
        driftPolicy: {
          type: 'string',
          description:
            "What to do when a password in the repository is not the list's (a tenant can change their own): Repair sets it back, Report only says so.",
          default: 'Repair',
          enum: ['Repair', 'Report'],
        },
      },
    },
    prefix: {
      type: 'string',
      description:
        'An optional path prefix: the repository lies at oadp-bsls/{prefix} in the bucket. It separates Kopia snapshots from the OADP/Velero snapshots. Cannot be changed.',
      maxLength: 200,
      rules: [
        { rule: "self != ''", message: 'must not be empty: leave prefix out to use oadp-bsls itself' },
        {
          rule: "self.matches('^[a-zA-Z0-9._/-]*$')",
          message: "may contain only letters, digits, '.', '_', '-' and '/': rename the prefix",
        },
        { rule: "!self.startsWith('/') && !self.endsWith('/')", message: "must not start or end with '/': remove it" },
        { rule: "!self.contains('//')", message: "must not contain '//': use single slashes" },
        {
          rule: "!self.contains('..') && self.split('/').all(part, part != '.')",
          message: "must not contain '..' or a part that is only '.': write the path out",
        },
      ],
    },
    service: {
      type: 'object',
      description: 'The Kubernetes Service that exposes the Kopia server. Defaults to ClusterIP.',
      default: {},
      properties: {
        type: {
          type: 'string',
          description: 'Type of the Service: ClusterIP, NodePort or LoadBalancer.',
          default: 'ClusterIP',
          enum: ['ClusterIP', 'NodePort', 'LoadBalancer'],
        },
        annotations: {
          type: 'object',
          description: "Annotations of the Service, for example those that a cloud's load balancer reads.",
          maxProperties: 64,
          additionalProperties: { type: 'string' },
        },
        port: { type: 'integer', description: 'Port of the Service.', default: 51515, minimum: 1, maximum: 65535 },
        nodePort: {
          type: 'integer',
          description: "Port on every node, within the cluster's range; chosen by Kubernetes when absent.",
          minimum: 1,
          maximum: 65535,
        },
        loadBalancerIP: {
          type: 'string',
          description: "Address to ask the cloud's load balancer for, where it supports that.",
          maxLength: 45,
          rules: [{ rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' }],
        },
        loadBalancerSourceRanges: {
          type: 'array',
          description: 'Address ranges that may reach the load balancer; everyone when absent.',
          maxItems: 64,
          items: {
            type: 'string',
            maxLength: 43,
            rules: [{ rule: 'isCIDR(self)', message: 'must be an address range such as 10.0.0.0/8 or fd00::/8' }],
          },
        },
      },
      rules: [
        {
          rule: "!has(self.nodePort) || self.type in ['NodePort', 'LoadBalancer']",
          message: 'nodePort needs type NodePort or LoadBalancer: change the type or remove nodePort',
        },
        {
          rule: "!has(self.loadBalancerIP) || self.type == 'LoadBalancer'",
          message: 'loadBalancerIP needs type LoadBalancer: change the type or remove loadBalancerIP',
        },
        {
          rule: "!has(self.loadBalancerSourceRanges) || self.loadBalancerSourceRanges.size() == 0 || self.type == 'LoadBalancer'",
          message:
            'loadBalancerSourceRanges needs type LoadBalancer: change the type or remove loadBalancerSourceRanges',
        },
      ],
    },
    tls: {
      type: 'object',
      description: 'TLS of the server endpoint. Without it the controller makes and renews a certificate of its own.',
      required: ['secretName'],
      properties: {
        secretName: {
          type: 'string',
          description: 'Name of a kubernetes.io/tls type Secret containing tls.crt and tls.key.',
          maxLength: 253,
          rules: [
            {
              rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
              message:
                "must name a Secret of type kubernetes.io/tls: lower case letters, digits, '-' and '.', a letter or digit at both ends",
            },
          ],
        },
      },
    },
    podConfig: {
      type: 'object',
      description: 'Resources and scheduling of the server pod.',
      properties: {
        podResources: {
          type: 'object',
          description: 'CPU and memory requests and limits of the Kopia server pod.',
          properties: {
            limits: {
              type: 'object',
              description: 'Limits describes the maximum amount of resources allowed.',
              maxProperties: 16,
              additionalProperties: {
                pattern:
                  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
                maxLength: 32,
                intOrString: true,
              },
            },
            requests: {
              type: 'object',
              description: 'Requests describes the minimum amount of resources required.',
              maxProperties: 16,
              additionalProperties: {
                pattern:
                  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
                maxLength: 32,
                intOrString: true,
              },
            },
          },
          rules: [
            {
              rule: '!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || !isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)',
              message: 'a request must not exceed its limit: lower the request or raise the limit',
            },
          ],
        },
        loadAffinity: {
          type: 'object',
          description: 'Load affinity for scheduling the Kopia server pod onto specific nodes.',
          properties: {
            nodeSelector: {
              type: 'object',
              description: 'The label selector to match nodes where the pod can be scheduled.',
              properties: {
                matchLabels: {
                  type: 'object',
                  description: 'matchLabels is a map of {key,value} pairs; all must match.',
                  maxProperties: 64,
                  additionalProperties: { type: 'string', maxLength: 63 },
                },
                matchExpressions: {
                  type: 'array',
                  description: 'matchExpressions is a list of label selector requirements; all must match.',
                  maxItems: 32,
                  items: {
                    type: 'object',
                    description:
                      'A label selector requirement contains values, a key, and an operator that relates the key and values.',
                    required: ['key', 'operator'],
                    properties: {
                      key: {
                        type: 'string',
                        description: 'key is the label key that the selector applies to.',
                        minLength: 1,
                        maxLength: 317,
                      },
                      operator: {
                        type: 'string',
                        description: "operator represents a key's relationship to a set of values.",
                        enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
                      },
                      values: {
                        type: 'array',
                        description:
                          'values is an array of strings: not empty for In and NotIn, empty for Exists and DoesNotExist.',
                        maxItems: 64,
                        items: { type: 'string', maxLength: 63 },
                      },
                    },
                    rules: [
                      {
                        rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
                        message: "operators In and NotIn need 'values': list at least one",
                      },
                      {
                        rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
                        message: "operators Exists and DoesNotExist take no 'values': remove them",
                      },
                    ],
                  },
                },
              },
            },
          },
        },
      },
    },
    accessControl: {
      type: 'object',
      description: 'Further access control entries; they can be shared between servers, as users can.',
      required: ['source'],
      properties: {
        source: {
          type: 'object',
          description:
            "Source of the entries: one 'user target access' a line in Kopia's own syntax, or 'user profile' with the profile append-only or full.",
          properties: {
            secret: {
              type: 'object',
              description: 'A Secret key that holds the list.',
              required: ['name', 'key'],
              properties: {
                name: {
                  type: 'string',
                  description: 'Name of the object, in the namespace of this server.',
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                      message:
                        "must name an object in this namespace: lower case letters, digits, '-' and '.', a letter or digit at both ends",
                    },
                  ],
                },
                key: {
                  type: 'string',
                  description: "Key in the object's data.",
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[-._a-zA-Z0-9]+$')",
                      message: "must be a key of the data: letters, digits, '-', '_' and '.' only",
                    },
                  ],
                },
                optional: {
                  type: 'boolean',
                  description:
                    'Specify whether the object or its key may be absent. While an optional list is absent, nothing is changed.',
                },
              },
            },
            configMap: {
              type: 'object',
              description: 'A ConfigMap key that holds the list.',
              required: ['name', 'key'],
              properties: {
                name: {
                  type: 'string',
                  description: 'Name of the object, in the namespace of this server.',
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                      message:
                        "must name an object in this namespace: lower case letters, digits, '-' and '.', a letter or digit at both ends",
                    },
                  ],
                },
                key: {
                  type: 'string',
                  description: "Key in the object's data.",
                  maxLength: 253,
                  rules: [
                    {
                      rule: "self.matches('^[-._a-zA-Z0-9]+$')",
                      message: "must be a key of the data: letters, digits, '-', '_' and '.' only",
                    },
                  ],
                },
                optional: {
                  type: 'boolean',
                  description:
                    'Specify whether the object or its key may be absent. While an optional list is absent, nothing is changed.',
                },
              },
            },
          },
          rules: [
            {
              rule: 'has(self.secret) != has(self.configMap)',
              message:
                "needs exactly one source of the access control list: set either 'secret' or 'configMap', not both",
            },
          ],
        },
      },
    },
    networkPolicy: {
      type: 'object',
      description: 'Who may reach the server.',
      default: {},
      properties: {
        allowedNamespaces: {
          type: 'object',
          description: 'Namespaces whose pods may connect. An empty selector ({}) allows every namespace.',
          default: { matchLabels: { 'oadp.openshift.io/file-backup-client': 'true' } },
          properties: {
            matchLabels: {
              type: 'object',
              description: 'matchLabels is a map of {key,value} pairs; all must match.',
              maxProperties: 64,
              additionalProperties: { type: 'string', maxLength: 63 },
            },
            matchExpressions: {
              type: 'array',
              description: 'matchExpressions is a list of label selector requirements; all must match.',
              maxItems: 32,
              items: {
                type: 'object',
                description:
                  'A label selector requirement contains values, a key, and an operator that relates the key and values.',
                required: ['key', 'operator'],
                properties: {
                  key: {
                    type: 'string',
                    description: 'key is the label key that the selector applies to.',
                    minLength: 1,
                    maxLength: 317,
                  },
                  operator: {
                    type: 'string',
                    description: "operator represents a key's relationship to a set of values.",
                    enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
                  },
                  values: {
                    type: 'array',
                    description:
                      'values is an array of strings: not empty for In and NotIn, empty for Exists and DoesNotExist.',
                    maxItems: 64,
                    items: { type: 'string', maxLength: 63 },
                  },
                },
                rules: [
                  {
                    rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
                    message: "operators In and NotIn need 'values': list at least one",
                  },
                  {
                    rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
                    message: "operators Exists and DoesNotExist take no 'values': remove them",
                  },
                ],
              },
            },
          },
        },
      },
    },
    objectives: {
      type: 'object',
      description: "What the tenants' backups are measured against.",
      properties: {
        maxSnapshotAge: {
          type: 'string',
          description: 'A tenant whose last complete snapshot is older is overdue, for example 26h.',
          maxLength: 32,
          rules: [
            {
              rule: "self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$')",
              message: "must be a duration in hours, minutes and seconds, for example '26h'",
            },
            {
              rule: "!(self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$')) || duration(self) > duration('0s')",
              message: 'must be longer than zero',
            },
          ],
        },
      },
    },
    policy: {
      type: 'object',
      description: "Kopia's global policy, which holds for every path without a policy of its own.",
      properties: {
        retention: {
          type: 'object',
          description: 'Which snapshots are kept.',
          properties: {
            keepLatest: {
              type: 'integer',
              description: 'Number of latest snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
            keepHourly: {
              type: 'integer',
              description: 'Number of hourly snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
            keepDaily: {
              type: 'integer',
              description: 'Number of daily snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
            keepWeekly: {
              type: 'integer',
              description: 'Number of weekly snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
            keepMonthly: {
              type: 'integer',
              description: 'Number of monthly snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
            keepAnnual: {
              type: 'integer',
              description: 'Number of annual snapshots to keep.',
              minimum: 0,
              maximum: 10000,
            },
          },
        },
        compression: {
          type: 'object',
          description: 'How files are compressed.',
          properties: {
            compressor: {
              type: 'string',
              description: 'Name of the algorithm, as Kopia calls it.',
              enum: [
                'none',
                'zstd',
                'zstd-fastest',
                'zstd-better-compression',
                's2-default',
                's2-better',
                's2-parallel-4',
                's2-parallel-8',
                'gzip',
                'gzip-best-speed',
                'gzip-best-compression',
                'pgzip',
                'pgzip-best-speed',
                'pgzip-best-compression',
                'deflate-best-speed',
                'deflate-default',
                'deflate-best-compression',
              ],
            },
          },
        },
        files: {
          type: 'object',
          description: 'Which files are left out.',
          properties: {
            ignore: {
              type: 'array',
              description: 'Rules for files to leave out, in the form of a .gitignore.',
              maxItems: 256,
              items: { type: 'string', minLength: 1, maxLength: 1024 },
            },
          },
        },
        driftPolicy: {
          type: 'string',
          description:
            'What to do when somebody else changed one of these fields: Repair sets it back, Report only says so.',
          default: 'Repair',
          enum: ['Repair', 'Report'],
        },
      },
    },
    repository: {
      type: 'object',
      description: 'Settings of the repository, applied when it is created.',
      properties: {
        retentionMode: {
          type: 'string',
          description: 'Object lock mode of every blob: GOVERNANCE or COMPLIANCE.',
          enum: ['GOVERNANCE', 'COMPLIANCE'],
        },
        retentionPeriod: {
          type: 'string',
          description: 'How long a blob is locked, at least 24h, for example 720h.',
          maxLength: 32,
          rules: [
            {
              rule: "self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$')",
              message: "must be a duration in hours, minutes and seconds, for example '720h'",
            },
            {
              rule: "!(self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$')) || duration(self) >= duration('24h')",
              message: 'must be at least 24h',
            },
          ],
        },
      },
      rules: [
        {
          rule: 'has(self.retentionMode) == has(self.retentionPeriod)',
          message: 'retentionMode and retentionPeriod belong together: set both or neither',
        },
      ],
    },
  },
};
