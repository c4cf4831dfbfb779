"""The BackupStorageLocationServer resource: its models, its CRD and the names it shares with the rest of the code."""
