"""Planted secrets are in no record that a line becomes; and ordinary text stays as it is."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

import pytest

from backend.kopia.log_lines import parse_line
from backend.kopia.redact import GONE, LIMIT, redact

LETTERS = string.ascii_letters + string.digits
Random = random.Random


def of(letters: str, least: int, most: int = 0) -> Callable[[Random], str]:
    return lambda chance: "".join(chance.choices(letters, k=chance.randint(least, most or least)))


def aws_secret_key(chance: Random) -> str:
    """Such a key holds letters of both cases and digits; all but one in a million of the real ones do."""
    middle = "".join(chance.choices(LETTERS + "/+", k=36))
    return "a" + "".join(chance.sample("Zq7" + middle, 39))


def jwt(chance: Random) -> str:
    parts = [base64.urlsafe_b64encode(chance.randbytes(chance.randint(12, 60))).decode().rstrip("=") for _ in range(3)]
    return "eyJ" + ".".join(parts)


_password = of(LETTERS + "!#$%()*+./:;<=>?@[]^_{|}~-", 6, 40)
word = of(LETTERS, 6, 40)
access_key = of(string.ascii_uppercase + string.digits, 16)
hexadecimal = of("0123456789abcdef", 64)


def password(chance: Random) -> str:
    """It does not look like a flag, as no command line takes such a one."""
    return _password(chance).lstrip("-") or "x7"


# How a secret may stand in a text; `%s` is the secret.
PLACES: tuple[tuple[Callable[[Random], str], tuple[str, ...]], ...] = (
    (aws_secret_key, ("%s", "key %s refused", "(%s)", "'%s'", "secret is: %s", "[%s]")),
    (lambda chance: aws_secret_key(chance).replace("/", "x"), ("/srv/%s/file", "open /%s: no", "a/%s.")),
    (
        lambda chance: chance.choice(("AKIA", "ASIA", "AROA", "AIDA")) + access_key(chance),
        ("%s", "The access key %s does not exist", "Credential=%s/20261123/us-east-1/s3/aws4_request, x", "<%s>"),
    ),
    (
        password,
        (
            "password=%s", "PASSWORD = %s", "KOPIA_PASSWORD=%s", "--password %s", "--server-control-password=%s",
            '--user-password "%s"', "{User:x Password:%s", "secretAccessKey: %s", "secret_access_key=%s",
            "aws_session_token = %s", "X-Amz-Security-Token: %s", "apiKey=%s", "passphrase='%s'", "client_secret=%s",
        ),
    ),
    (word, ("https://user:%s@storage/bucket", "https://%s@storage/", "redis://:%s@host:6379/0", "s3://x:%s@host")),
    (
        lambda chance: base64.b64encode(chance.randbytes(chance.randint(9, 60))).decode(),
        (
            "Authorization: Basic %s", "authorization=Bearer %s", '"Authorization":["Basic %s"]', "Bearer aaaaaaaaa%s",
            "Proxy-Authorization: Basic %s", "sv=2026&sig=%s&se=x",
        ),
    ),
    (jwt, ("%s", "token %s expired", "Authorization: Bearer %s", "id_token=%s")),
    (
        hexadecimal,
        (
            "%s", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=%s", "https://s3/x?X-Amz-Signature=%s&X-Amz-Date=1",
            "object k%s", "https://storage.googleapis.com/b/o?X-Goog-Signature=%s",
        ),
    ),
    (word, ("-----BEGIN PRIVATE KEY----- %s -----END PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY----- %s")),
    (word, ("CSRF token for /api: abc, want %s, session d", "got invalid CSRF token for /: %s, want b, session c")),
)  # fmt: skip


def in_lines(text: str) -> list[bytes]:
    """The text wherever a record takes text from."""
    fields = {"l": "ERROR", "t": "2026-11-23T09:42:18Z", "n": "kopia/server", "m": text}
    handshake = f"2026/11/23 21:12:00 http: TLS handshake error from 127.0.0.1:1: {text}"
    report = dict.fromkeys(("user", "status", "start", "end", "error"), text) | {
        "host": "VM"
    }  # a path is told as it is
    told = {"severity": 20, "subject": text, "body": text}
    failed = {"severity": 20, "subject": f"Kopia has encountered an error during {text} on vm"}
    return [
        *(
            json.dumps(fields | more).encode()
            for more in (
                {}, {"n": text}, {"m": "refresh error", "err": text}, {"m": "odd", "error": text},
                {"m": f"failed login attempt by client 127.0.0.1:1 for user {text}"},
                {"n": "retry", "m": f"got error {text} when PutBlob(x) (#1), sleeping for 1s before retrying"},
                {"n": "cache", "m": "unable to write", "err": text},
                {"n": "kopia/cli", "m": f"unable to initialize repository: {text}"},
                {"n": "maintenance", "m": f"unable to report run: {text}"},
                {"m": f"unable to open repository: {text}, will keep trying until canceled. Sleeping for 1s"},
            )
        ),
        handshake.encode(),
        f"2026/11/23 21:12:00 http: panic serving 127.0.0.1:1: {text}".encode(),
        f"2026/11/23 21:12:00 http: Accept error: {text}".encode(),
        f"panic: {text}".encode(),
        f"SERVER ADDRESS: https://{text}".encode(),
        f"NOTIFICATION: {json.dumps(told)}".encode(),
        f"NOTIFICATION: {json.dumps(failed | {'body': f'Operation: x{chr(10) * 2}{text}'})}".encode(),
        f"NOTIFICATION: {json.dumps(told | {'body': json.dumps({'snapshots': [report]})})}".encode(),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_no_planted_secret_is_in_a_record(seed: int) -> None:
    chance = Random(seed)
    for made, places in PLACES:
        place, secret = chance.choice(places), made(chance)
        text = place % secret
        for end in ("", " and more", ": EOF"):
            for line in in_lines(text + end):
                assert secret not in repr(parse_line(line)), line


@pytest.mark.parametrize("seed", range(20))
def test_a_secret_at_a_limit_is_not_told_in_part(seed: int) -> None:
    chance = Random(seed)
    for made, places in PLACES:
        place, secret = chance.choice(places), made(chance)
        for limit in (LIMIT, 4 * LIMIT):
            short = limit - chance.randint(-10, len(place) + len(secret))
            told = redact(("x " * limit)[:short] + " " + place % secret)
            assert len(told) <= LIMIT
            assert secret[:12] not in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unable to write pack: error writing pack: Access Denied.",
        'Put "http://127.0.0.1:28333/backups/bsl-a/": dial tcp 127.0.0.1:28333: connect: connection refused',
        "invalid repository password",
        "getting password: password prompt error: inappropriate ioctl for device",
        "The access key ID you provided does not exist in our records.",
        "--without-password specified without --insecure, refusing to start server",
        "http: named cookie not present",
        "open /var/lib/tokens/list.txt: permission denied",
        "lookup storage.example.com on 10.0.0.1:53: no such host",
        "Mon, 23 Nov 2026 21:11:56 +0000",
        "2026-11-23T21:11:56.123456789Z",
        "alice@vm-1.example.com",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://me:pw@host/x", f"https://{GONE}@host/x"),
        ("password=a b", f"password={GONE} b"),
        ("k0123456789abcdef0123456789abcdef", "k0123456…"),
        ("Bearer of good news", "Bearer of good news"),
        ("one\ntwo\x00\u2028", "one two\N{REPLACEMENT CHARACTER} "),
        ("x" * (LIMIT + 1), "x" * (LIMIT - 1) + "…"),
    ],
)
def test_what_is_left(text: str, told: str) -> None:
    assert redact(text) == told
