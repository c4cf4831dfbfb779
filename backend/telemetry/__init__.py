"""Metrics, traces and logs of every process. The only room that knows OpenTelemetry and Prometheus."""
