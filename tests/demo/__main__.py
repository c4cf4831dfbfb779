"""`make demo`: a BackupStorageLocationServer becomes a Kopia server that stock clients back up to, on real parts."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backend.crd.constants import CLIENT_LABEL, CLIENT_LABEL_VALUE
from tests import objects
from tests.cluster.cache import cache_dir
from tests.demo import pictures, places, site
from tests.demo.api import Api, Live
from tests.demo.api import install as install_api
from tests.demo.figures import figures
from tests.demo.live import LiveEvents
from tests.demo.monitored import monitored
from tests.demo.report import Report
from tests.demo.tenants import Tenants, user_list
from tests.demo.vm import Kubectl, Vm
from tests.servers.alerts import rules
from tests.servers.prometheus import Prometheus

BACKUP_NS, VM_NS, OTHER_NS = "bsls-demo", "bsls-demo-vms", "bsls-demo-elsewhere"
MONITORING_NS, MONITORING_LABEL = "bsls-demo-monitoring", {"oadp.openshift.io/metrics-client": "true"}
SERVER = "file-backup"
AT = f"/servers/{BACKUP_NS}/{SERVER}"  # in the API
MAX_AGE = "5m"
TENANTS = (f"alice@vm-1.{VM_NS}", f"bob@vm-2.{VM_NS}")


def main() -> int:
    options = _options()
    report = Report(cache_dir() / "demo-report.json")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ok = False
    with contextlib.ExitStack() as stack:
        try:
            _demo(options, report, stack)
            ok = report.write()
            if not options.once:
                _stay()
        except KeyboardInterrupt:
            print("\n==> stopping", flush=True)
            return 0 if ok else 130
        except Exception as error:
            report.write()
            print(f"==> {error}", file=sys.stderr)
            return 1
    return 0 if ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--kubeconfig", type=Path, help="use this cluster; needs IMAGE and CLIENT_IMAGE it can pull")
    parser.add_argument("--image", default=os.environ.get("IMAGE"))
    parser.add_argument("--client-image", default=os.environ.get("CLIENT_IMAGE"))
    parser.add_argument("--pictures", type=Path, help="folder for pictures of graphs and traces, for the documentation")
    options = parser.parse_args()
    if options.pictures and options.kubeconfig:
        parser.error("--pictures needs the demo's own cluster: leave --kubeconfig out")
    return options


def _demo(options: argparse.Namespace, report: Report, stack: contextlib.ExitStack) -> None:
    place = places.yours(options) if options.kubeconfig else places.local(report, stack)
    with report.step("start a real S3 server (SeaweedFS)"):
        s3 = stack.enter_context(places.storage(place))
        s3.create_bucket("backups")
    kubectl = place.kubectl
    if options.kubeconfig:
        stack.callback(_tidy, kubectl)
    with report.step("install Redis, CRD, RBAC, controller and API by the manifests"):
        site.install_redis(kubectl, place.redis_image)
        site.install(kubectl, place.image)
        install_api(kubectl, place.image)
        site.admit(kubectl, BACKUP_NS)
    passwords = {user: secrets.token_urlsafe(12) for user in TENANTS}
    with report.step("apply the samples: storage location, Secrets, server"):
        kubectl("apply", "-f", "-", input=_samples(place.s3_url(s3), s3, passwords))
    with report.step("BackupStorageLocationServer applied -> Available"):
        server = site.wait_for(kubectl, BACKUP_NS, SERVER, "Available", status="True", timeout=120)
        site.wait_for(kubectl, BACKUP_NS, SERVER, "UsersSynced", status="True", timeout=30)
    report.say(kubectl("get", "bsls", "-n", BACKUP_NS))
    log = kubectl("logs", "-n", "bsls-system", "deployment/bsls-controller")
    report.facts["controllerSeconds"] = site.controller_seconds(log)
    with report.step("start the clients: two VMs in a labelled namespace, one in another"):
        vms = _start_vms(kubectl, place.client_image, passwords)
    watching = None
    if place.enforces_network_policy:
        with report.step("a Prometheus scrapes what manifests/monitoring says, with its alerts"):
            watching = stack.enter_context(
                monitored(kubectl, MONITORING_NS, BACKUP_NS, rules(), **MONITORING_LABEL)
            ).prometheus
            watching.wait(f'bsls_server_available{{bsls_server="{SERVER}"}} == 1')
            watching.wait(f'up{{job="kopia-server", bsls_server="{SERVER}"}} == 1')
    with report.step("follow the stream of events: bsls events --follow"):
        live = stack.enter_context(LiveEvents(place.kubeconfig, BACKUP_NS))
        live.wait_for("server.available")
    with report.step("reach the API, and follow the server's live events there"):
        api = stack.enter_context(Api(kubectl, place.kubeconfig, BACKUP_NS, VM_NS))
        streamed = stack.enter_context(api.follow(f"{AT}/events"))
    url, fingerprint = server["status"]["serviceURL"], server["status"]["tlsFingerprint"]
    for vm in vms[:2]:
        with report.step(f"{vm.user}: connect, snapshot, list, restore, compare, disconnect"):
            _flow(vm, url, fingerprint, report)
            live.wait_for("snapshot.created", vm.user)
            live.wait_for("session.ended", vm.user)
    with report.step("open the console pages that the API serves"):
        if '<div id="app"' not in api.get_page():
            raise AssertionError(f"{api.console} is not the page")
    with report.step("ask the API: its servers, their tenants, alice's snapshots, what came live"):
        _ask(api, streamed, report)
    with report.step("read the controller's metrics, as Prometheus would"):
        report.say(figures(kubectl))
    with report.step(f"{vms[1].user}: a snapshot that misses a file"):
        vms[1].connect(url, fingerprint)
        vms[1].snapshot_without("private", "/home/vm/data")
        vms[1].disconnect()
        live.wait_for("snapshot.created", vms[1].user, "1 not read, without private")
    tenants = Tenants(kubectl, BACKUP_NS, SERVER, passwords)
    new = Vm(kubectl, VM_NS, "vm-2", f"carol@vm-3.{VM_NS}", secrets.token_urlsafe(12))
    for what, change in _changes(tenants, new):
        with report.step(f"edit the Secret: {what} {new.user}"):
            seconds = change(url, fingerprint)
        report.say(f"in effect {seconds:.1f} s after the Secret was changed")
        report.facts[f"{what} a tenant"] = round(seconds, 2)
    if place.enforces_network_policy:
        with report.step("a pod of a namespace without the label is refused"):
            _refused(vms[2], url)
    if options.pictures and watching:
        with report.step(f"take pictures of graphs and traces into {options.pictures}"):
            pictures.take(options.pictures, watching, api, AT, TENANTS[0])
    report.say(_look_around(place, url, fingerprint, api, watching))


def _tidy(kubectl: Kubectl) -> None:
    """A cluster of the user's outlives the demo: its namespaces go, the installed product stays."""
    print("==> removing the demo's namespaces; CRD and controller stay installed", flush=True)
    kubectl("delete", "namespace", "--ignore-not-found", BACKUP_NS, VM_NS, OTHER_NS, timeout=180)


