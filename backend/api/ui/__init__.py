"""The console host of our own: the plugin's pages for everyone without OpenShift (docs/adr/0020-console-host.md)."""
