"""What an admin does about tenants: edit the user list in its Secret, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from backend.kopia.users import hash_password
from tests.demo.vm import Kubectl, Vm

LIMIT_S = 30.0
PAUSE_S = 0.2


def user_list(passwords: dict[str, str]) -> str:
    """The text of a user list."""
    lines = (f"{hash_password(user, password)}\n" for user, password in passwords.items())
    return "# tenants of the demo\n" + "".join(lines)


class Tenants:
    """The user list of one server, in the Secret `<server>-users`."""

    def __init__(self, kubectl: Kubectl, namespace: str, server: str, passwords: dict[str, str]) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        self._secret = f"{server}-users"
        self._passwords = dict(passwords)

    def put(self, vm: Vm, url: str, fingerprint: str) -> float:
        """Add the tenant, or change the password; the seconds until the client got in, its own time included."""
        self._passwords[vm.user] = vm.password
        started = self._write()
        self._until(lambda: _gets_in(vm, url, fingerprint), f"{vm.user} gets in", started)
        return time.monotonic() - started

    def remove(self, vm: Vm, url: str, fingerprint: str) -> float:
        """Take the tenant off the list; the seconds until the client was refused."""
        del self._passwords[vm.user]
        started = self._write()
        self.wait_refused(vm, url, fingerprint, started)
        return time.monotonic() - started

    def wait_refused(self, vm: Vm, url: str, fingerprint: str, started: float = 0.0) -> None:
        self._until(lambda: not _gets_in(vm, url, fingerprint), f"{vm.user} is refused", started or time.monotonic())

    def _write(self) -> float:
        patch = json.dumps({"stringData": {"users": user_list(self._passwords)}})
        self._kubectl("patch", "secret", "-n", self._namespace, self._secret, "--type=merge", "-p", patch)
        return time.monotonic()

    def _until(self, holds: Callable[[], bool], what: str, started: float) -> None:
        while not holds():
            if time.monotonic() - started > LIMIT_S:
                raise AssertionError(f"not within {LIMIT_S:.0f} s: {what}")
            time.sleep(PAUSE_S)


def _gets_in(vm: Vm, url: str, fingerprint: str) -> bool:
    """Whether the stock client can connect; any other failure than a refusal is an error."""
    try:
        vm.connect(url, fingerprint)
    except AssertionError as error:
        if "access denied" in str(error):
            return False
        raise
    vm.disconnect()
    return True
