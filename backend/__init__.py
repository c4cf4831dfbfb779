"""File-level backup servers for virtual machines: controller, Kopia client, events and API."""
