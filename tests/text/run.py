#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The text format both ways: `wasmc print`, `encode`, `strip`, and `print --offsets`.

* text_round_trip: every module of every script of the official suite and of our own tests (text, quoted and binary),
  printed flat and folded and encoded again, gives the same bytes.
* wasm-tools reads what was printed (without annotations of ours: all of it; with: it skips them) and encodes the same
  module.
* odd.py: modules in encodings that no tool would choose come back byte for byte too.
* print --offsets, strip: against the bytes, and against wasm-tools.
Once, by hand: `tests/text/run.py BUILD --also FILE.wasm…` for programs from elsewhere."""
import json
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parents[0] / "lib"))
sys.path[:0] = [str(HERE), str(ROOT / "spec-tests")]
from petrel_test import Suite, run  # noqa: E402
import odd  # noqa: E402
import sources  # noqa: E402

# A data segment that names memory 0: we keep the form with an index, wasm-tools writes the short one.
MEMORY_ZERO = re.compile(r"(\(data [^\n]*?\(;\d+;\)) \(memory [^)]*\)")
COUNT = re.compile(r"(\d+) modules came back \((\d+) with annotations of ours, (\d+) invalid\), (\d+) do not decode, (\d+) failed")


def arguments(parser):
    parser.add_argument("--also", nargs="+", default=[], metavar="FILE", help="more modules to print and encode")


def round_trip(suite, name, files, dump=None, at_least=1):
    """Runs text_round_trip; the numbers of its last line."""
    command = [suite.build / "tests/text/text_round_trip"]
    if dump:
        command += ["--dump", dump]
    result = run([*command, *files], timeout=600)
    lines = result.out.decode("utf-8", "backslashreplace").splitlines()
    counts = COUNT.fullmatch(lines[-1]) if lines else None
    if not suite.check(f"{name}: printed and encoded", result.code == 0 and counts is not None, result):
        return
    suite.check(f"{name}: enough modules", int(counts[1]) >= at_least, lines[-1])
    print(f"{name}: {lines[-1]}")


def modules_of(suite, script, folder):
    """What wasm-tools makes of the modules of a script."""
    folder.mkdir()
    result = run(["wasm-tools", "json-from-wast", script, "-o", folder / "all.json", "--wasm-dir", folder], timeout=600)
    if not suite.check(f"wasm-tools reads {script.name}", result.code == 0, result):
        return []
    commands = json.loads((folder / "all.json").read_text())["commands"]
    return [folder / pathlib.Path(command["filename"]).name for command in commands]


def compare_with_wasm_tools(suite, dump):
    if not shutil.which("wasm-tools"):
        suite.skip("wasm-tools reads what was printed", "wasm-tools is not installed")
        return
    texts = sorted(dump.glob("*.wat"), key=lambda path: int(path.stem))
    script = dump / "plain.wast"
    script.write_text("".join(path.read_text() for path in texts))
    theirs = modules_of(suite, script, dump / "plain")
    if not suite.equal("wasm-tools: as many modules", len(theirs), len(texts)):
        return
    same = 0
    for text, wasm in zip(texts, theirs):
        if text.with_suffix(".wasm").read_bytes() == wasm.read_bytes():
            same += 1
            continue
        printed = run([suite.wasmc, "print", wasm]).out.decode()
        want = MEMORY_ZERO.sub(r"\1", text.read_text())
        suite.equal(f"{text.name} through wasm-tools prints the same", MEMORY_ZERO.sub(r"\1", printed), want)
    print(f"wasm-tools: {same} of {len(texts)} modules have the same bytes, the others print the same")
    suite.check("wasm-tools: nearly all have the same bytes", same >= 0.99 * len(texts), f"{same} of {len(texts)}")
    own = sorted(dump.glob("*.own"), key=lambda path: int(path.stem))
    script = dump / "own.wast"
    script.write_text("".join(path.read_text() for path in own))
    suite.equal("wasm-tools skips annotations of ours", len(modules_of(suite, script, dump / "own")), len(own))


def test_suite(suite):
    source = sources.find()
    # Scripts with an expected output assert what is wrong.
    scripts = sorted(path for path in ROOT.glob("tests/*/*.wast") if not path.with_suffix(".expected").exists())
    if source is None:
        print("the official suite is not here (./x setup --spec): only our own scripts")
    else:
        # All but those of a feature that is not built.
        scripts += sorted(path for path in source.folder.rglob("*.wast") if "custom-descriptors" not in path.parts)
    dump = suite.tmp / "dump"
    dump.mkdir()
    # The clone has 5,560 modules; other sources may have fewer.
    at_least = 5500 if source is not None and source.layout == "clone" else 10
    round_trip(suite, "scripts", scripts, dump, at_least)
    compare_with_wasm_tools(suite, dump)


def test_odd(suite):
    for name, data in odd.modules().items():
        wasm = suite.tmp / "odd.wasm"
        wasm.write_bytes(data)
        result = run([suite.wasmc, "inspect", wasm])
        suite.check(f"{name}: is valid", b"[malformed]" not in result.err and b"[invalid]" not in result.err, result)
        result = run([suite.build / "tests/text/text_round_trip", wasm])
        suite.check(f"{name}: comes back", result.code == 0 and b"1 modules came back" in result.out, result)


def test_offsets(suite, wasm):
    """Every line of the listing shows the bytes of the file, and all bytes but those that are cut are shown."""
    data = wasm.read_bytes()
    result = run([suite.wasmc, "print", "--offsets", wasm])
    suite.equal(f"offsets of {wasm.name}: exit code", result.code, 0)
    shown = bytearray(len(data))
    wrong = []
    for line in result.out.decode().splitlines():
        match = re.match(r"([0-9a-f]{8}):((?: [0-9a-f]{2})*)", line)
        if not match:
            wrong += [line] if line.strip() != "..." else []
            continue
        at, found = int(match[1], 16), bytes.fromhex(match[2])
        if data[at:at + len(found)] != found:
            wrong.append(line)
        shown[at:at + len(found)] = b"\1" * len(found)
    suite.equal(f"offsets of {wasm.name}: lines that are wrong", wrong[:5], [])
    if b"..." not in result.out:
        suite.check(f"offsets of {wasm.name}: every byte is listed", all(shown), f"not {shown.find(0):#x}")


def sections(data):
    """(id, custom name or b"", bytes) of a module's sections."""
    out = []
    at = 8
    while at < len(data):
        start, kind = at, data[at]
        at += 1
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        name = data[at + 1:at + 1 + data[at]] if kind == 0 else b""
        at += size
        out.append((kind, name, data[start:at]))
    return out


