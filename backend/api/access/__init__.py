"""Who calls and what they may see: decided by Kubernetes for every request, never by ourselves."""
