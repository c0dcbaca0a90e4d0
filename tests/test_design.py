"""The rules of the house that import-linter and ruff cannot express, held for every feature there will be."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("flask_api", "deploy", "reloading")
SOURCES = sorted([*ROOT.glob("*.py"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))])
FEATURES = sorted(path.parent for path in (ROOT / "flask_api").glob("*/resources.py"))
JUNK_DRAWERS = {"utils.py", "helpers.py", "common.py", "misc.py"}
OF_A_REQUEST = {"request", "g", "session", "jsonify", "make_response", "abort"}  # of flask; rules do not know them
MAX_LINES = 250
MAX_FUNCTION = 40


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of each import in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def test_there_are_features_to_look_at() -> None:
    assert {"accounts", "users", "blog"} <= {feature.name for feature in FEATURES}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_rules_and_tables_know_nothing_of_requests(feature: Path) -> None:
    for path in feature.glob("*.py"):
        if path.name in ("resources.py", "schemas.py"):
            continue
        for module, name in imports(path):
            assert not (module == "flask" and name in OF_A_REQUEST), f"{path.name} imports {name}"
            assert not module.startswith("flask_restx"), path
            assert module != "flask_api.core.resource", path


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_a_feature_uses_no_other_features_resources(feature: Path) -> None:
    for path in feature.glob("*.py"):
        for module, name in imports(path):
            assert not (module.startswith("flask_api") and "resources" in (module.rpartition(".")[2], name)), path


@pytest.mark.parametrize("room", ["core", "providers"])
def test_what_features_stand_on_knows_no_feature(room: str) -> None:
    names = {f"flask_api.{feature.name}" for feature in FEATURES}
    for path in (ROOT / "flask_api" / room).glob("*.py"):
        for module, name in imports(path):
            imported = {".".join(module.split(".")[:2]), f"{module}.{name}"}
            assert not imported & names, f"{path.name} imports {imported}"


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_a_resource_method_is_a_docstring_and_one_statement(feature: Path) -> None:
    tree = ast.parse((feature / "resources.py").read_text())
    for cls in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        if not any(isinstance(base, ast.Name) and base.id == "Resource" for base in cls.bases):
            continue
        for method in [node for node in cls.body if isinstance(node, ast.FunctionDef)]:
            docstring = ast.get_docstring(method)
            assert docstring, f"{cls.name}.{method.name} has no docstring"
            assert "\n" not in docstring, f"{cls.name}.{method.name}: one line is the summary on the page"
            assert len(method.body) <= 2, f"{cls.name}.{method.name} does more than call a service"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short_and_well_named(path: Path) -> None:
    assert path.name not in JUNK_DRAWERS
    text = path.read_text()
    assert text.count("\n") <= MAX_LINES, "split it by a noun, and name the new file in pyproject.toml's layers"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno <= MAX_FUNCTION, node.name


def test_nothing_happens_at_import() -> None:
    """create_app wires; no module opens a connection, and none makes an app."""
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            value = getattr(node, "value", None)
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                assert value.func.id not in {"Flask", "create_app", "load_settings", "connect_redis"}, path


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_every_feature_has_its_place_in_the_layers(feature: Path) -> None:
    name = f"flask_api.{feature.name}"
    across, inside = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][:2]
    layers = {module.strip() for layer in across["layers"] for module in re.split("[|:]", layer)}
    assert name in layers, f"pyproject.toml: put {name} into a layer of the first contract, above what it imports"
    assert name in inside["containers"], f"pyproject.toml: put {name} into the containers of the second contract"


def test_every_feature_is_in_the_table_of_contents() -> None:
    imported = {module for module, _ in imports(ROOT / "flask_api/api.py")}
    assert {f"flask_api.{feature.name}.resources" for feature in FEATURES} <= imported
