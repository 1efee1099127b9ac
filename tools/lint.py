#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The house rules as a test: ./x lint, and part of ./x ci. tests/lint/ breaks each rule on purpose.

Rules look at the files git knows (or would add). Each prints `path:line: rule: what is wrong`; the last
line counts rules. tools/lint-exceptions.txt lists what is let through, each with its reason.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

CODE = (".cpp", ".h", ".S", ".c")
FILE_LINES, FUNCTION_LINES, README_LINES = 1000, 100, 40
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
# Written in pieces so that this file keeps its own rule.
HOSTS = ["pypi" + ".org", "files.pythonhosted" + ".org", "crates" + ".io", "npmjs" + ".org", "npmjs" + ".com",
         "deb.debian" + ".org", "proxy.golang" + ".org", "repo1.maven" + ".org", "repo.maven" + ".apache.org",
         "rubygems" + ".org"]
MACHINE_PATH = re.compile(rb"(?<![\w.\-/~}>*])/(?:work|root|home)/[\w.]")
BANNED_HEADERS = {"iostream": "writes through static constructors", "regex": "size", "locale": "size",
                  "sstream": "size", "fstream": "size", "iomanip": "size"}


class Tree:
    """The files under test, read once."""

    def __init__(self, root):
        self.root = root
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=root, check=True, capture_output=True).stdout
        names = sorted({os.fsdecode(name) for name in listed.split(b"\0") if name})
        self.bytes = {name: (root / name).read_bytes() for name in names if (root / name).is_file()}
        self.exceptions = self._exceptions()
        self.used_exceptions = set()

    def _exceptions(self):
        found = {}
        text = self.bytes.get("tools/lint-exceptions.txt", b"").decode()
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                key, _, reason = line.partition(" ")
                found[key] = reason.strip()
        return found

    def allowed(self, rule, place):
        """True if `rule:place` is an exception with a reason."""
        key = f"{rule}:{place}"
        self.used_exceptions.add(key)
        return bool(self.exceptions.get(key))

    def text(self, name):
        return self.bytes[name].decode("utf-8", "replace")

    def code(self, suffixes=CODE):
        return [name for name in self.bytes if name.endswith(suffixes) and not is_foreign(name)]


def is_foreign(name):
    """Other people's suites and built fixtures are not ours to format or measure."""
    return name.startswith("spec-tests/") and not name.endswith((".py", ".md"))


def is_test(name):
    return name.startswith("tests/") or name.endswith("_test.cpp")


# --- includes --------------------------------------------------------------------------------------

def include_table(tree):
    """Folder -> folders it may include, from the table of docs/architecture.md. `aot in wasmc only` after a
    semicolon allows aot in the folder's files that are named wasmc… or aot…; kept as the pair (wasmc, aot)."""
    table = {}
    for line in tree.text("docs/architecture.md").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3 and "/`" in cells[0]:
            for folder in re.findall(r"`([\w-]+)/`", cells[0]):
                plain, _, special = cells[2].partition(";")
                table[folder] = set(re.findall(r"[a-z][\w-]*", plain))
                if match := re.match(r"\s*(\w+) in `?(\w+)`? only", special):
                    table[folder].add((match[2], match[1]))
    if not table:
        raise SystemExit("lint: docs/architecture.md has no folder table")
    return table


def rule_includes(tree):
    """includes: only what the folder table of docs/architecture.md allows; LLVM only in aot/"""
    table = include_table(tree)
    for name in tree.code((".cpp", ".h")):
        folder = name.split("/")[0]
        if folder not in table:
            continue
        allowed = {entry for entry in table[folder] if isinstance(entry, str)}
        allowed |= {entry[1] for entry in table[folder] - allowed
                    if name.split("/")[-1].startswith(entry)}
        anything = "all" in allowed or name.endswith("_test.cpp")
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
            if not match:
                continue
            path, target = match[1], match[1].split("/")[0]
            if target in ("llvm", "lld", "llvm-c", "clang") and folder != "aot":
                yield name, number, f"{path}: LLVM headers belong in aot/"
            elif target in table and target != folder and not anything and target not in allowed:
                if not tree.allowed("includes", f"{name}->{target}"):
                    yield name, number, f"{path}: {folder}/ may include only {', '.join(sorted(allowed)) or 'itself'}"
            elif '"' in line and "/" not in path:
                yield name, number, f"{path}: includes are written from the root of the project"


def rule_headers(tree):
    """headers: no iostream, regex, locale and their like outside aot/ and tests"""
    for name in tree.code((".cpp", ".h")):
        if is_test(name) or name.split("/")[0] in ("aot", "benchmarks", "examples", "tests"):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            match = re.match(r"\s*#\s*include\s*<(\w+)>", line)
            if match and match[1] in BANNED_HEADERS:
                yield name, number, f"<{match[1]}> is not used in the runner ({BANNED_HEADERS[match[1]]})"


# --- lengths ---------------------------------------------------------------------------------------

