/** The live stream and what follows it. */
export type { Load } from './resource';
export type { LiveState } from './store';
export type { Scope } from './stream';
export * from './servers';
export * from './useEach';
export * from './useLive';
export * from './usePages';
export * from './useResource';
export * from './useScope';
export * from './useSight';
