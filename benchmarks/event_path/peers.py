"""syslog-ng and rsyslog from Debian, each in a root of its own (they conflict), writing lines to a Redis stream.

Both are given the cheapest way to a CloudEvent: the line, unread, spliced into a fixed text. They keep no cursor in
Redis, know no types and write one stream.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import cache_dir, locked, tied

STREAM = "peer"


@dataclass(frozen=True)
class Peer:
    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    config: str  # `@FILE@` for the log, `@PORT@` for Redis

    @property
    def root(self) -> Path:
        return cache_dir() / "peers" / self.name

    def start(self, log: Path, port: int) -> subprocess.Popen[bytes]:
        """Reads the log from its beginning; kill it when all is there."""
        work = self.root / "bench"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        (work / "log").hardlink_to(log)
        (work / "config").write_text(self.config.replace("@FILE@", "/bench/log").replace("@PORT@", str(port)))
        return subprocess.Popen(tied(["chroot", str(self.root), *self.command]))


def install(peer: Peer) -> None:
    with locked(f"peer-{peer.name}"):
        if (peer.root / ".ready").exists():
            return
        print(f"    Debian with {' and '.join(peer.packages)}", flush=True)
        shutil.rmtree(peer.root, ignore_errors=True)
        peer.root.parent.mkdir(exist_ok=True)
        include = f"--include={','.join(peer.packages)}"
        subprocess.run(["mmdebstrap", "-q", "--variant=apt", include, "bookworm", str(peer.root)], check=True)
        (peer.root / ".ready").touch()


SYSLOG_NG = Peer(
    "syslog-ng",
    ("syslog-ng-core", "syslog-ng-mod-redis"),
    (
        "syslog-ng",
        "-F",
        "--no-caps",
        "-f",
        "/bench/config",
        "-R",
        "/bench/persist",
        "-p",
        "/bench/pid",
        "-c",
        "/bench/c",
    ),
    r"""@version: 3.38
options { stats-freq(0); use-uniqid(yes); };
template event {
  template('{"specversion":"1.0","id":"$UNIQID","source":"/bench","type":"line.v1","data":"$MESSAGE"}');
  template-escape(yes);
};
source lines {
  file("@FILE@" flags(no-parse) follow-freq(0.1) log-fetch-limit(10000) log-iw-size(100000));
};
destination events {
  redis(host("127.0.0.1") port(@PORT@) log-fifo-size(200000) batch-lines(1000) batch-timeout(10) workers(1)
    command("XADD", "peer", "*", "event", "$(template event)"));
};
log { source(lines); destination(events); flags(flow-control); };
""",
)

RSYSLOG = Peer(
    "rsyslog",
    ("rsyslog", "rsyslog-hiredis"),
    ("rsyslogd", "-n", "-f", "/bench/config", "-i", "/bench/pid"),
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
