/** Parts that several pages use. */
export * from './Choice';
export * from './Figure';
export * from './HealthLabel';
export * from './Page';
export * from './Pager';
export * from './Columns';
export * from './SeverityIcon';
export * from './SnapshotState';
export * from './TenantInput';
export * from './Time';
export * from './Waiting';
export * from './eventText';
export * from './held';
export * from './now';
export * from './states';
export * from './useFilters';
export * from './useSettled';
