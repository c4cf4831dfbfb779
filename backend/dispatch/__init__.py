"""The dispatcher: a process of its own that delivers events over HTTP to those who subscribed."""
