"""The controller: observe -> desired -> apply -> assess, one worker per BackupStorageLocationServer."""
