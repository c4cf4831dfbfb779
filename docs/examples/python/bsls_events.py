"""Entries of bsls streams as CloudEvents."""

import json
import os
from collections.abc import Iterator, Mapping

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.formats.json import JSONFormat
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect() -> Redis:
    """$REDIS_URL names host, database and user; the password comes from $REDIS_PASSWORD.

    With rediss:// over TLS, trusting the CA in $REDIS_CA_FILE, or those of the system. The socket timeout is longer
    than a read blocks, so that a connection that broke silently is noticed. No retries: a read of a group that is sent
    again would take other entries, so the caller starts over. With a Redis Cluster use redis.RedisCluster, with
    Sentinel redis.Sentinel(…).master_for(…): the calls are the same.
    """
    options = {"protocol": 2, "socket_timeout": 20, "retry": Retry(NoBackoff(), 0)}
    if password := os.environ.get("REDIS_PASSWORD"):
        options["password"] = password
    if ca_file := os.environ.get("REDIS_CA_FILE"):
        options["ssl_ca_certs"] = ca_file
    return Redis.from_url(os.environ["REDIS_URL"], **options)


def events_of(fields: Mapping[bytes, bytes]) -> Iterator[BaseCloudEvent]:
    """The events of an entry: one in a server's stream (`event`), a JSON batch in the firehose (`events`).

    Raises cloudevents.core.exceptions.CloudEventValidationError for what is no CloudEvent.
    """
    batch = json.loads(fields[b"events"]) if b"events" in fields else [json.loads(fields[b"event"])]
    for one in batch:
        yield JSONFormat().read(None, json.dumps(one))