def test_strip(suite, wasm):
    data = wasm.read_bytes()
    before = sections(data)
    cases = {
        (): lambda name: name == b"target_features" or name.startswith(b"metadata.code."),
        ("--all",): lambda name: False,
        ("--keep", "name", "--keep", "x"): lambda name: name in (b"name", b"x", b"target_features")
        or name.startswith(b"metadata.code."),
    }
    for options, keeps in cases.items():
        target = suite.tmp / "stripped.wasm"
        result = run([suite.wasmc, "strip", *options, wasm, "-o", target])
        suite.equal(f"strip {' '.join(options)} {wasm.name}: exit code", result.code, 0)
        want = data[:8] + b"".join(body for kind, name, body in before if kind or keeps(name))
        suite.check(f"strip {' '.join(options)} {wasm.name}: the other sections as they were",
                    target.read_bytes() == want, result)


CUSTOM = """(module (@custom "x" (before first) "1") (@custom "name-not" "2") (@custom "target_features" "3")
  (@custom ".debug_info" (after code) "4") (func $f (if (@name "") (i32.const 1) (then)))
  (func (@metadata.code.branch_hint "\\01") (if (i32.const 1) (then (call $f)))))"""


def test_commands(suite):
    text = suite.tmp / "custom.wat"
    text.write_text(CUSTOM)
    wasm = suite.tmp / "custom.wasm"
    suite.equal("encode: exit code", run([suite.wasmc, "encode", text, "-o", wasm]).code, 0)
    names = [name for kind, name, _ in sections(wasm.read_bytes()) if kind == 0]
    suite.equal("custom sections in their places", names,
                [b"x", b"metadata.code.branch_hint", b".debug_info", b"name-not", b"target_features", b"name"])
    test_strip(suite, wasm)
    test_offsets(suite, wasm)
    nameless = suite.tmp / "nameless.wasm"
    run([suite.wasmc, "encode", "--no-names", text, "-o", nameless])
    suite.equal("encode --no-names", [name for kind, name, _ in sections(nameless.read_bytes()) if name == b"name"], [])
    # A file that ends in the middle of a function: what is whole is listed, then the error.
    cut = suite.tmp / "cut.wasm"
    cut.write_bytes(bytes.fromhex("0061736d01000000" "0104016000 00".replace(" ", "") + "03020100" "0a06010400412aff"))
    result = run([suite.wasmc, "print", "--offsets", cut])
    suite.equal("offsets of a bad body: exit code", result.code, 1)
    suite.check("offsets of a bad body: listed up to the error", b"i32.const 42" in result.out, result)
    suite.check("offsets of a bad body: the error's place",
                b"offset 0x19: illegal opcode ff" in result.err, result)


