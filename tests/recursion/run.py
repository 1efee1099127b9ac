#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nothing recurses over the nesting of its input: the calls in the machine code of wasmc form no cycle through a function of ours
but those in bounded.txt, each with what bounds its depth; and each line there is still needed.
An edge is a direct call or jump to another function, or the address of one that is taken."""
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "lib"))
from petrel_test import Suite, run  # noqa: E402

FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:")
CALL = re.compile(r"\s(?:call|jmp|j[a-z]+)\s+[0-9a-f]+ <([^>+]+)>$")
ADDRESS = re.compile(r"\slea\s.*# [0-9a-f]+ <([^>+]+)>$")


def call_graph(program):
    """{function: functions}, by mangled name."""
    graph = {}
    current = set()
    for line in run(["objdump", "-d", "--no-show-raw-insn", program], timeout=600).out.decode().splitlines():
        if match := FUNCTION.match(line):
            current = graph.setdefault(match[1], set())
        elif match := CALL.search(line) or ADDRESS.search(line):
            current.add(match[1])
    return graph


def plain_name(text):
    """`a::b::f` of `type a::(anonymous namespace)::b::f<c>(d) const`."""
    text = text.replace("(anonymous namespace)::", "").replace("[abi:cxx11]", "")
    text = text.split("(")[0]
    return text.split("<")[0].split(" ")[-1]


def cycles(graph):
    """Sets of functions that can reach each other (Tarjan's algorithm, without recursion)."""
    order, low, stack, found = {}, {}, [], []
    on_stack = set()
    for root in graph:
        work = [] if root in order else [(root, None)]
        while work:
            node, rest = work.pop()
            if rest is None:
                order[node] = low[node] = len(order)
                stack.append(node)
                on_stack.add(node)
                rest = iter(graph[node])
            for target in rest:
                if target not in graph:
                    continue
                if target not in order:
                    work += [(node, rest), (target, None)]
                    break
                if target in on_stack:
                    low[node] = min(low[node], low[target])
            else:
                if low[node] == order[node]:
                    group = set()
                    while node not in group:
                        group.add(stack.pop())
                    on_stack -= group
                    if len(group) > 1 or node in graph[node]:
                        found.append(group)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
    return found


def without(graph, removed):
    return {node: targets - removed for node, targets in graph.items() if node not in removed}


def main():
    suite = Suite(__doc__)
    program = suite.wasmc if suite.has_aot() else suite.wasmrun
    missing = [tool for tool in ("objdump", "c++filt") if not shutil.which(tool)]
    if missing:
        suite.skip("call graph", f"{', '.join(missing)} not installed")
        suite.finish()
    graph = call_graph(program)
    if "__asan_init" in graph or "__tsan_init" in graph:
        suite.skip("call graph", "a sanitizer build, which splits and merges functions in its own way")
        suite.finish()
    mangled = list(graph)
    demangled = run(["c++filt"], stdin="\n".join(mangled).encode()).out.decode().splitlines()
    names = {name: plain_name(text) for name, text in zip(mangled, demangled)}
    ours = {name for name in graph if names[name].startswith("petrel::")}
    if not suite.check("the program has symbols and calls", len(ours) > 2000 and sum(map(len, graph.values())) > 10000, len(ours)):
        suite.finish()
    lines = [line for line in (HERE / "bounded.txt").read_text().splitlines() if line and not line.startswith("#")]
    bounded = {line.split(": ", 1)[0]: line.split(": ", 1)[1] for line in lines}
    for name, bound in bounded.items():
        suite.check(f"{name}: has a bound", bound.strip())

    removed = {name for name in graph if names[name] in bounded}
    for group in cycles(without(graph, removed)):
        if group & ours:
            suite.check("a cycle of calls without a bound", False, "\n".join(sorted(names[name] for name in group)))
    # Without one of the lines there is a cycle: else the line is stale.
    for name in {names[name] for name in removed}:
        others = {one for one in removed if names[one] != name}
        suite.check(f"{name}: recursion is found", any(group & ours for group in cycles(without(graph, others))))
    suite.finish()


if __name__ == "__main__":
    main()
