"""The AWS shared-credentials file that Velero uses. Values are never repeated in a message."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field

from backend.storage.model import StorageProblem

MALFORMED = "StorageCredentialsMalformed"


@dataclass(frozen=True)
class AwsCredentials:
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def parse_aws(data: bytes, profile: str) -> AwsCredentials:
    """The keys of one section (`default` where none is named)."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(data.decode("utf-8").lstrip("\ufeff"))
    except (UnicodeDecodeError, configparser.Error) as error:
        raise StorageProblem(
            MALFORMED,
            "The storage credentials are not an AWS credentials file; write a section [default] with "
            "aws_access_key_id and aws_secret_access_key.",
        ) from error
    if not parser.has_section(profile):
        found = ", ".join(sorted(parser.sections())) or "none"
        raise StorageProblem(
            MALFORMED,
            f"The storage credentials have no section [{profile}] (sections: {found}); add it or set config.profile.",
        )
    section = {key: value.strip() for key, value in parser.items(profile) if value is not None}
    for key in ("aws_access_key_id", "aws_secret_access_key"):
        if not section.get(key):
            raise StorageProblem(MALFORMED, f"The section [{profile}] of the storage credentials has no {key}; add it.")
    return AwsCredentials(
        section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token", "")
    )


def parse_env(data: bytes) -> dict[str, str]:
    """The `KEY=value` lines of an Azure credentials file."""
    found: dict[str, str] = {}
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise StorageProblem(MALFORMED, "The storage credentials are not text; write KEY=value lines.") from error
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not equals:
            raise StorageProblem(MALFORMED, f"Line {number} of the storage credentials is not KEY=value; correct it.")
        found[key.strip()] = value.strip().strip("'\"")
    return found
