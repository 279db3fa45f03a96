# SPDX-License-Identifier: Apache-2.0
"""Makes what the measured programs read: the same bytes on every machine, once per folder."""
import json
import os
import subprocess

GIT_ENV = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}


def _write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def _cached(make):
    """A function folder -> path that makes the file or folder only where it is missing."""
    def get(folder):
        path = os.path.join(folder, make.__name__)
        if not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            make(path)
        return path
    return get


@_cached
def rows_json(path):
    """30 MB: an array of small objects."""
    rows = (json.dumps({"id": i, "v": i * 7919 % 10007, "name": f"row number {i}",
                        "tags": [i % 7, i % 11, f"t{i % 101}"], "is_even": i % 2 == 0})
            for i in range(345000))
    _write(path, "[" + ",\n".join(rows) + "]\n")


@_cached
def rows_sql(path):
    """Inserts 400,000 rows and indexes them."""
    _write(path, """
        pragma temp_store = memory;
        create table t(id integer primary key, k text, v real);
        begin;
        with recursive c(x) as (select 1 union all select x + 1 from c where x < 400000)
            insert into t select x, 'key ' || (x * 7919 % 1000003), x / 3.0 from c;
        commit;
        create index i on t(k);
        select count(*), sum(v) from t where k > 'key 5';
        """)


@_cached
def hash_pl(path):
    """A hash of 1.5 million strings."""
    _write(path, """
        my %h;
        for my $i (1 .. 1500000) { $h{"key $i"} = "value " . $i * 3; }
        print scalar(keys %h), "\\n";
        """)


@_cached
def load_py(path):
    _write(path, "import json, sys\n"
                 "with open(sys.argv[1], encoding='utf-8') as file:\n"
                 "    print(len(json.load(file)))\n")


@_cached
def grammar_cc(path):
    """A translation unit with a Boost header: a parser of lists of numbers."""
    _write(path, """
        #include <boost/spirit/include/qi.hpp>
        #include <string>
        #include <vector>
        namespace qi = boost::spirit::qi;
        bool parse_numbers(const std::string &text, std::vector<double> &numbers)
        {
            auto begin = text.begin();
            return qi::phrase_parse(begin, text.end(), qi::double_ % ',', qi::space, numbers) &&
                   begin == text.end();
        }
        """)


def _blob(number, version):
    """A source file of that number, as of a commit."""
    lines = (f"line {i} of {number}: {(i + (version if i % 13 == version % 13 else 0)) * 31 % 977}"
             for i in range(300 + version % 40))
    return "\n".join(lines) + "\n"


def _commits(count, file_count):
    for version in range(count):
        date = f"{1500000000 + 3600 * version} +0000"
        message = f"change {version}"
        yield (f"commit refs/heads/main\nauthor A <a@example.org> {date}\n"
               f"committer A <a@example.org> {date}\ndata {len(message)}\n{message}\n")
        for number in range(file_count) if version == 0 else range(version % 3, file_count, 7):
            text = _blob(number, version)
            yield f"M 100644 inline d{number % 9}/f{number}.c\ndata {len(text)}\n{text}\n"


@_cached
def history_git(path):
    """A repository of 800 commits that change 100 files."""
    new = path + ".new"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", new], env=GIT_ENV, check=True)
    subprocess.run(["git", "-C", new, "fast-import", "--quiet"], env=GIT_ENV, check=True,
                   input="".join(_commits(800, 100)).encode())
    os.rename(new, path)


@_cached
def sources_make(path):
    """200 small C files that make builds into one program."""
    new = path + ".new"
    os.makedirs(new, exist_ok=True)
    for i in range(200):
        body = "\n".join(f"static int g{j}(int a) {{ return a * {i + j} ^ a >> {j % 7}; }}"
                         for j in range(12))
        calls = " + ".join(f"g{j}(a)" for j in range(12))
        _write(os.path.join(new, f"f{i}.c"), f"#include <stdio.h>\n#include <string.h>\n{body}\n"
               f"int f{i}(int a) {{ char t[32]; snprintf(t, sizeof(t), \"%d\", {calls}); "
               "return (int)strlen(t); }\n")
    declarations = "".join(f"int f{i}(int);\n" for i in range(200))
    calls = " + ".join(f"f{i}(c)" for i in range(200))
    _write(os.path.join(new, "main.c"),
           f"{declarations}int main(int c, char **v) {{ (void)v; return ({calls}) == 0; }}\n")
    _write(os.path.join(new, "Makefile"), "objects := $(patsubst %.c,%.o,$(wildcard *.c))\n"
           "program: $(objects)\n\tgcc -o $@ $(objects)\n"
           "%.o: %.c\n\tgcc -O1 -c -o $@ $<\n")
    os.rename(new, path)