def test_many(suite):
    """Much of one kind: what is looked up for each may not be searched for."""
    count = 50_000
    texts = {
        "custom sections": "(module " + "".join(
            f'(@custom "c{i}" {"(before first)" if i % 2 else ""} "x")' for i in range(count)) + "(func))",
        "names of metadata": "(module (func " + " ".join(f'(@metadata.code.m{i} "x") nop' for i in range(count)) + "))",
        "metadata of one instruction": "(module (func " + " ".join(f'(@metadata.code.m{i} "x")' for i in range(count)) + " nop))",
        "branches outwards": "(module (func block $o " + "block br $o " * count + "end " * count + "end))",
        "equal labels": "(module (func " + "block $l br $l " * count + "end " * count + "))",
        "equal names": "(module " + '(func (@name "f"))' * count + ")",
    }
    for name, text in texts.items():
        path = suite.tmp / "many.wat"
        path.write_text(text)
        result = run([suite.build / "tests/text/text_round_trip", path], timeout=300)
        suite.check(f"many {name} come back", result.code == 0 and b"1 modules came back" in result.out, result)


def test_errors(suite):
    """Line and column, whatever the section, and what encode, print and strip refuse."""
    text = suite.tmp / "wrong.wat"
    wasm = suite.tmp / "wrong.wasm"
    text.write_text("(module\n  (memory 1)\n  (global i32\n    (i64.const 0)))")
    place = f"error[invalid]: {text}:4:18: type mismatch: end expected i32, found i64\n"
    suite.equal("validate: line and column", run([suite.wasmc, "validate", text]).err.decode(), place)
    piped = run([suite.wasmc, "encode", "-"], stdin=text.read_bytes())
    run([suite.wasmc, "encode", text])
    suite.check("encode - writes to standard output what encode FILE writes", piped.out == wasm.read_bytes(), piped)
    printed = run([suite.wasmc, "print", "-"], stdin=wasm.read_bytes())
    suite.check("print -", printed.out.startswith(b"(module\n  (memory (;0;) 1)"), printed)
    from_text = run([suite.wasmc, "print", text])
    suite.equal("print of a text", from_text.out, printed.out)
    for command, path, message in (
            (["encode"], wasm, f"error[malformed]: {wasm}: is in binary format already (print gives the text)\n"),
            (["strip"], wasm, "wasmc: error: strip needs -o FILE (- is standard output)\n"),
            (["strip", "-o", "-"], text, f"error[malformed]: {text}: offset 0x0: magic header not detected: no module or component\n"),
            (["print"], ROOT / "examples/hello/hello.wasm",
             f"error[unsupported]: {ROOT}/examples/hello/hello.wasm: is a component: this build prints core modules\n")):
        result = run([suite.wasmc, *command, path])
        suite.equal(f"{command[0]} {path.name}: refused", result.err.decode(), message)
        suite.check(f"{command[0]} {path.name}: exit code", result.code in (1, 2), result)


def main():
    suite = Suite(__doc__, arguments)
    if not suite.has_aot():
        suite.skip("text tools", "a build without wasmc")
        suite.finish()
    test_suite(suite)
    test_odd(suite)
    test_commands(suite)
    test_many(suite)
    test_errors(suite)
    if suite.args.also:
        for path in suite.args.also:
            round_trip(suite, path, [path], at_least=0)
    suite.finish()


if __name__ == "__main__":
    main()
