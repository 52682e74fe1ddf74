"""Image names, build commands and the archive writer."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from devcluster import base_image, buildah, docker, images, oci, record
from devcluster.errors import DevclusterError
from devcluster.paths import Cluster
from devcluster.recipe import Recipe, full_name, needs_base


@pytest.mark.parametrize(
    ("tag", "full"),
    [
        ("operator:dev", "docker.io/library/operator:dev"),
        ("team/operator:dev", "docker.io/team/operator:dev"),
        ("localhost/base:1", "localhost/base:1"),
        ("registry.test:5000/operator:dev", "registry.test:5000/operator:dev"),
    ],
)
def test_name_the_kubelet_looks_for(tag, full):
    """An image under another name is never found, and pulling it fails."""
    assert full_name(tag) == full


@pytest.fixture
def recipe(tmp_path):
    """Return a recipe whose Dockerfile leaves its base open."""
    file = tmp_path / "Dockerfile"
    file.write_text("ARG BASE=python:3.13-slim\nFROM ${BASE}\n")
    return Recipe(file=file, context=tmp_path, tag="operator:dev", target="operator", arguments=("A=1",))


def test_build_command(recipe):
    """The target, the arguments and the full name all arrive."""
    words = buildah.commands(recipe, "localhost/base:1", Path("/out"), {"GOPROXY": "x", "HOME": "/root"})[0]
    text = " ".join(words)
    assert "--build-arg BASE=localhost/base:1 --build-arg GOPROXY=x --build-arg A=1" in text
    assert "--target operator" in text
    assert "--tag docker.io/library/operator:dev" in text
    assert "HOME" not in text


def test_docker_builds_the_same(recipe):
    """A Docker engine gets the same options, but pulls the base image itself."""
    build, save = docker.commands(recipe, Path("/out"), {})
    assert build[-3:] == ["--tag", "docker.io/library/operator:dev", str(recipe.context)]
    assert not any(word.startswith("BASE=") for word in build)
    assert save == ["docker", "save", "--output", "/out", "docker.io/library/operator:dev"]


def test_base_is_made_only_when_it_is_open(recipe, tmp_path):
    """An image from scratch does not wait for a Debian root."""
    assert needs_base(recipe)
    assert not needs_base(Recipe(recipe.file, tmp_path, "a:b", arguments=("BASE=mine",)))
    recipe.file.write_text("FROM scratch\n")
    assert not needs_base(recipe)


def test_an_unchanged_key_builds_nothing(recipe, capsys):
    """With the key of the last build neither buildah nor root is needed."""
    built = images.archive("operator:dev")
    built.parent.mkdir(parents=True)
    built.touch()
    built.with_suffix(".key").write_text("k1")
    images.build(Recipe(recipe.file, recipe.context, "operator:dev", key="k1"))
    assert "operator:dev: unchanged" in capsys.readouterr().err


def test_load_says_what_to_do_first():
    """Loading an image that was not built names the command that builds it."""
    with pytest.raises(DevclusterError, match="image build --tag operator:dev"):
        images.load(Cluster("unit"), "operator:dev")


def test_load_leaves_a_given_cluster_alone():
    """The user's own cluster gets its images from a registry."""
    images.archive("operator:dev").parent.mkdir(parents=True)
    images.archive("operator:dev").touch()
    record.write(Cluster("unit"), record.Record(record.GIVEN))
    with pytest.raises(DevclusterError, match="push the image"):
        images.load(Cluster("unit"), "operator:dev")


def test_pip_settings_do_not_enter_the_image():
    """They are a mounted file; as variables they would stay in the image."""
    text = buildah.pip_configuration({"PIP_CERT": "/c.crt", "PIP_USER": "1"}).read_text()
    assert text == "[global]\ncert = /c.crt\n"


def test_base_holds_python():
    """The project's Dockerfile needs an interpreter, venv and certificates."""
    assert "--include=python3,python3-venv,ca-certificates" in base_image.command(Path("/x"))


def _archive(tmp_path, name):
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    oci.write_image(tmp_path / name, "localhost/pause:1", program)
    with tarfile.open(tmp_path / name) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_archive_refers_to_what_it_holds(tmp_path):
    """Every digest in the archive is the digest of a file in it."""
    files = _archive(tmp_path, "a.tar")
    blobs = {name.split("/")[-1]: content for name, content in files.items() if name.startswith("blobs")}
    assert all(hashlib.sha256(content).hexdigest() == digest for digest, content in blobs.items())
    (entry,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blobs[entry["digest"].removeprefix("sha256:")])
    assert manifest["layers"][0]["digest"].removeprefix("sha256:") in blobs
    assert entry["annotations"]["io.containerd.image.name"] == "localhost/pause:1"


def test_archive_is_deterministic(tmp_path):
    """The same program gives the same bytes."""
    assert _archive(tmp_path, "a.tar") == _archive(tmp_path, "b.tar")
