"""XML as a tree with line numbers.

Nothing outside the file is read, and no entity is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate

from sciner.errors import InputError

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
DEEPEST = 100


@dataclass(slots=True)
class Element:
    """An element of an XML file.

    Attributes:
        tag: its name.
        attributes: {name: value}.
        line: where it begins, counted from 1.
        text: directly in it.
        children: in order.
    """

    tag: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """Its children with this tag."""
        return [child for child in self.children if child.tag == tag]

    def child(self, tag: str) -> Element | None:
        """Its first child with this tag; None if there is none."""
        return next(iter(self.all(tag)), None)

    def below(self, tag: str) -> list[Element]:
        """The elements with this tag at any depth, in order."""
        found = []
        for child in self.children:
            found += [child] if child.tag == tag else child.below(tag)
        return found


def parse_xml(path: Path) -> Element:
    """Parse a file and return its root.

    Raises:
        InputError: it is not valid XML, declares entities, or is nested too deeply.
    """
    try:
        with path.open("rb") as file:
            return _parse(file, path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None


def parse_xml_text(text: str) -> Element:
    """Parse a string as ``parse_xml`` does."""
    return _parse(BytesIO(text.encode("utf-8", "surrogatepass")), None)


def _parse(file: IO[bytes], path: Path | None) -> Element:
    parser = ParserCreate()
    parser.buffer_text = True
    root = Element("", {}, 0)
    stack = [root]

    def refuse(*declared: object) -> None:
        line = parser.CurrentLineNumber
        raise InputError(
            "an XML entity is declared", file=path, line=line, hint="write its text instead"
        )

    def begin(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, parser.CurrentLineNumber)
        if len(stack) > DEEPEST:
            raise InputError(
                "too deep nesting", file=path, line=element.line, hint="correct the file"
            )
        stack[-1].children.append(element)
        stack.append(element)

    def text(data: str) -> None:
        stack[-1].text += data

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda tag: stack.pop()
    parser.CharacterDataHandler = text
    try:
        parser.ParseFile(file)
    except (ExpatError, UnicodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        line = parser.CurrentLineNumber
        raise InputError(
            f"invalid XML ({error})", file=path, line=line, hint="correct it"
        ) from None
    return root.children[0]


def check_xml(text: str, id_: str, format: str) -> None:
    """Raise InputError for characters that XML cannot store.

    Args:
        text: to be written.
        id_: of the record, for the message.
        format: its name, for the message.
    """
    if found := NOT_XML.search(text):
        problem = f"{format} cannot hold U+{ord(found[0]):04X} (character {found.start()} of {id_})"
        raise InputError(problem, hint="take it out of the text")
