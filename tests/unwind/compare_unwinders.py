#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs real programs and compares the two unwinders' stacks: 999 of 1,000 must be equal in each.

usage: compare_unwinders.py PRELOAD LIBUNWIND_OBJECT WORK_DIRECTORY
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

EQUAL_MIN = 0.999

C_PROGRAM = """
struct s { int a, b; char c[10]; };
static int f(int a) { switch (a) { case 1: return 2; case 5: return 7; default: return a * 3; } }
int g(struct s *p) { int t = 0; for (int i = 0; i < p->a; i++) t += p->c[i % 10] * f(i); return t; }
"""

CXX_PROGRAM = """
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
std::string deep(int n)
{
	std::vector<std::string> list(3, std::string(100, 'a'));
	if (n == 0)
		throw std::runtime_error(list[0] + "thrown");
	std::string inner = deep(n - 1);
	return inner + list[1];
}
int main()
{
	std::map<int, std::string> caught;
	for (int i = 0; i < 300; i++) {
		try {
			deep(i % 20);
		} catch (const std::exception &e) {
			caught[i] = e.what() + std::string(50, 'b');
		}
	}
	return caught.size() != 300;
}
"""

PERL_PROGRAM = """
my @a = map { { x => $_, y => [1..5] } } 1..20000;
my %h; $h{$_->{x}} = "a$_->{x}" for @a;
print scalar(@a), join(",", sort { $a <=> $b } keys %h) =~ tr/,//, "\\n";
"""

PYTHON_PROGRAM = """
import json, sys, xml.etree.ElementTree
data = json.load(open(sys.argv[1]))
print(len(json.dumps(data)), len(xml.etree.ElementTree.parse(sys.argv[2]).getroot()))
print(len(sorted((str(x) for x in data), key=lambda s: s[::-1])))
"""

SQL = """
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
insert into t select i, 'text' || i, i * 1.5 from n;
create index x on t(b);
select count(*), sum(c) from t where b like '%9%';
select b, count(*) from t group by a % 100 order by 2 desc limit 3;
"""

NODE_PROGRAM = """
const data = JSON.parse(require('fs').readFileSync(process.argv[2]));
let sum = 0;
for (let k = 0; k < 5; k++) sum += JSON.stringify(data.map(x => ({...x, k}))).length;
for (let i = 0; i < 2000; i++) Buffer.alloc(20000).toString('hex').length;
console.log(sum);
"""


def make_inputs(work):
    random.seed(1)
    (work / "data.json").write_text(json.dumps(
        [{"a": i, "b": str(i) * 3, "c": [random.random() for _ in range(5)]}
         for i in range(5000)]))
    (work / "data.xml").write_text(
        "<r>" + "".join(f'<a x="{i}"><b>t{i}</b></a>' for i in range(20000)) + "</r>")
    (work / "words.txt").write_text(
        "\n".join("".join(random.choices("abcdefgh ", k=60)) for _ in range(5000)))
    (work / "graph.dot").write_text("digraph g {" + "".join(
        f"n{random.randrange(80)} -> n{random.randrange(80)};" for _ in range(150)) + "}")
    for name, text in (("p.c", C_PROGRAM), ("p.cpp", CXX_PROGRAM), ("p.pl", PERL_PROGRAM),
                       ("p.py", PYTHON_PROGRAM), ("p.sql", SQL), ("p.js", NODE_PROGRAM)):
        (work / name).write_text(text)


def programs(work):
    """Command, environment, and every how many allocations are compared."""
    every = {"every": 100}
    yield ["jq", ".[].c", work / "data.json"], every
    yield ["xmllint", "--noout", work / "data.xml"], every
    yield ["perl", work / "p.pl"], every
    yield ["python3", "-S", work / "p.py", work / "data.json", work / "data.xml"], \
        {"every": 100, "PYTHONMALLOC": "malloc"}
    yield ["sqlite3", ":memory:", f".read {work / 'p.sql'}"], every
    yield ["gawk", '{n = split($0, a, ""); for (i in a) c[a[i]]++} END {print length(c)}',
           work / "words.txt"], every
    yield ["dot", "-Tsvg", work / "graph.dot"], every
    yield ["xz", "-k", "-c", work / "words.txt"], {"every": 1}
    yield ["gcc", "-O2", "-c", work / "p.c", "-o", work / "p.o"], {"every": 10}
    yield ["node", work / "p.js", work / "data.json"], every
    yield ["git", "-C", pathlib.Path(__file__).parent, "log", "--stat", "-n", "30"], {"every": 5}
    if shutil.which("g++") and subprocess.run(
            ["g++", "-O2", "-o", work / "thrower", work / "p.cpp"], check=False).returncode == 0:
        yield [work / "thrower"], {"every": 3}


def run(command, settings, preload, libunwind, out):
    out.unlink(missing_ok=True)
    environment = dict(os.environ, LD_PRELOAD=preload, COMPARE_LIBUNWIND=libunwind,
                       COMPARE_OUT=str(out), COMPARE_EVERY=str(settings["every"]))
    environment.update({k: v for k, v in settings.items() if k != "every"})
    status = subprocess.run([str(part) for part in command], env=environment, check=False,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = out.read_text() if out.exists() else ""
    counts = [[int(word) for word in line.split()] for line in text.splitlines()
              if line[:1].isdigit()]
    compared, equal, broken = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    return status, compared, equal, broken, text


def main():
    preload, libunwind, work = sys.argv[1:4]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    make_inputs(work)
    failed_count = run_count = 0
    for command, settings in programs(work):
        if not shutil.which(str(command[0])):
            print(f"{command[0]}: not installed")
            continue
        status, compared, equal, broken, text = run(command, settings, preload, libunwind,
                                                    work / "stacks.txt")
        print(f"{command[0]}: {equal} of {compared} stacks equal, {broken} not whole")
        run_count += 1
        if status.returncode != 0 or compared == 0 or equal < EQUAL_MIN * compared:
            failed_count += 1
            print(f"status {status.returncode}\n{status.stderr.decode()[-1000:]}\n{text[:6000]}")
    print(f"{run_count - failed_count} passed, {failed_count} failed")
    return 1 if failed_count or run_count < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
