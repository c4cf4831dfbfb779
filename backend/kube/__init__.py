"""The Kubernetes API: the only room that may import kubernetes_asyncio (import-linter checks it)."""
