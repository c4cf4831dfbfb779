"""The served certificate, taken over when its files change: the service's CA rotates it without a restart."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)

CHECK_S = 5.0


class Certificate:
    """`context` serves new connections with what the files held when `run` last looked. Raises OSError, ssl.SSLError
    when they cannot be used at the start.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._known = self._content()
        self.context.load_cert_chain(certificate, key)

    async def run(self) -> None:
        """Never returns. A pair that cannot be used is told of, and the last good one is served on."""
        while True:
            await asyncio.sleep(CHECK_S)
            self.refresh()

    def refresh(self) -> bool:
        """Whether another certificate is served from now on."""
        try:
            content = self._content()
            if content == self._known:
                return False
            self._known = content
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*self._files)
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            log.warning("the new certificate cannot be served, the old one still is: %s", error)
            return False
        log.info("a new certificate is served")
        return True

    def _content(self) -> tuple[bytes, bytes]:
        certificate, key = self._files
        return certificate.read_bytes(), key.read_bytes()
