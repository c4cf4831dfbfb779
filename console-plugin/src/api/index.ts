/** The API of the backup servers: typed requests, errors and events. */
export * from './base';
export * from './client';
export * from './errors';
export * from './kubernetes';
export * from './objects';
export * from './subscriptions';
export * from './types';
