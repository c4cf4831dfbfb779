"""What the API knows: servers from a watch; tenants, snapshots and sessions from Redis, held in memory."""
