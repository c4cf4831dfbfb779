"""Push subscriptions, on real Redis and real HTTP receivers."""
