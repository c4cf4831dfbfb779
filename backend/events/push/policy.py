"""What the dispatcher's settings let people do through the API: where pushes may go, and who may use which credentials.

The dispatcher publishes it in Redis, so that the API refuses at once what would never be delivered. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from backend.events.push.made_models import Made
from backend.events.push.models import NAME, Duration, Part, Place

NO_TARGETS = (
    "no target is open to subscriptions of the API: an administrator has to add one to api.targets in the settings of "
    "the dispatcher"
)


class NotAllowed(Exception):
    """`field`: of the subscription; the text says what to do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class OpenCredentials(Part):
    """Credentials by their name, and who may use them: these users, and the members of these groups."""

    name: Annotated[str, Field(pattern=NAME)]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def open_to(self, user: str, groups: Collection[str]) -> bool:
        return user in self.users or any(one in groups for one in self.groups)


class OpenTarget(Place):
    credentials: tuple[OpenCredentials, ...] = ()


class Quota(Part):
    """`owner_age`: for how long what is known of an owner (their groups) is believed after it was last confirmed."""

    per_owner: Annotated[int, Field(ge=1, le=1000)] = 10
    total: Annotated[int, Field(ge=1, le=1000)] = 100
    owner_age: Duration = timedelta(hours=720)


class Policy(Quota):
    targets: tuple[OpenTarget, ...] = ()

    def find(self, made: Made, user: str, groups: Collection[str]) -> int:
        """Which of the targets takes the subscription of this user. Raises NotAllowed."""
        if not self.targets:
            raise NotAllowed("sink", NO_TARGETS)
        fitting = [number for number, one in enumerate(self.targets) if one.fits(made.url)]
        if not fitting:
            raise NotAllowed("sink", f"no target permits {made.place}: an administrator has to add it to api.targets "
                                     "in the settings of the dispatcher")  # fmt: skip
        if made.credentials is None:
            return fitting[0]
        for number in fitting:
            if any(
                one.name == made.credentials and one.open_to(user, groups) for one in self.targets[number].credentials
            ):
                return number
        raise NotAllowed("credentials", f"no credentials called {made.credentials} are open to {user} at {made.place}: "
                                        "an administrator names who may use which in api.targets")  # fmt: skip
