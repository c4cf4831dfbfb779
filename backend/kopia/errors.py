"""What can go wrong while talking to a Kopia server, one class for each thing a caller does about it."""

from __future__ import annotations


class KopiaError(Exception):
    """The server answered with an error no other class names, or an answer we cannot read."""


class AccessDenied(KopiaError):
    """The login was refused, or an ACL forbids the request: repeating it does not help."""


class NotFound(KopiaError):
    """The manifest asked for does not exist (any more)."""


class StreamBroken(KopiaError):
    """The session ended under the request: open a new one; a write may or may not have happened."""


class DeadlineExceeded(KopiaError):
    """No answer in time; a server whose storage is down hangs like this."""


class ServerUnavailable(KopiaError):
    """No session could be opened: nothing listens, the certificate differs, or no repository is open."""


class VersionTooOld(KopiaError):
    """The server lacks something that every version of Kopia we support has: repeating it does not help."""
