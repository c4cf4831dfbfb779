"""The event path: the only room that may import redis and cloudevents (import-linter checks it)."""