def blank_out(text):
    """Text with comments, literals and preprocessor lines blanked; line breaks stay."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)
    keep_breaks = lambda match: "\n" * match[0].count("\n") or " "
    lines, skipping, depth, continued = [], 0, 0, False
    for line in pattern.sub(keep_breaks, text).split("\n"):
        directive = re.match(r"\s*#\s*(\w+)", line)
        if directive and not continued:
            word = directive[1]
            if word.startswith("if"):
                depth += 1
            elif word in ("else", "elif") and not skipping:
                skipping = depth  # the other branch repeats the braces
            elif word == "endif":
                skipping = 0 if skipping == depth else skipping
                depth -= 1
        if directive or continued:
            continued = line.rstrip().endswith("\\")
            lines.append("")
        else:
            lines.append("" if skipping else line)
    return "\n".join(lines)


SCOPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:inline\s+)?(?:class|struct|union|enum|namespace|extern)\b", re.S)


def functions(text):
    """(name, first line, last line) of each outermost function body, by counting braces."""
    clean = blank_out(text)
    stack, line, chunk, chunk_line = [], 1, "", 1
    for char in clean:
        if char == "\n":
            line += 1
        if not chunk.strip() and not char.isspace():
            chunk_line = line
            chunk = ""
        if char == "{":
            head = chunk.strip()
            in_function = any(kind == "function" for kind, *_ in stack)
            if in_function or head.endswith(("=", ",", "(", "return")) or not head:
                kind = "block"
            elif SCOPE.match(head):
                kind = "scope"
            else:
                kind = "function" if "(" in head else "block"
            names = re.findall(r"([\w:~]+|operator[^\s\w(]+)\s*\(", head)
            stack.append((kind, names[0] if names else head[-40:], chunk_line))
            chunk = ""
        elif char == "}":
            if stack:
                kind, name, first = stack.pop()
                if kind == "function":
                    yield name, first, line
            chunk = ""
        elif char == ";":
            chunk = ""
        else:
            chunk += char


def rule_lengths(tree):
    """lengths: files up to 1000 lines, functions up to 100 (tables and tests exempt)"""
    for name in tree.code(CODE + (".py",)):
        if is_test(name):
            continue
        text = tree.text(name)
        lines = text.count("\n")
        if lines > FILE_LINES and not tree.allowed("lengths", name):
            yield name, lines, f"{lines} lines, the limit is {FILE_LINES}"
        if name.endswith((".cpp", ".h")):
            for function, first, last in functions(text):
                length = last - first + 1
                if length > FUNCTION_LINES and not tree.allowed("lengths", f"{name}:{function}"):
                    yield name, first, f"function {function} has {length} lines, the limit is {FUNCTION_LINES}"


# --- files -----------------------------------------------------------------------------------------

def rule_spdx(tree):
    """spdx: every source file names its licence in the first two lines"""
    for name in tree.code(CODE + (".py", ".def", "meson.build", ".sh")):
        if SPDX not in "\n".join(tree.text(name).splitlines()[:2]):
            yield name, 1, f"the first line is '{SPDX}' as a comment"


def rule_readmes(tree):
    """readmes: every top folder has a README.md of at most 40 lines"""
    folders = {name.split("/")[0] for name in tree.bytes if "/" in name and not name.startswith(".")}
    for folder in sorted(folders):
        readme = f"{folder}/README.md"
        if readme not in tree.bytes:
            yield readme, 1, "missing: what it is, what it may include, what to read, how to test"
        elif (lines := tree.text(readme).count("\n")) > README_LINES:
            yield readme, lines, f"{lines} lines, the limit is {README_LINES}"


def rule_places(tree):
    """places: no registry host and no path of somebody's machine in committed files"""
    hosts = re.compile("|".join(re.escape(host) for host in HOSTS).encode())
    for name, data in tree.bytes.items():
        for pattern, what in ((hosts, "registry host"), (MACHINE_PATH, "machine path")):
            match = pattern.search(data)
            if match and not tree.allowed("places", name):
                line = data.count(b"\n", 0, match.start()) + 1
                yield name, line, f"{what} {match[0].decode('ascii', 'replace')!r}"


def rule_words(tree):
    """words: no notes to finish later; what is missing goes to an issue"""
    word = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    for name in tree.code(CODE + (".py", ".def", ".md")):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if word.search(line) and not tree.allowed("words", name):
                yield name, number, f"'{word.search(line)[0]}': file an issue or do it"


def rule_links(tree):
    """links: relative links in documents lead to files that exist"""
    for name in tree.bytes:
        if not name.endswith(".md") or is_foreign(name):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" not in target and not (tree.root / name).parent.joinpath(target).exists():
                    yield name, number, f"link to {target}, which does not exist"


def rule_format(tree):
    """format: sources are as clang-format-22 writes them (./x fmt)"""
    tool = shutil.which("clang-format-22")
    if not tool or tree.allowed("format", "all"):
        return
    names = tree.code((".cpp", ".h"))
    groups = [names[i:i + 20] for i in range(0, len(names), 20)]

    def unformatted(group):
        done = subprocess.run([tool, "--dry-run", "-Werror", "--ferror-limit=1", *group], cwd=tree.root,
                              capture_output=True, text=True)
        return re.findall(r"^(\S+?):(\d+):\d+: error", done.stderr, re.M)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for found in pool.map(unformatted, groups):
            for name, line in found:
                yield name, int(line), "not formatted; run ./x fmt"


RULES = [rule_includes, rule_headers, rule_lengths, rule_spdx, rule_readmes, rule_places, rule_words,
         rule_links, rule_format]


def main():
    parser = argparse.ArgumentParser(prog="./x lint", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", help="ignored; test programs are called with a build folder")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    parser.add_argument("--rule", action="append", help="only this rule (may be repeated)")
    args = parser.parse_args()
    rules = {rule.__doc__.split(":")[0]: rule for rule in RULES}
    for name in args.rule or []:
        if name not in rules:
            parser.error(f"no rule '{name}'; there are: {', '.join(rules)}")
    tree, passed, failed = Tree(args.root.resolve()), 0, 0
    for name, rule in rules.items():
        if args.rule and name not in args.rule:
            continue
        broken = 0
        for path, line, problem in rule(tree):
            broken += 1
            print(f"{path}:{line}: {name}: {problem}")
        passed, failed = passed + (broken == 0), failed + (broken != 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