def _samples(s3_url: str, s3: places.Storage, passwords: dict[str, str]) -> str:
    users = user_list(passwords)
    credentials = objects.aws_credentials(s3.access_key, s3.secret_key)
    return objects.to_list(
        objects.secret(BACKUP_NS, "default-credentials", {"cloud": credentials}),
        objects.bsl(BACKUP_NS, "default", "backups", s3_url),
        objects.secret(BACKUP_NS, f"{SERVER}-password", {"password": secrets.token_urlsafe(24)}),
        objects.secret(BACKUP_NS, f"{SERVER}-users", {"users": users}),
        objects.server(BACKUP_NS, SERVER, "default", prefix="vms", objectives={"maxSnapshotAge": MAX_AGE}),
    )


def _start_vms(kubectl: Kubectl, image: str, passwords: dict[str, str]) -> list[Vm]:
    where = [(VM_NS, "vm-1", TENANTS[0]), (VM_NS, "vm-2", TENANTS[1]), (OTHER_NS, "vm-9", TENANTS[0])]
    kubectl(
        "apply", "-f", "-",
        input=objects.to_list(
            objects.namespace(VM_NS, **{CLIENT_LABEL: CLIENT_LABEL_VALUE}), objects.namespace(OTHER_NS)
        ),
    )  # fmt: skip
    for ns in (VM_NS, OTHER_NS):
        kubectl("wait", "--for=create", "-n", ns, "serviceaccount/default", "--timeout=30s")
    pods = [objects.client_pod(ns, pod, image) for ns, pod, _ in where]
    kubectl("apply", "-f", "-", input=objects.to_list(*pods))
    for ns, pod, _ in where:
        kubectl("wait", "--for=condition=Ready", "-n", ns, f"pod/{pod}", "--timeout=120s", timeout=130)
    return [Vm(kubectl, ns, pod, user, passwords[user]) for ns, pod, user in where]


def _flow(vm: Vm, url: str, fingerprint: str, report: Report) -> None:
    vm.connect(url, fingerprint)
    vm.make_data("/home/vm/data")
    snapshot = vm.snapshot("/home/vm/data")
    listed = [item["id"] for item in vm.snapshots()]
    if listed != [snapshot]:
        raise AssertionError(f"{vm.user} lists {listed}, not only its own snapshot {snapshot}")
    vm.restore(snapshot, "/home/vm/restored")
    if vm.checksums("/home/vm/data") != vm.checksums("/home/vm/restored"):
        raise AssertionError(f"{vm.user}: the restored bytes differ")
    vm.disconnect()
    report.say(f"snapshot {snapshot}: restored, bytes are equal")


