"""make gallery: the notebooks as pages to read, with the outputs that are stored in them, to .lab/gallery. Nothing runs.

    env.sh python gallery.py
"""

import html
import os
import shutil
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wflowlab</title>
<style>
body { max-width: 640px; margin: 2em auto; padding: 0 1em; font: 17px/1.5 system-ui, sans-serif; color: #222; background: #fff }
img { max-width: 100%; height: auto }
</style>
<h1>wflowlab</h1>
<p>A laboratory for Wasserstein gradient flows in Go. These are its notebooks as they were last run; they run in
<a href="https://github.com/wflowlab/wflowlab">the repository</a>.</p>
"""


def title(notebook):
    """Returns the first line of a notebook, which is its title."""
    return notebook.cells[0].source.split("\n")[0].lstrip("# ")


def build(notebooks, folder):
    """Writes a page for every notebook, and an index with their pictures, into a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    index = [HEAD]
    for path in notebooks:
        notebook = nbformat.read(path, 4)
        name, words = f"{path.stem}.html", title(notebook)
        page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": words}})
        (folder / name).write_text(page, encoding="utf-8")
        index.append(f'<h2><a href="{name}">{html.escape(words)}</a></h2>\n')
        picture = path.parent / "pictures" / f"{path.name[:2]}.png"
        if picture.exists():
            shutil.copy(picture, folder)
            index.append(f'<a href="{name}"><img src="{picture.name}" alt=""></a>\n')
    (folder / "index.html").write_text("".join(index), encoding="utf-8")


def main():
    root = Path(os.environ["WFLOW_ROOT"])
    folder = root / ".lab" / "gallery"
    build(sorted(root.glob("notebooks/[0-9]*.ipynb")), folder)
    print(f"{folder.relative_to(root)}/index.html")


if __name__ == "__main__":
    main()
