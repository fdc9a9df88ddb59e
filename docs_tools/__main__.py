"""Write the generated files of docs/: `python -m docs_tools`."""

from __future__ import annotations

from docs_tools.generated import ROOT, files

for name, content in files().items():
    (ROOT / "docs" / name).write_text(content, "utf-8")
    print(f"wrote docs/{name}")
