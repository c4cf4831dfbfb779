"""Every captured stderr text ends in its reason, with a sentence that says what to do and holds no secret."""

from __future__ import annotations

import pytest

from backend.repository.classify import classify, is_existing_data, is_not_initialized, scrub
from backend.repository.result import Reason
from tests.unit.repository.stderr_kopia_0_23_1 import CAPTURED, DOCUMENTED, NOT_INITIALIZED


@pytest.mark.parametrize(("reason", "advice", "text"), CAPTURED + DOCUMENTED)
def test_reason_and_advice(reason: str, advice: str, text: str) -> None:
    first_line = text.replace("open repository: unable to open repository:", "failed to open repository:")
    problem = classify(f"{first_line}\n{text}\n")
    assert problem.reason == reason
    assert advice in problem.message
    assert "\n" not in problem.message


@pytest.mark.parametrize("text", NOT_INITIALIZED)
def test_not_initialized_is_no_failure_yet(text: str) -> None:
    assert is_not_initialized(text)
    assert not is_existing_data(text)


@pytest.mark.parametrize(("reason", "advice", "text"), CAPTURED)
def test_no_failure_looks_like_a_missing_repository(reason: str, advice: str, text: str) -> None:
    assert not is_not_initialized(text)


def test_another_missing_blob_is_not_a_missing_repository() -> None:
    assert not is_not_initialized("error loading indexes: error getting xn0_abc blob: BLOB not found")


def test_an_unknown_text_is_quoted_without_secrets() -> None:
    problem = classify("noise\n\nsomething odd with s3cr3t-key inside\n", ["s3cr3t-key", ""])
    assert problem.reason is Reason.UNAVAILABLE
    assert problem.message.endswith("something odd with *** inside")


def test_silence_is_told() -> None:
    assert classify("").message.endswith("nothing")


def test_scrubbing_takes_the_longest_first() -> None:
    assert scrub("abcd ab", ["ab", "abcd"]) == "*** ***"
