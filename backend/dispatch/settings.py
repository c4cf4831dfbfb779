"""The dispatcher's settings file: where events may go, and who wants which."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, IPvAnyNetwork, ValidationError, field_validator, model_validator

from backend.events.push.models import NAME, Duration, Part, Place, Wanted
from backend.events.push.policy import OpenCredentials, OpenTarget, Policy, Quota

_OURS = {"host", "content-type", "content-length", "transfer-encoding", "connection", "traceparent", "user-agent"}


class InvalidSettings(Exception):
    """The text says what to correct, and where."""


class Target(Place):
    """`networks`: addresses that its hosts may have though they are not public."""

    networks: tuple[IPvAnyNetwork, ...] = ()


class Header(Part):
    """A header whose value is the content of a file, which is read again when it changes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$&'*+.^_`|~-]+$")]
    value_file: Path

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name.lower() in _OURS or name.lower().startswith("ce-"):
            raise ValueError(f"{name} is written by the dispatcher itself: use another name")
        return name


class Subscription(Wanted):
    name: Annotated[str, Field(pattern=NAME)]
    bearer_token_file: Path | None = None
    headers: tuple[Header, ...] = ()
    ca_file: Path | None = None

    @property
    def has_credentials(self) -> bool:
        return bool(self.bearer_token_file or self.headers)

    @model_validator(mode="after")
    def _credentials_are_protected(self) -> Subscription:
        if self.has_credentials and self.url.scheme != "https":
            raise ValueError("credentials are sent over https only: use an https sink, or no credentials")
        _each_once(self.headers, self.bearer_token_file)
        return self


class Credentials(OpenCredentials):
    """Those that people may use by name, at the target that holds them and nowhere else."""

    bearer_token_file: Path | None = None
    headers: tuple[Header, ...] = ()

    @model_validator(mode="after")
    def _of_use(self) -> Credentials:
        if not (self.bearer_token_file or self.headers):
            raise ValueError("credentials need a bearerTokenFile, or headers")
        if not (self.users or self.groups):
            raise ValueError("credentials need users or groups that may use them; system:authenticated is everybody")
        _each_once(self.headers, self.bearer_token_file)
        return self


class ApiTarget(Target):
    """Where subscriptions made through the API may go."""

    ca_file: Path | None = None
    credentials: tuple[Credentials, ...] = ()

    @model_validator(mode="after")
    def _credentials_are_protected(self) -> ApiTarget:
        if self.credentials and self.scheme != "https":
            raise ValueError("credentials are sent over https only: use an https target, or no credentials")
        names = [one.name for one in self.credentials]
        if len(names) != len(set(names)):
            raise ValueError("two credentials of a target have the same name: rename one")
        return self


class ApiSettings(Quota):
    """What people may do through the API; without targets, nothing."""

    targets: tuple[ApiTarget, ...] = ()

    def public(self) -> Policy:
        """Without files and addresses, for everybody who validates."""
        opened = [
            OpenTarget(scheme=one.scheme, host=one.host, port=one.port, credentials=tuple(
                OpenCredentials(name=each.name, users=each.users, groups=each.groups) for each in one.credentials
            ))
            for one in self.targets
        ]  # fmt: skip
        return Policy(targets=tuple(opened), per_owner=self.per_owner, total=self.total, owner_age=self.owner_age)


def _each_once(headers: tuple[Header, ...], token: Path | None) -> None:
    names = [one.name.lower() for one in headers] + ["authorization"] * bool(token)
    if len(names) != len(set(names)):
        raise ValueError("a header is given twice (bearerTokenFile is the header Authorization)")


class Settings(Part):
    """`lease`: how long nobody delivers a subscription after the process that did was killed."""

    lease: Duration = timedelta(seconds=15)
    targets: tuple[Target, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    api: ApiSettings = ApiSettings()

    def target(self, subscription: Subscription) -> Target:
        """The first one that the sink fits."""
        return next(one for one in self.targets if one.fits(subscription.url))

    @model_validator(mode="after")
    def _sinks_are_targets(self) -> Settings:
        names = [one.name for one in self.subscriptions]
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            raise ValueError(f"two subscriptions are called {twice[0]}: rename one")
        for one in self.subscriptions:
            if not any(target.fits(one.url) for target in self.targets):
                raise ValueError(f"no target permits {one.place}, the sink of {one.name}: add it to targets")
        return self


def load(path: Path) -> Settings:
    """Raises InvalidSettings."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise InvalidSettings(f"{path} is no YAML{f', see line {where.line + 1}' if where else ''}") from None
    try:
        return Settings.model_validate({} if content is None else content)
    except ValidationError as error:
        raise InvalidSettings(f"{path}: " + "; ".join(_sentence(one) for one in error.errors()[:5])) from None


def _sentence(problem: Any) -> str:
    text = re.sub(r"^Value error, ", "", str(problem["msg"]))
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {text}" if where else text
