"""Each thing that can be wrong: the real controller names it with a stable reason, and finds its repair by itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from backend.controller.certificates import KeyPair, mint_ca
from tests import objects
from tests.apiserver.cases import ANOTHER_KEY, Case, Story, told_and_repaired
from tests.apiserver.place import Place
from tests.demo import site
from tests.servers.ports import free_ports
from tests.servers.tls import leaf_for

pytestmark = pytest.mark.apiserver


def _broken(parts: Callable[[Place], list[objects.Json]], **changed: dict[str, object]) -> Story:
    """Build with these parts broken; repair by applying the good ones of the same kind."""

    def story(place: Place) -> Iterator[None]:
        place.build(*parts(place), **changed)
        yield
        place.apply(place.credentials(), place.bsl())

    return story


def _bsl_missing(place: Place) -> Iterator[None]:
    place.build(without=("bsl",))
    yield
    place.apply(place.bsl())


def _bsl_unavailable(place: Place) -> Iterator[None]:
    place.build()
    place.wait_for("StorageReady", status="True")
    place.patch_bsl({"status": {"phase": "Unavailable", "message": "velero could not list"}})
    yield
    place.patch_bsl({"status": {"phase": "Available", "message": None}})


def _secret_missing(place: Place) -> Iterator[None]:
    place.build(without=("credentials",))
    yield
    place.apply(place.credentials())


def _secret_deleted(place: Place) -> Iterator[None]:
    place.build()
    place.wait_for("StorageReady", status="True")
    place.delete("secret", f"{place.location}-credentials")
    yield
    place.apply(place.credentials())


def _bucket_missing(place: Place) -> Iterator[None]:
    place.build(without=("bucket",))
    yield
    place.seaweed.create_bucket(place.bucket)


def _untrusted(place: Place) -> Iterator[None]:
    place.build(place.bsl(url=place.seaweed.https_url))
    yield
    authority = base64.b64encode(place.seaweed.ca_pem).decode()
    place.patch_bsl({"spec": {"objectStorage": {"caCert": authority}}})


def _untrusted_by_reference(place: Place) -> Iterator[None]:
    """The newer way to name an authority: a Secret, which is wrong at first."""
    reference = {"name": f"{place.name}-ca", "key": "ca.crt"}
    other = mint_ca("somebody else", datetime.now(UTC)).certificate
    location = place.bsl(url=place.seaweed.https_url, objectStorage={"caCertRef": reference})
    place.build(location, objects.secret(place.namespace, reference["name"], {"ca.crt": other}))
    yield
    place.apply(objects.secret(place.namespace, reference["name"], {"ca.crt": place.seaweed.ca_pem}))


def _layout(place: Place) -> Iterator[None]:
    place.build(place.bsl(prefix=None))
    yield
    place.patch_bsl({"spec": {"objectStorage": {"prefix": "velero"}}})


def _read_only(place: Place) -> Iterator[None]:
    place.build()
    place.wait_for("StorageReady", status="True")
    place.patch_bsl({"spec": {"accessMode": "ReadOnly"}})
    yield
    place.patch_bsl({"spec": {"accessMode": "ReadWrite"}})


def _unsupported(place: Place) -> Iterator[None]:
    place.build(place.bsl(config={"kmsKeyId": "arn:aws:kms:key"}))
    yield
    place.patch_bsl({"spec": {"config": {"kmsKeyId": None}}})


def _unknown_setting(place: Place) -> Iterator[None]:
    place.build(place.bsl(config={"quantumMode": "on"}))
    yield
    place.patch_bsl({"spec": {"config": {"quantumMode": None}}})


def _password_missing(place: Place) -> Iterator[None]:
    place.build(without=("password",))
    yield
    place.apply(place.password())


def _password_key_missing(place: Place) -> Iterator[None]:
    place.build(place.password(key="pass"))
    yield
    place.apply(place.password())


def _tls_secret(place: Place, pair: KeyPair) -> objects.Json:
    place.known.add(pair.key.decode().splitlines()[1])
    data = {"tls.crt": pair.certificate, "tls.key": pair.key}
    return objects.secret(place.namespace, f"{place.name}-given", data, "kubernetes.io/tls")


def _leaf(place: Place, **dates: object) -> KeyPair:
    ca = mint_ca("the users' own", datetime.now(UTC))
    return leaf_for(ca, [f"{place.name}.{place.namespace}.svc"], **dates)  # type: ignore[arg-type]


def _tls_missing(place: Place) -> Iterator[None]:
    place.build(tls={"secretName": f"{place.name}-given"})
    yield
    place.apply(_tls_secret(place, _leaf(place)))


def _tls_mismatch(place: Place) -> Iterator[None]:
    good = _leaf(place)
    wrong = KeyPair(good.certificate, _leaf(place).key)
    place.build(_tls_secret(place, wrong), tls={"secretName": f"{place.name}-given"})
    yield
    place.apply(_tls_secret(place, good))


def _tls_expired(place: Place) -> Iterator[None]:
    old = _leaf(place, start=datetime.now(UTC) - timedelta(days=2), lifetime=timedelta(days=1))
    place.build(_tls_secret(place, old), tls={"secretName": f"{place.name}-given"})
    yield
    place.apply(_tls_secret(place, _leaf(place)))


CASES = [
    Case("BSLNotFound", "does not exist; create it or correct the reference", _bsl_missing),
    Case("BSLUnavailable", "Unavailable (velero could not list)", _bsl_unavailable),
    Case(
        "BSLProviderUnknown",
        "'ceph' of the BackupStorageLocation is none of aws, azure, gcp",
        _broken(lambda p: [p.bsl(provider="ceph")]),
    ),
    Case("StorageSecretNotFound", "does not exist; create it with the key 'cloud'", _secret_missing),
    Case("StorageSecretNotFound", "does not exist; create it", _secret_deleted, name="deleted"),
    Case(
        "StorageSecretKeyNotFound",
        "has no usable key 'cloud'; add it",
        _broken(lambda p: [p.credentials(key="clouds")]),
    ),
    Case(
        "StorageCredentialsMalformed",
        "not an AWS credentials file",
        _broken(lambda p: [p.credentials(text=f"aws_secret_access_key: {ANOTHER_KEY}")]),
    ),
    Case(
        "StorageCredentialsMalformed",
        "no section [default] (sections: other)",
        _broken(lambda p: [p.credentials(text=objects.aws_credentials("a", ANOTHER_KEY, "other"))]),
        name="profile",
    ),
    Case(
        "StorageCredentialsRejected",
        "rejects the credentials (InvalidAccessKeyId)",
        _broken(lambda p: [p.credentials("nobody", ANOTHER_KEY)]),
    ),
    Case(
        "StorageCredentialsRejected",
        "rejects the credentials (SignatureDoesNotMatch)",
        _broken(lambda p: [p.credentials(secret=ANOTHER_KEY)]),
        name="secret",
    ),
    Case("BucketNotFound", "does not exist at", _bucket_missing),
    Case(
        "StorageEndpointUnreachable",
        "check its address, DNS and the network",
        _broken(lambda p: [p.bsl(url=f"http://127.0.0.1:{free_ports(1)[0]}")]),
    ),
    Case("StorageEndpointUntrusted", "put its authority into objectStorage.caCert", _untrusted),
    Case("StorageEndpointUntrusted", "is not trusted", _untrusted_by_reference, name="caCertRef"),
    Case("BucketLayoutConflict", "give that location a prefix", _layout),
    Case("BSLReadOnly", "set its accessMode to ReadWrite", _read_only),
    Case("BSLConfigUnsupported", "config.kmsKeyId blocks", _unsupported),
    Case("BSLConfigUnsupported", "config.quantumMode", _unknown_setting, name="unknown"),
    Case(
        "RepositoryPasswordSecretNotFound",
        "create it with the key 'password'",
        _password_missing,
        "RepositoryReady",
        ("Unknown", "ServerNotReady"),
    ),
    Case(
        "RepositoryPasswordSecretKeyNotFound",
        "has no usable key 'password'",
        _password_key_missing,
        "RepositoryReady",
        ("Unknown", "ServerNotReady"),
    ),
    Case(
        "TLSSecretNotFound",
        "create it with tls.crt and tls.key",
        _tls_missing,
        "TLSReady",
        ("True", "CertificateValid"),
    ),
    Case("TLSKeyMismatch", "does not belong to tls.crt", _tls_mismatch, "TLSReady", ("True", "CertificateValid")),
    Case("TLSCertificateExpired", "renew it in the Secret", _tls_expired, "TLSReady", ("True", "CertificateValid")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_condition_names_it_and_its_repair_ends_it(case: Case, place: Place) -> None:
    steps = case.story(place)
    next(steps)
    told_and_repaired(place, case, lambda: next(steps, None))


def test_a_location_of_another_namespace_needs_its_grant(make_place: Callable[..., Place]) -> None:
    owner = make_place("storage-owner")
    site.admit(owner.kubectl, owner.namespace)
    owner.seaweed.create_bucket(owner.bucket)
    owner.apply(owner.credentials(), owner.bsl())
    place = make_place()
    reference = {"name": owner.location, "namespace": owner.namespace}
    place.build(without=("bsl", "credentials"), backupStorageLocation=reference)
    annotation = "oadp.openshift.io/bsls-namespaces"
    case = Case("BSLReferenceNotGranted", f"annotate it with {annotation}={place.namespace}", iter)  # type: ignore[arg-type]

    def grant() -> None:
        owner.patch_bsl({"metadata": {"annotations": {annotation: f"some-other, {place.namespace}"}}})

    told_and_repaired(place, case, grant)


def test_a_namespace_needs_its_grant(make_place: Callable[..., Place]) -> None:
    place = make_place("not-granted")
    place.kubectl("create", "namespace", place.namespace)
    place.build()
    case = Case("NamespaceNotGranted", "kubectl apply -n not-granted -k manifests/namespace", iter)  # type: ignore[arg-type]
    told_and_repaired(place, case, lambda: site.admit(place.kubectl, place.namespace), timeout=40)


def test_the_namespace_of_a_shared_location_needs_its_grant_too(make_place: Callable[..., Place]) -> None:
    owner, place = make_place("storage-closed"), make_place()
    owner.kubectl("create", "namespace", owner.namespace)
    location = owner.bsl()
    location["metadata"]["annotations"] = {"oadp.openshift.io/bsls-namespaces": place.namespace}
    owner.apply(owner.credentials(), location)
    reference = {"name": owner.location, "namespace": owner.namespace}
    place.build(without=("bsl", "credentials"), backupStorageLocation=reference)
    found = place.wait_for("StorageReady", status="False", reason="NamespaceNotGranted")
    assert found["message"].endswith("grant it with: kubectl apply -n storage-closed -k manifests/namespace")
