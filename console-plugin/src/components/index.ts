/** Parts that several pages use. */
export * from './Figure';
export * from './HealthLabel';
export * from './Page';
export * from './Time';
export * from './now';
export * from './states';