def _changes(tenants: Tenants, vm: Vm) -> list[tuple[str, Callable[[str, str], float]]]:
    """A tenant comes, gets another password, and goes: each time by nothing but the Secret."""
    rotated = replace(vm, password=secrets.token_urlsafe(12))

    def rotate(url: str, fingerprint: str) -> float:
        seconds = tenants.put(rotated, url, fingerprint)
        tenants.wait_refused(vm, url, fingerprint)
        return seconds

    return [
        ("add", lambda url, fingerprint: tenants.put(vm, url, fingerprint)),
        ("rotate", rotate),
        ("remove", lambda url, fingerprint: tenants.remove(rotated, url, fingerprint)),
    ]


def _refused(vm: Vm, url: str) -> None:
    if vm.reaches(url):
        raise AssertionError(f"a pod of {vm.namespace}, which is not labelled, reached {url}")


def _ask(api: Api, streamed: Live, report: Report) -> None:
    """What the API answers is what happened."""
    (server,) = api.get("/servers")["items"]
    states = {one["type"]: one["status"] for one in server["status"]["conditions"]}
    report.say(f"servers: {server['namespace']}/{server['name']}, Available: {states['Available']}")
    tenants = api.get(f"{AT}/tenants")["items"]
    report.say("tenants: " + ", ".join(f"{one['user']} ({one['snapshots']['total']})" for one in tenants))
    (made,) = api.get(f"{AT}/snapshots?tenant={TENANTS[0]}")["items"]
    report.say(f"{made['user']}: {made['path']}, {made['files']} files, {made['sizeBytes']} bytes, {made['endTime']}")
    for tenant in TENANTS:
        event = streamed.wait_for("snapshot.created", tenant)
        if event["subject"] == made["user"] and event["data"]["snapshot"] != made["snapshot"]:
            raise AssertionError(f"the stream told {event['data']}, the list {made}")
        report.say(f"live: snapshot.created of {tenant} at {event['time']}")
    if tuple(one["user"] for one in tenants) != TENANTS or states["Available"] != "True":
        raise AssertionError(f"the API knows {tenants}, and of the server {states}")
    own = api.get(f"/access?namespace={BACKUP_NS}&name={SERVER}", "owner")
    if own["sees"]["tenantNamespaces"] != [VM_NS] or any(own["actions"].values()):
        raise AssertionError(f"the owner of the VMs may {own}")
    report.say(f"the owner of the VMs sees the tenants in {VM_NS}, and may change nothing")


def _look_around(place: places.Place, url: str, fingerprint: str, api: Api, watching: Prometheus | None) -> str:
    lines = "\n".join(f"  {line}" for line in api.lines(SERVER))
    k = f"{place.kubectl_path} --kubeconfig {place.kubeconfig}"
    metrics = f"{k} port-forward -n bsls-system deployment/bsls-controller 8080    # then: curl localhost:8080/metrics"
    if watching:
        metrics += f"\n  {watching.url}/alerts"
        metrics += f"\n  {watching.graphs(*pictures.GRAPHS, span='10m')}    # snapshots, and what Kopia writes"
    tokens = "\n".join(f"  {line}" for line in api.token_commands(k))
    return f"""
What happened: one BackupStorageLocationServer became a Kopia server at {url}
(certificate {fingerprint}), two tenants backed up, listed and restored their files.

Look around (while the demo is up):
  {k} get bsls -A
  {k} describe bsls -n {BACKUP_NS} {SERVER}
  {k} get all,secret,networkpolicy -n {BACKUP_NS}
  {k} logs -n bsls-system deployment/bsls-controller
  {k} exec -n bsls-system deployment/bsls-controller -- bsls events --since 1h
  {k} exec -it -n {VM_NS} vm-1 -- sh
  {k} create configmap -n bsls-system bsls-telemetry --from-literal=OTEL_EXPORTER_OTLP_ENDPOINT=http://…:4317
    # and `rollout restart` of the deployments: traces and metrics are pushed (docs/telemetry.md)

The same in a browser: {api.console}
It warns of the demo's own certificate. Log in with what one of these prints:
{tokens}
See there whether the server is healthy, who backed up, what was wrong with bob's last snapshot, how another VM
connects, and, once a snapshot is older than {MAX_AGE}, who is overdue.

Metrics, and in the demo's Prometheus the alerts and graphs of them:
  {metrics}
Traces of sessions with their snapshots, and of changes, are in the browser under Snapshot activity.

The API is at {api.url}, described by docs/openapi.json and docs/api.md:
{lines}
"""


def _stay() -> None:
    print("==> the demo stays up until Ctrl-C", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
