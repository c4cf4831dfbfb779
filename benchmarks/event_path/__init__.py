"""`make bench-events`: log lines to CloudEvents in Redis, against syslog-ng and rsyslog."""
