# SPDX-License-Identifier: Apache-2.0
"""Debian's own programs with work to do: name -> function(folder) that prepares the input and returns
(command, environment)."""
import json
import os
import subprocess

from harness import Skip, need


def _write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _jq(folder):
    rows = [{"id": i, "name": f"row {i}", "tags": [i % 7, i % 11]} for i in range(3000)]
    return [need("jq"), "[.[] | select(.id % 3 == 0) | {name, sum: (.tags | add)}] | group_by(.sum)",
            _write(folder, "rows.json", json.dumps(rows))], {}


def _sqlite3(folder):
    script = _write(folder, "script.sql", """
        create table t(id integer primary key, k text, v real);
        with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000)
            insert into t select x, 'key ' || (x * 7919 % 10007), x / 3.0 from c;
        create index i on t(k);
        select k, count(*), sum(v) from t group by k having count(*) > 1 order by 3 desc limit 20;
        delete from t where id % 3 = 0;
        vacuum;
        """)
    return [need("sqlite3"), ":memory:", f".read {script}"], {}


def _xmllint(folder):
    items = "".join(f'<item id="{i}" kind="k{i % 13}"><name>n{i}</name><b/></item>\n'
                    for i in range(3000))
    return [need("xmllint"), "--format", "--xpath", "//item[@kind='k5']/name",
            _write(folder, "items.xml", f"<?xml version='1.0'?><items>{items}</items>")], {}


def _gawk(folder):
    text = "".join(f"word{i % 997} {i} {i * i % 1009}\n" for i in range(20000))
    return [need("gawk"), "{ n[$1] += $2; s[$3] = s[$3] substr($1, 1, 3) } "
            "END { for (k in n) t += n[k]; for (k in s) u += length(s[k]); print t, u }",
            _write(folder, "words.txt", text)], {}


def _git(folder):
    repository = os.path.join(folder, "repository")
    env = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
           "GIT_CONFIG_NOSYSTEM": "1", "HOME": folder, "PATH": "/usr/bin:/bin"}
    git = [need("git"), "-C", repository, "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([git[0], "init", "-q", repository], env=env, check=True)
    for i in range(12):
        _write(repository, "file.txt", "".join(f"line {j * (i + 1) % 101}\n" for j in range(400)))
        subprocess.run([*git, "add", "-A"], env=env, check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"change {i}"], env=env, check=True)
    return [git[0], "-C", repository, "--no-pager", "log", "-p", "--stat"], \
        {"GIT_CONFIG_NOSYSTEM": "1"}


def _perl(folder):
    return [need("perl"), _write(folder, "work.pl", """
        my %h; for my $i (1 .. 20000) { $h{"key " . $i % 5000} .= chr(65 + $i % 26); }
        my @k = sort { length($h{$a}) <=> length($h{$b}) or $a cmp $b } keys %h;
        my $t = join ",", map { s/key /k/r } @k; print length($t), "\\n";
        """)], {"PERL_HASH_SEED": "0", "PERL_PERTURB_KEYS": "0"}


def _python3(folder):
    return ["/usr/bin/python3", "-S", _write(folder, "work.py", """
import json, re
words = {f"w{i % 3000}": [i, str(i)] for i in range(20000)}
text = json.dumps(words)
print(len(json.loads(text)), len(re.findall(r"w\\d+7", text)))
""")], {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}


def _dot(folder):
    edges = "".join(f"n{i} -> n{i * 7 % 60}; n{i} -> n{(i + 13) % 60};\n" for i in range(60))
    return [need("dot"), "-Tsvg", "-o", os.path.join(folder, "graph.svg"),
            _write(folder, "graph.dot", f"digraph g {{ {edges} }}")], {}


def _xz(folder):
    text = "".join(f"{i * 2654435761 % 4294967296:x} some text\n" for i in range(30000))
    return [need("xz"), "-c6", "-T1", _write(folder, "text", text)], {}


def _c_source(folder):
    functions = "".join(f"static int f{i}(int a) {{ int s = 0; for (int j = 0; j < a; j++) "
                        f"s += j * {i} ^ a; return s; }}\n" for i in range(150))
    calls = " + ".join(f"f{i}(n)" for i in range(150))
    return _write(folder, "source.c", f"{functions} int all(int n) {{ return {calls}; }}\n")


def _cc1(folder):
    path = subprocess.run([need("gcc"), "-print-prog-name=cc1"], stdout=subprocess.PIPE,
                          check=True).stdout.decode().strip()
    return [path, "-quiet", "-O2", "-o", os.path.join(folder, "source.s"), _c_source(folder)], {}


def _gcc(folder):
    return [need("gcc"), "-O1", "-c", "-o", os.path.join(folder, "source.o"),
            _c_source(folder)], {}


def _node(folder):
    return [need("node"), _write(folder, "work.js", """
        const m = new Map(); for (let i = 0; i < 50000; i++) m.set(`k${i % 7000}`, [i]);
        const b = []; for (let i = 0; i < 200; i++) b.push(Buffer.alloc(20000 + i));
        console.log(JSON.stringify([...m]).length, b.length);
        """)], {}


def _sort(folder):
    text = "".join(f"{i * 7919 % 100003}\n" for i in range(50000))
    return [need("sort"), "-n", "--parallel=2", _write(folder, "numbers", text)], {}


def _bash(folder):
    return ["/bin/bash", "--norc", "-c", "for i in {1..300}; do a[$i]=$(( i * i )); "
            "b=${a[$i]//1/one}; done; echo ${#a[@]} $b; ls /usr/share | wc -l"], {}


def _tar(folder):
    for i in range(200):
        _write(folder, f"member{i}", "text" * i)
    return [need("tar"), "-C", folder, "-czf", os.path.join(folder, "all.tar.gz"),
            *[f"member{i}" for i in range(200)]], {}


def _diff(folder):
    texts = [_write(folder, name, "".join(f"{i * factor % 911}\n" for i in range(4000)))
             for name, factor in (("first", 7), ("second", 13))]
    # All differing lines are to be ignored: its status is 0, and it has compared them.
    return [need("diff"), "-u", "--ignore-matching-lines=.", *texts], {}


def _find(folder):
    for i in range(300):
        os.makedirs(os.path.join(folder, f"d{i % 20}", f"e{i}"), exist_ok=True)
    return [need("find"), folder, "-name", "*7*", "-type", "d"], {}


def _clang(folder):
    return [need("clang"), "-O1", "-c", "-o", os.path.join(folder, "source.o"),
            _c_source(folder)], {}


ALL = {name[1:]: function for name, function in list(globals().items())
       if name.startswith("_") and not name.startswith("__")
       and name not in ("_write", "_c_source") and callable(function)}


def prepare(name, run):
    """Puts command and environment of a program into a run."""
    work = os.path.join(run.folder, "work")
    os.mkdir(work)
    command, env = ALL[name](work)
    if not os.path.exists(command[0]):
        raise Skip(f"{command[0]} is not installed")
    run.command = command
    run.env.update(env)
    run.cwd = work
    return run
