"""The API process: reads Redis and Kubernetes, and shows each caller what they may see (docs/adr/0017-api.md)."""
