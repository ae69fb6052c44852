"""What people say of a data set: title, authors, licence, version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from premask.core.errors import PremaskError, nearest


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX identifier.

    Attributes
    ----------
    url : str
        Empty for one that is not known here.
    hub : str
        Its name on the Hugging Face hub.
    """

    name: str
    url: str = ""
    hub: str = "other"


_CC = "https://creativecommons.org/"
LICENCES: Mapping[str, Licence] = {
    one.name: one
    for one in (
        Licence("CC-BY-4.0", f"{_CC}licenses/by/4.0/", "cc-by-4.0"),
        Licence("CC-BY-SA-4.0", f"{_CC}licenses/by-sa/4.0/", "cc-by-sa-4.0"),
        Licence("CC-BY-NC-4.0", f"{_CC}licenses/by-nc/4.0/", "cc-by-nc-4.0"),
        Licence("CC-BY-NC-SA-4.0", f"{_CC}licenses/by-nc-sa/4.0/", "cc-by-nc-sa-4.0"),
        Licence("CC0-1.0", f"{_CC}publicdomain/zero/1.0/", "cc0-1.0"),
        Licence("ODC-By-1.0", "https://opendatacommons.org/licenses/by/1-0/", "odc-by"),
        Licence("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/", "odbl"),
        Licence("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", "pddl"),
        Licence("MIT", "https://opensource.org/license/mit", "mit"),
        Licence("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0", "apache-2.0"),
    )
}
"""The usual ones for data; any other name is taken as it is."""


@dataclass(frozen=True)
class Author:
    """A person, or a group where there is no family name."""

    name: str
    given: str = ""
    family: str = ""
    affiliation: str = ""
    orcid: str = ""

    @property
    def citation(self) -> dict[str, str]:
        """As ``CITATION.cff`` has it."""
        row = (
            {"family-names": self.family, "given-names": self.given}
            if self.family
            else {"name": self.name}
        )
        if self.affiliation and self.family:
            row["affiliation"] = self.affiliation
        if self.orcid:
            row["orcid"] = self.orcid
        return row

    @property
    def schema(self) -> dict[str, Any]:
        """As schema.org has it."""
        row: dict[str, Any] = {
            "@type": "Person" if self.family else "Organization",
            "name": self.name,
        }
        if self.affiliation:
            row["affiliation"] = {"@type": "Organization", "name": self.affiliation}
        if self.orcid:
            row["identifier"] = self.orcid
        return row


@dataclass(frozen=True)
class About:
    """What people say of a data set; empty where they say nothing.

    Attributes
    ----------
    url : str
        Where it is, or will be: a DOI as a web address.
    """

    title: str
    licence: Licence | None = None
    authors: tuple[Author, ...] = ()
    version: str = "1.0.0"
    url: str = ""
    description: str = ""


def parse_licence(text: str) -> Licence | None:
    """A licence by its name; None for an empty one.

    Raises
    ------
    PremaskError
        For a name with line breaks.
    """
    wanted = text.strip()
    if not wanted:
        return None
    if not wanted.isprintable():
        raise PremaskError(f"--licence {wanted!r}: one line is needed, e.g. CC-BY-4.0")
    folded = {name.casefold(): one for name, one in LICENCES.items()}
    return folded.get(wanted.casefold().replace(" ", "-"), Licence(wanted))


def licence_line(licence: Licence) -> str:
    """What must be known of a licence by another name than the usual ones; else empty."""
    if licence.name in LICENCES:
        return ""
    return (
        f"the licence {licence.name!r} is none of the SPDX identifiers that premask knows"
        f" ({', '.join(LICENCES)}): CITATION.cff leaves it out, and the card calls it other, with"
        f" that name{nearest(licence.name, LICENCES)}"
    )


def parse_authors(text: str) -> tuple[Author, ...]:
    """Authors from ``Ana Ruiz (University of Granada) 0000-0002-1825-0097; Doe, Ben``.

    Separated by semicolons. What is in brackets is the affiliation; an ORCID iD may follow. The
    last word of a name is the family name, unless there is a comma; one word alone is a group.

    Raises
    ------
    PremaskError
        For an author without a name, or an ORCID iD whose check digit is wrong.

    Examples
    --------
    >>> [(one.given, one.family) for one in parse_authors("Ana Ruiz; Doe, Ben; DaSCI")]
    [('Ana', 'Ruiz'), ('Ben', 'Doe'), ('', '')]
    """
    return tuple(_author(piece.strip(), text) for piece in text.split(";") if piece.strip())


def _author(piece: str, text: str) -> Author:
    matched = re.fullmatch(
        r"(?P<name>[^()]+?)\s*(?:\((?P<where>[^()]*)\))?\s*"
        r"(?:https://orcid\.org/)?(?P<orcid>(?:\d{4}-){3}\d{3}[\dX])?",
        piece,
    )
    if not matched or not piece.isprintable():
        raise PremaskError(
            f"--authors {text!r} cannot be read at {piece!r}; the form is: Ana Ruiz (University of"
            " Granada) 0000-0002-1825-0097; Ben Doe"
        )
    name, orcid = " ".join(matched["name"].split()), matched["orcid"] or ""
    if orcid and not _orcid_is_right(orcid):
        raise PremaskError(f"--authors: {orcid} is no ORCID iD, its check digit is wrong")
    if "," in name:
        family, _, given = (part.strip() for part in name.partition(","))
        name = f"{given} {family}".strip()
    else:
        given, _, family = name.rpartition(" ")
        family = family if given else ""
    return Author(
        name,
        given,
        family,
        (matched["where"] or "").strip(),
        f"https://orcid.org/{orcid}" if orcid else "",
    )


def _orcid_is_right(orcid: str) -> bool:
    """ISO 7064 MOD 11-2."""
    digits = orcid.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return digits[-1] == "0123456789X"[(12 - total % 11) % 11]
