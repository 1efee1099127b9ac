# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads WIT packages and writes the type key of every function (grammar: ir/component_plan.h).

Covers what the WASI 0.2 packages use: interfaces with use, type, record, variant, enum, flags, resource and
functions. Worlds are skipped. Anything else is an error, so that a new construct is noticed.
"""
import re

TOKEN = re.compile(r"\s+|//[^\n]*|/\*.*?\*/|(->|%?[A-Za-z0-9][A-Za-z0-9-]*|[{}()<>:;,=@./_*])", re.S)
SCALARS = {"bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"}


def tokens(text):
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"unexpected {text[at:at + 20]!r}")
        if match[1]:
            found.append(match[1].removeprefix("%"))
        at = match.end()
    return found


class Interface:
    """Names of an interface: types are key texts or resources; `uses` are names of other interfaces."""

    def __init__(self, package, name):
        self.name = f"{package}/{name}"
        self.types, self.uses, self.resources, self.funcs = {}, {}, [], {}


class Parser:
    def __init__(self, text, interfaces):
        self.words, self.at, self.interfaces = tokens(text), 0, interfaces
        self.package = None

    def peek(self):
        return self.words[self.at] if self.at < len(self.words) else None

    def next(self):
        self.at += 1
        return self.words[self.at - 1]

    def take(self, word):
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def expect(self, word):
        if not self.take(word):
            raise ValueError(f"expected {word!r}, found {self.words[self.at:self.at + 5]}")

    def skip_annotations(self):
        while self.take("@"):
            self.next()
            self.expect("(")
            while not self.take(")"):
                self.next()

    def skip_version(self):
        """`@0.2.12` up to what ends it."""
        if self.take("@"):
            while self.peek() not in (";", "{") and not (self.peek() == "." and self.words[self.at + 1] == "{"):
                self.next()

    def file(self, package):
        self.package = package
        while self.peek() is not None:
            self.skip_annotations()
            kind = self.next()
            if kind == "package":
                while not self.take(";"):
                    self.next()
            elif kind == "world":
                self.next()
                depth = 0
                while True:
                    word = self.next()
                    depth += (word == "{") - (word == "}")
                    if depth == 0 and word == "}":
                        break
            elif kind == "interface":
                self.interface()
            else:
                raise ValueError(f"unexpected {kind!r}")

    def interface(self):
        self.current = Interface(self.package, self.next())
        self.interfaces[self.current.name] = self.current
        self.expect("{")
        while True:
            self.skip_annotations()
            if self.take("}"):
                return
            word = self.next()
            if word in ("use", "type", "record", "variant", "enum", "flags", "resource") and self.peek() != ":":
                getattr(self, word)()
            else:
                self.expect(":")
                self.current.funcs[word] = self.func()

    def use(self):
        source = self.next()
        if self.take(":"):
            source += ":" + self.next()
            self.expect("/")
            source += "/" + self.next()
            self.skip_version()
        else:
            source = f"{self.package}/{source}"
        self.expect(".")
        self.expect("{")
        while not self.take("}"):
            name = self.next()
            local = self.next() if self.take("as") else name
            self.current.uses[local] = (source, name)
            self.take(",")
        self.expect(";")

    def type(self):
        name = self.next()
        self.expect("=")
        self.current.types[name] = self.value_type()
        self.expect(";")

    def items(self, separator_type):
        """{ label [: type | (type)], … } as a list of (label, type or None)."""
        found = []
        self.expect("{")
        while True:
            self.skip_annotations()
            if self.take("}"):
                return found
            label, payload = self.next(), None
            if separator_type == ":" and self.take(":"):
                payload = self.value_type()
            elif separator_type == "(" and self.take("("):
                payload = self.value_type()
                self.expect(")")
            found.append((label, payload))
            self.take(",")

    def record(self):
        name = self.next()
        self.current.types[name] = ("record", self.items(":"))

    def variant(self):
        name = self.next()
        self.current.types[name] = ("variant", self.items("("))

    def enum(self):
        name = self.next()
        self.current.types[name] = ("enum", self.items(""))

    def flags(self):
        name = self.next()
        self.current.types[name] = ("flags", self.items(""))

    def resource(self):
        name = self.next()
        self.current.types[name] = ("resource", self.current.name, name)
        self.current.resources.append(name)
        if self.take(";"):
            return
        self.expect("{")
        while True:
            self.skip_annotations()
            if self.take("}"):
                return
            label = self.next()
            if label == "constructor":
                self.current.funcs[f"[constructor]{name}"] = (self.params(), ("own", name))
                self.expect(";")
                continue
            self.expect(":")
            is_static = self.take("static")
            params, result = self.func()
            if not is_static:
                params.insert(0, ("self", ("borrow", name)))
            self.current.funcs[f"[{'static' if is_static else 'method'}]{name}.{label}"] = (params, result)

    def params(self):
        found = []
        self.expect("(")
        while not self.take(")"):
            label = self.next()
            self.expect(":")
            found.append((label, self.value_type()))
            self.take(",")
        return found

    def func(self):
        self.expect("func")
        params = self.params()
        result = self.value_type() if self.take("->") else None
        self.expect(";")
        return params, result

    def value_type(self):
        word = self.next()
        if word == "borrow":
            self.expect("<")
            name = self.next()
            self.expect(">")
            return ("borrow", name)
        if word in ("list", "option", "tuple", "result"):
            parts = []
            if self.take("<"):
                while not self.take(">"):
                    parts.append(None if self.take("_") else self.value_type())
                    self.take(",")
            return (word, parts)
        return ("scalar", word) if word in SCALARS else ("name", word)


def key_of(kind, interfaces, scope):
    """The text of a type as seen in interface `scope`."""
    def text(part):
        return "_" if part is None else key_of(part, interfaces, scope)

    if kind[0] == "scalar":
        return kind[1]
    if kind[0] in ("own", "borrow", "name"):
        owner, name = scope, kind[1]
        while name in owner.uses:
            source, name = owner.uses[name]
            owner = interfaces[source]
        target = owner.types[name]
        if target[0] == "resource":
            return f"{'borrow' if kind[0] == 'borrow' else 'own'}<{target[1]}.{target[2]}>"
        if target[0] == "name":
            return key_of((kind[0], target[1]), interfaces, owner)
        return key_of(target, interfaces, owner)
    if kind[0] == "record":
        return "record{" + ",".join(f"{label}:{text(part)}" for label, part in kind[1]) + "}"
    if kind[0] in ("variant", "enum", "flags"):
        cases = (label if part is None else f"{label}:{text(part)}" for label, part in kind[1])
        return kind[0] + "{" + ",".join(cases) + "}"
    return kind[0] + ("<" + ",".join(map(text, kind[1])) + ">" if kind[1] else "")


def read_packages(folder):
    """{interface name: (resources, {function: key})} of every package folder below `folder`."""
    interfaces = {}
    for package in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(package.glob("*.wit")):
            Parser(path.read_text(), interfaces).file(f"wasi:{package.name}")
    found = {}
    for name, interface in interfaces.items():
        keys = {}
        for func, (params, result) in interface.funcs.items():
            key = "(" + ",".join(f"{label}:{key_of(part, interfaces, interface)}" for label, part in params) + ")"
            keys[func] = key + ("" if result is None else "->" + key_of(result, interfaces, interface))
        found[name] = (interface.resources, keys)
    return found
