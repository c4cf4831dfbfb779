"""Velero's BackupStorageLocation as a Kopia storage: pure mapping, and a probe of the real thing."""
