"""syslog-ng and rsyslog from Debian, each in a root of its own (they conflict), writing lines to a Redis stream.

The line goes unread into the event, as one text; no types, one stream (rsyslog: a list), no cursor in Redis.
syslog-ng does that in two ways: with `format-json`, its way to JSON, which the targets are measured against, and
cheaper with a fixed text, which leaves control characters and broken UTF-8 as they are.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.roots import root_of
from tests.cluster.cache import tied

STREAM = "peer"


@dataclass(frozen=True)
class Peer:
    name: str
    root_name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    count: str  # of Redis: XLEN, or LLEN for a list
    config: str  # `@FILE@` for the log, `@PORT@` for Redis

    @property
    def root(self) -> Path:
        return root_of(self.root_name)

    @property
    def log(self) -> Path:
        """What it reads, from the beginning on, and goes on reading."""
        return self.root / "bench" / "log"

    def start(self, first: bytes, port: int) -> subprocess.Popen[bytes]:
        """With a log that has these lines; kill it when all is there."""
        work = self.root / "bench"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        self.log.write_bytes(first)
        (work / "config").write_text(self.config.replace("@FILE@", "/bench/log").replace("@PORT@", str(port)))
        return subprocess.Popen(tied(["chroot", str(self.root), *self.command]))


_SYSLOG_NG_COMMAND = ("syslog-ng", "-F", "--no-caps", "-f", "/bench/config", "-R", "/bench/persist", "-p", "/bench/pid",
                      "-c", "/bench/control")  # fmt: skip
_SYSLOG_NG_CONFIG = r"""@version: 3.38
options { stats-freq(0); use-uniqid(yes); };
template event { @TEMPLATE@ };
source lines {
  file("@FILE@" flags(no-parse) follow-freq(0.1) log-fetch-limit(10000) log-iw-size(100000));
};
destination events {
  redis(host("127.0.0.1") port(@PORT@) log-fifo-size(200000) batch-lines(1000) batch-timeout(10) workers(1)
    command("XADD", "peer", "*", "event", "$(template event)"));
};
log { source(lines); destination(events); flags(flow-control); };
"""
_FORMAT_JSON = 'template("$(format-json specversion=1.0 id=$UNIQID source=/bench type=line.v1 data=$MESSAGE)");'
_SPLICED = r"""template('{"specversion":"1.0","id":"$UNIQID","source":"/bench","type":"line.v1","data":"$MESSAGE"}');
  template-escape(yes);"""


def _syslog_ng(name: str, template: str) -> Peer:
    packages = ("syslog-ng-core", "syslog-ng-mod-redis")
    return Peer(
        name, "syslog-ng", packages, _SYSLOG_NG_COMMAND, "XLEN", _SYSLOG_NG_CONFIG.replace("@TEMPLATE@", template)
    )


SYSLOG_NG = _syslog_ng("syslog-ng", _FORMAT_JSON)
SYSLOG_NG_SPLICED = _syslog_ng("syslog-ng, spliced", _SPLICED)

RSYSLOG = Peer(
    "rsyslog",
    "rsyslog",
    ("rsyslog", "rsyslog-hiredis"),
    ("rsyslogd", "-n", "-f", "/bench/config", "-i", "/bench/pid"),
    "LLEN",
    r"""global(workDirectory="/bench")
module(load="imfile" mode="inotify")
module(load="omhiredis")
template(name="event" type="string" string="{\"specversion\":\"1.0\",\"id\":\"%uuid%\",\"source\":\"/bench\",\"type\":\"line.v1\",\"data\":\"%msg:::json%\"}")
ruleset(name="out" queue.type="FixedArray" queue.size="200000" queue.dequeueBatchSize="1000") {
  action(type="omhiredis" server="127.0.0.1" serverport="@PORT@" mode="queue" key="peer" template="event")
}
input(type="imfile" file="@FILE@" tag="kopia" ruleset="out")
""",  # noqa: E501
)
