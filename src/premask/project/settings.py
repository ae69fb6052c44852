"""``premask.toml``: the phases, the processing types and the methods' settings of a project."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from premask.core.errors import PremaskError, nearest
from premask.core.phases import Phases, make_phases
from premask.core.words import typed
from premask.io.files import write_atomically

FILE_NAME = "premask.toml"


@dataclass(frozen=True)
class Settings:
    """What the user may edit by hand.

    Attributes
    ----------
    phases : Phases
        With the types' phases and what lies only inside what.
    methods : dict of str to dict
        Options of a method that hold for the whole project, e.g. ``{"sam": {"weights": ...}}``.
    simulated : bool
        Whether its annotators are no people; said wherever its figures are.
    """

    phases: Phases
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    simulated: bool = False


# The paper's Table 3 and its remark that TiN lies inside TiB2; the classes of two public
# data sets. The colours of MicroSteel are the paper's own (Figure 2).
PRESETS: dict[str, dict[str, Any]] = {
    "microsteel": {
        "phases": [
            {"name": "Alpha", "colour": "#800080"},
            {"name": "TiB2", "colour": "#ff0000"},
            {"name": "TiN", "colour": "#ffff00"},
            {"name": "FeTiB", "colour": "#008000"},
            {"name": "Fe2B", "colour": "#ffc0cb"},
        ],
        "types": {
            "I": ["Alpha", "TiB2", "TiN", "FeTiB"],
            "II": ["Alpha", "TiB2", "TiN"],
            "III": ["Alpha", "TiB2", "TiN", "Fe2B"],
        },
        "inside": {"TiN": ["TiB2"]},
    },
    "metaldam": {
        "phases": [
            {"name": "Matrix"},
            {"name": "Austenite"},
            {"name": "Martensite/Austenite"},
            {"name": "Precipitate"},
            {"name": "Defect"},
        ],
    },
    "uhcs": {
        "phases": [
            {"name": "Ferritic matrix"},
            {"name": "Cementite network"},
            {"name": "Spheroidite"},
            {"name": "Widmanstaetten cementite"},
        ],
    },
}


def preset(name: str) -> Settings:
    """The settings of a known data set.

    Raises
    ------
    PremaskError
        For an unknown name.
    """
    if name not in PRESETS:
        raise PremaskError(
            f"no preset {name!r}; the presets are {', '.join(PRESETS)}{nearest(name, PRESETS)}"
        )
    return parse(PRESETS[name], f"the preset {name}")


def read(root: Path) -> Settings:
    """Read ``premask.toml`` of a project.

    Raises
    ------
    PremaskError
        Where the folder is no project, or the file cannot be understood.
    """
    path = root / FILE_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PremaskError(
            f"{root} is not a premask project (it has no {FILE_NAME});"
            f" make one with: premask init {typed(root)} --classes Alpha,TiB2,TiN"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PremaskError(f"{path} cannot be read as TOML: {error}; mend it by hand") from None
    return parse(content, str(path))


def write(root: Path, settings: Settings) -> None:
    """Write ``premask.toml``, whole or not at all."""
    phases = settings.phases
    content: dict[str, Any] = {
        "simulated": settings.simulated,
        "phases": [{"name": phase.name, "colour": phase.colour} for phase in phases.phases],
        "types": {type_: list(names) for type_, names in phases.by_type.items()},
        "inside": {name: list(outer) for name, outer in phases.inside.items()},
        "merged": phases.merged,
        "methods": settings.methods,
    }
    filled = {key: value for key, value in content.items() if value}
    write_atomically(root / FILE_NAME, tomli_w.dumps(filled).encode())


def parse(content: dict[str, Any], where: str) -> Settings:
    """Settings from the content of a TOML file; errors name the file and the key."""
    known = ("simulated", "phases", "types", "inside", "merged", "methods")
    for key in content:
        if key not in known:
            raise PremaskError(
                f"{where} has an unknown key {key!r}; the keys are {', '.join(known)}"
                f"{nearest(key, known)}"
            )
    rows = content.get("phases")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows
    ):
        raise PremaskError(f"{where} needs [[phases]] entries, each with a name")
    names = [row["name"] for row in rows]
    base = make_phases(names)
    colours = [str(row.get("colour", p.colour)) for row, p in zip(rows, base.phases, strict=True)]
    phases = Phases(
        make_phases(names, colours).phases,
        by_type=_name_lists(content.get("types", {}), f"{where}: types"),
        inside=_name_lists(content.get("inside", {}), f"{where}: inside"),
        merged=_names(content.get("merged", {}), f"{where}: merged"),
    )
    methods = content.get("methods", {})
    if not isinstance(methods, dict) or not all(isinstance(o, dict) for o in methods.values()):
        raise PremaskError(f"{where}: methods needs one table per method, e.g. [methods.sam]")
    simulated = content.get("simulated", False)
    if not isinstance(simulated, bool):
        raise PremaskError(f"{where}: simulated is {simulated!r}; true or false is accepted")
    return Settings(phases, methods, simulated)


def _names(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise PremaskError(f"{where} is {value!r}; a table of phase names is accepted")
    return {str(key): name for key, name in value.items()}


def _name_lists(value: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise PremaskError(f"{where} must be a table of lists of phase names")
    for key, names in value.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise PremaskError(f"{where}.{key} is {names!r}; a list of phase names is accepted")
    return {str(key): tuple(names) for key, names in value.items()}
