"""Where what is, as in OpenShift's console: so the same built plugin finds everything."""

from __future__ import annotations

PLUGIN = "bsls-console-plugin"
ALIAS = "api"  # of the proxy to the API, in the plugin's ConsolePlugin

SESSION = "/auth/session"
PLUGIN_FILES = f"/api/plugins/{PLUGIN}"
PROXY = f"/api/proxy/plugin/{PLUGIN}/{ALIAS}"
KUBERNETES = "/api/kubernetes"
