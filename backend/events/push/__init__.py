"""What push subscriptions keep in Redis; everything is in the slot of the firehose, so one script changes all of it."""
