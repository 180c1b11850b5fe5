"""The texts of the pages, as they stand in code and templates; scripts/languages writes them."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from klink.pages.languages import FOLDER
from klink.pages.texts import EXTRACTED

ROOT = FOLDER.parents[2]

_IN_TEMPLATES = {"gettext": None, "ngettext": (1, 2), "_": None}
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}


def texts() -> Catalog:
    """Every text that visitors may be shown, in English."""
    found = Catalog()
    folder = FOLDER.parent
    extracted = extract_from_dir(
        folder,
        method_map=_METHODS,
        options_map=_OPTIONS,
        keywords=EXTRACTED | _IN_TEMPLATES,
    )
    for name, _, message, comments, _ in extracted:
        # No line numbers: they would change with every edit, and the files with them.
        place = (str((folder / name).relative_to(ROOT)), None)
        found.add(message, None, [place], auto_comments=comments)  # type: ignore[list-item]
    return found


def read(path: Path) -> Catalog:
    """A language's file."""
    with path.open("rb") as file:
        return read_po(file, path.stem, abort_invalid=True)


def written(catalog: Catalog) -> bytes:
    """A language's file, as it should be."""
    out = BytesIO()
    write_po(out, catalog, width=96, omit_header=True, sort_output=True, ignore_obsolete=True)
    return _HEAD.format(tag=catalog.locale, plural=catalog.plural_forms).encode() + out.getvalue()


_HEAD = """\
msgid ""
msgstr ""
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def update(path: Path, current: Catalog) -> int:
    """Bring a language's file up to date; how many texts are left to translate.

    Nothing is guessed from texts that look alike: a wrong translation is worse than none.
    """
    catalog = read(path) if path.exists() else Catalog(Locale.parse(path.stem))
    catalog.update(current, no_fuzzy_matching=True)
    path.write_bytes(written(catalog))
    return sum(not all(_parts(message.string)) for message in catalog if message.id)


def _parts(string: object) -> tuple[object, ...]:
    return string if isinstance(string, tuple) else (string,)


def main(new: list[str]) -> int:
    """Bring all files up to date, and begin the new ones."""
    current = texts()
    paths = sorted({*FOLDER.glob("*.po"), *(FOLDER / f"{tag}.po" for tag in new)})
    for path in paths:
        try:
            left = update(path, current)
        except UnknownLocaleError as error:
            sys.exit(f"languages: {error}")
        print(f"{path.relative_to(ROOT)}: {left} to translate")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
