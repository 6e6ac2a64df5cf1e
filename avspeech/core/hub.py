"""Model folders on a hub, by huggingface_hub: `hf:owner/name@revision`, both ways.

    folder = hub.fetch("hf:owner/name@0123456789abcdef0123456789abcdef01234567")
    name = hub.push("mvtf-small", "owner/name")

A repository holds the four files of a model folder and nothing else but `.gitattributes`, which
hubs make and which is not fetched. All else is refused, as are checksums that do not agree. A
commit is fetched once; after that the cache answers (HF_HUB_CACHE, HF_HOME), also with
HF_HUB_OFFLINE=1.

A name without a commit (a branch, a tag, or nothing, which is `main`) may mean another model
tomorrow. Which commit it is today is said in a line on stderr; AVSPEECH_HUB_PINNED=1 refuses it.

HF_ENDPOINT names another hub, HF_TOKEN the key of private repositories. huggingface_hub sends the
key to the hub alone; avspeech neither reads nor prints it.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avspeech.core import model_card, pretrained
from avspeech.core.model_files import (
    CARD,
    CONFIG,
    GRAPH,
    LARGEST,
    LARGEST_WEIGHTS,
    SUMS,
    WEIGHTS,
    verified,
)
from avspeech.errors import InputError

if TYPE_CHECKING:
    from avspeech.core.pretrained import ModelInfo

PREFIX = "hf:"
FILES = (CONFIG, WEIGHTS, CARD, SUMS)
MADE_BY_HUBS = {".gitattributes"}
PINNED = "AVSPEECH_HUB_PINNED"  # environment variable: only commits are accepted
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_REFERENCE = re.compile(rf"hf:({_PART}/{_PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]{{0,199}}))?")
_COMMIT = re.compile("[0-9a-f]{40}")
# What a hub calls the tasks, see https://huggingface.co/tasks
PIPELINE_TAGS = {"extraction": "audio-to-audio", "synthesis": "text-to-speech",
                 "emotion": "audio-classification"}
TAGS = {"extraction": ["target-speaker-extraction", "audio-visual", "speech"],
        "synthesis": ["prosody", "speech"], "emotion": ["speech-emotion-recognition", "speech"]}
# Identifiers of licenses that hubs know, see https://huggingface.co/docs/hub/repositories-licenses
LICENSES = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0",
            "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-3.0",
            "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0",
            "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense",
            "openrail"}


@dataclass(frozen=True)
class Reference:
    """A model on a hub."""

    repository: str  # "owner/name"
    revision: str | None = None  # a commit, branch or tag

    @classmethod
    def of(cls, text: str) -> Reference:
        """Reads `hf:owner/name` or `hf:owner/name@revision`; raises InputError for all else."""
        match = _REFERENCE.fullmatch(text)
        if match is None or ".." in text or text.endswith((".", "/", ".git")):
            raise InputError(f"{text[:200]!r}: expected hf:owner/name or hf:owner/name@revision")
        return cls(match[1], match[2])

    @property
    def commit(self) -> str | None:
        """The revision, where it is a whole commit."""
        return self.revision if self.revision and _COMMIT.fullmatch(self.revision) else None

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")


def fetch(name: str) -> Path:
    """The folder of a model on a hub, in the cache; it is downloaded where it is not there.

    The folder's checksums are compared whenever it is loaded (`pretrained.load`).

    Args:
        name: `hf:owner/name@revision`, or without a revision.

    Raises:
        InputError: another form of name, no such model, files that do not belong to a model
            folder, no connection, or a package is missing.
    """
    reference = Reference.of(name)
    if reference.commit is None and _set(PINNED):
        raise InputError(f"{name}: {PINNED} is set and the name has no commit; write "
                         f"{PREFIX}{reference.repository}@ and the 40 digits of a commit")
    return _fetch(reference, _endpoint(), _cache(), _set("HF_HUB_OFFLINE"))


@functools.lru_cache(maxsize=256)  # a process keeps to the commit that it was told of
def _fetch(reference: Reference, endpoint: str | None, cache: str | None, offline: bool) -> Path:
    library = _library()
    options = {"endpoint": endpoint, "cache_dir": cache}
    revision = reference.commit or reference.revision or "main"
    if offline or reference.commit:
        folder = _cached(library, reference, revision, options)
        if folder is not None:
            _tell(reference, folder.name)
            return folder
        if offline:
            raise InputError(f"{reference}: not in the cache, and HF_HUB_OFFLINE is set; fetch it "
                             "once without")
    with _failures(str(reference), library):
        found = library.HfApi(endpoint=endpoint).model_info(
            reference.repository, revision=revision, files_metadata=True, timeout=30)
        commit = str(found.sha)
        _check(reference, commit, {str(s.rfilename): s.size for s in found.siblings or []})
        # The first by its branch or tag, so that the cache knows it when it is asked offline.
        paths = [Path(library.hf_hub_download(reference.repository, file, revision=asked,
                                              etag_timeout=30, **options))
                 for file, asked in [(CONFIG, revision), *((file, commit) for file in FILES)]]
    _tell(reference, commit)
    return paths[-1].parent


def _check(reference: Reference, commit: str, sizes: dict[str, int | None]) -> None:
    """Refuses what is no model folder, before anything is downloaded."""
    if not _COMMIT.fullmatch(commit) or reference.commit not in (None, commit):
        raise InputError(f"{reference}: the hub answered with commit {commit[:60]!r}, which is not "
                         "what was asked for")
    foreign = sorted(set(sizes) - set(FILES) - MADE_BY_HUBS)
    if foreign:
        raise InputError(f"{reference}: holds {foreign[0][:100]!r}; only {', '.join(FILES)} belong "
                         "into a model folder, so nothing of it is fetched")
    for file in FILES:
        if file not in sizes:
            raise InputError(f"{reference}: not a whole model folder, {file} is missing")
        limit = LARGEST_WEIGHTS if file == WEIGHTS else LARGEST
        size = sizes[file]
        if size is None or size > limit:
            raise InputError(f"{reference}: {file}: {size} bytes are more than the {limit:,} that "
                             "such a file may have")


def _cached(library: Any, reference: Reference, revision: str,
            options: dict[str, Any]) -> Path | None:
    """The folder, where all of it is in the cache."""
    try:
        paths = [Path(library.hf_hub_download(reference.repository, file, revision=revision,
                                              local_files_only=True, **options)) for file in FILES]
    except (OSError, ValueError):  # LocalEntryNotFoundError is one
        return None
    return paths[0].parent


def _tell(reference: Reference, commit: str) -> None:
    if reference.commit is None:
        print(f"avspeech: {reference} is commit {commit} today; write "
              f"{PREFIX}{reference.repository}@{commit} to keep to it", file=sys.stderr)


def push(name_or_folder: str | Path, repository: str, private: bool | None = None,
         endpoint: str | None = None) -> str:
    """Writes a model folder to a hub, in one commit.

    The card is written anew, with the name on the hub and the header that hubs read (license,
    library, tags). The weights are loaded once before, so that nothing broken is sent.

    Args:
        name_or_folder: a model folder or a released name.
        repository: "owner/name"; made where it is missing.
        private: whether a new repository is; by default the owner's settings decide.
        endpoint: address of another hub; by default HF_ENDPOINT, or Hugging Face's.

    Returns:
        The model's name with its commit, `hf:owner/name@commit`.

    Raises:
        InputError: the folder or the repository holds anything that does not belong to a model
            folder, the hub refuses, or a package is missing.
    """
    reference = Reference.of(f"{PREFIX}{repository}")
    if reference.revision:
        raise InputError(f"'{repository}': expected owner/name, without a revision")
    endpoint = _endpoint() if endpoint is None else _address(endpoint, "--endpoint")
    library = _library()
    if _set("HF_HUB_OFFLINE"):
        raise InputError(f"{reference}: HF_HUB_OFFLINE is set; nothing can be sent")
    files = _files(name_or_folder, reference)
    api = library.HfApi(endpoint=endpoint)
    with _failures(str(reference), library):
        api.create_repo(repository, private=private, exist_ok=True, repo_type="model")
        there = {str(s.rfilename) for s in api.model_info(repository, timeout=30).siblings or []}
        foreign = sorted(there - set(FILES) - MADE_BY_HUBS)
        if foreign:
            raise InputError(f"{reference}: holds {foreign[0][:100]!r} already, which does not "
                             "belong into a model folder; choose another name")
        done = api.create_commit(
            repository, [library.CommitOperationAdd(file, data) for file, data in files.items()],
            commit_message=f"{reference.repository.rpartition('/')[2]}, a model of avspeech")
    return f"{PREFIX}{repository}@{done.oid}"


def _files(name_or_folder: str | Path, reference: Reference) -> dict[str, bytes]:
    """What is sent: name -> content."""
    folder = pretrained.find(name_or_folder)
    # Graphs stay at home: what a stranger's graph asks for cannot be bounded.
    foreign = sorted(path.name for path in folder.iterdir()
                     if path.name not in FILES and not GRAPH.fullmatch(path.name))
    if foreign:
        raise InputError(f"{folder}: holds '{foreign[0]}', which does not belong into a model "
                         f"folder ({', '.join(FILES)}); take it out first")
    _, info = pretrained.load(folder)
    files = verified(folder, [WEIGHTS])
    files[CARD] = (header(info) + model_card.card(str(reference), info)).encode()
    files[SUMS] = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n"
                          for name in (CONFIG, WEIGHTS, CARD)).encode()
    return files


def header(info: ModelInfo) -> str:
    """The YAML header of a card that hubs read.

    Args:
        info: the model's record. A license that hubs do not know is `other`, with its text.
    """
    import yaml

    plain = re.sub(r"[\s_]+", "-", info.licence.strip().lower())
    about: dict[str, Any] = {"license": plain} if plain in LICENSES else {"license": "other"}
    if plain and plain not in LICENSES:
        about["license_name"] = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.") or "other"
    about["library_name"] = "avspeech"
    if info.task in PIPELINE_TAGS:
        about["pipeline_tag"] = PIPELINE_TAGS[info.task]
    about["tags"] = ["avspeech", info.model.replace("_", "-"), *TAGS.get(info.task, ["speech"])]
    return f"---\n{yaml.safe_dump(about, sort_keys=False)}---\n\n"


def _set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in ("", "0", "no", "false", "off")


def _endpoint() -> str | None:
    value = os.environ.get("HF_ENDPOINT") or None
    return _address(value, "HF_ENDPOINT") if value else None


def _address(text: str, whence: str) -> str:
    try:
        parts = urllib.parse.urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        good, secret = False, False
    if secret:
        raise InputError(f"{whence}: an address with a password in it; put the key into HF_TOKEN")
    if not good:
        raise InputError(f"{whence}: expected an address such as https://huggingface.co")
    return text.rstrip("/")


def _cache() -> str | None:
    """HF_HUB_CACHE as it is now: the library reads it when it is imported."""
    home = os.environ.get("HF_HOME")
    return os.environ.get("HF_HUB_CACHE") or (os.path.join(home, "hub") if home else None)


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise InputError("models on a hub take the package huggingface_hub; pip install "
                         "'avspeech[hub]'") from None
    return huggingface_hub


@contextmanager
def _failures(what: str, library: Any) -> Iterator[None]:
    """Turns what goes wrong between here and the hub into one line without the key."""
    from huggingface_hub import errors

    try:
        yield
    except InputError:
        raise
    except errors.GatedRepoError:
        raise InputError(f"{what}: its owner asks to be asked first; accept the terms on its page "
                         "and set HF_TOKEN") from None
    except errors.RepositoryNotFoundError:
        raise InputError(f"{what}: no such model on the hub, or it is private (HF_TOKEN)") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{what}: the model has no such revision") from None
    except errors.HfHubHTTPError as error:
        code = getattr(error.response, "status_code", "an error")
        todo = "; set HF_TOKEN to a key that may write there" if code in (401, 403) else ""
        raise InputError(f"{what}: the hub answered {code}{todo}") from None
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise InputError(f"{what}: no answer from the hub that makes sense "
                         f"({type(error).__name__})") from None
    except Exception as error:
        # Errors of the connection are those of whichever client the library's version uses.
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore",
                                                            "requests", "huggingface_hub"):
            raise
        raise InputError(f"{what}: the hub cannot be reached ({type(error).__name__})") from None
