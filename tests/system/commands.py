# SPDX-License-Identifier: Apache-2.0
"""Commands of Debian packages with known inputs: name -> Row, in one table for each kind of command."""
import json
import os
import shlex
import shutil


class Row:
    """A command and what is to be known about it. status: what it returns without the shim; because: why
    something about it cannot be compared as it is."""

    def __init__(self, command, status=0, needs=(), because="", **options):
        self.command = command
        self.status = status
        self.needs = needs
        self.because = because
        self.options = options


def run(line, **options):
    """One program, started without a shell."""
    return Row(shlex.split(line), **options)


def shell(text, **options):
    return Row(["dash", "-c", text], **options)


def bash(text, **options):
    return Row(["bash", "--norc", "-c", text], **options)


def python(text, **options):
    env = {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "malloc", "PYTHONDONTWRITEBYTECODE": "1"}
    return Row(["/usr/bin/python3", "-c", text], env=env, **options)


def _lines(count, form):
    return "".join(form(i) for i in range(count))


C_SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; char name[24]; };
int depth(int n) { return n < 2 ? n : depth(n - 1) + depth(n - 2); }
int main(int argc, char **argv)
{
	struct node *head = NULL;
	for (int i = 0; i < 1000; i++) {
		struct node *new = malloc(sizeof(*new));
		snprintf(new->name, sizeof(new->name), "node %d", i * argc);
		new->next = head;
		head = new;
	}
	size_t sum = 0;
	for (struct node *at = head; at; at = at->next)
		sum += strlen(at->name);
	printf("%zu %d\\n", sum, depth(15));
	return argv[argc] != NULL;
}
"""

SQL = """create table t(id integer primary key, k text, v real);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 3000)
    insert into t select x, 'key ' || (x * 7919 % 1007), x / 3.0 from c;
create index i on t(k);
select k, count(*), sum(v) from t group by k having count(*) > 1 order by 3 desc limit 20;
delete from t where id % 3 = 0;
select count(*), total(v) from t;
"""

INPUTS = {
    "words": _lines(2000, lambda i: f"word{i % 97} {i} {i * i % 1009}\n"),
    "numbers": _lines(20000, lambda i: f"{i * 7919 % 100003}\n"),
    "left": _lines(300, lambda i: f"{i:04} left {i % 7}\n"),
    "right": _lines(300, lambda i: f"{i * 3:04} right {i % 5}\n"),
    "rows.json": json.dumps([{"id": i, "name": f"row {i}", "tags": [i % 7, i % 11]}
                             for i in range(500)]),
    "items.xml": "<?xml version='1.0'?><items>"
                 + _lines(400, lambda i: f'<item id="{i}" kind="k{i % 13}"><name>n{i}</name></item>\n')
                 + "</items>",
    "source.c": C_SOURCE,
    "source.cc": "#include <algorithm>\n#include <iostream>\n#include <map>\n#include <string>\n"
                 "int main() { std::map<std::string, int> m; for (int i = 0; i < 2000; i++)\n"
                 "m[std::to_string(i % 301)] += i; int n = 0; for (auto &e : m) n ^= e.second;\n"
                 "try { throw std::string(\"thrown\"); } catch (std::string &s) { std::cout << s; }\n"
                 "std::cout << m.size() << ' ' << n << std::endl; }\n",
    "script.sql": SQL,
    "text": _lines(4000, lambda i: f"{i * 2654435761 % 4294967296:x} some text {i}\n"),
    "Makefile": "all: $(patsubst %,out%,1 2 3 4 5 6 7 8)\n\techo all made\n"
                "out%:\n\t@sort -n numbers | head -n $* > $@\n",
}
FIXED_S = 1600000000  # the time of all input files


def prepare(folder):
    """Puts the inputs into a folder."""
    for name, text in INPUTS.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    for i in range(30):
        place = os.path.join(folder, "tree", f"d{i % 3}", f"e{i % 4}")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, f"file{i}"), "w", encoding="utf-8") as file:
            file.write(f"text {i}\n" * i)
    for parent, folders, names in os.walk(folder):
        for name in folders + names:
            os.utime(os.path.join(parent, name), (FIXED_S, FIXED_S))


def missing(row):
    """The program of a row that is not installed, if there is one."""
    path = "/usr/bin:/bin:/usr/sbin:/sbin"
    return next((name for name in (row.command[0], *row.needs) if not shutil.which(name, path=path)),
                None)


COREUTILS = {
    "sort_numbers": run("sort -n --parallel=2 numbers"),
    "sort_merges_temporary_files": run("sort -S 64K --batch-size=3 -T . text"),
    "sort_writes_its_own_input": run("sort -k3,3n -k1,1r -o words words"),
    "ls_tree": run("ls -lR --time-style=full-iso tree"),
    "ls_sorted_by_size": run("ls -lSr --block-size=1 tree/d0/e0 ."),
    "du_apparent": run("du -a --apparent-size tree"),
    "tr_classes": run("tr -cs '[:alpha:]' '[\\n*]'", stdin=INPUTS["items.xml"].encode()),
    "sha256sum_files": run("sha256sum numbers text words"),
    "sha512sum_checks": shell("sha512sum text words > sums; echo x >> words; sha512sum -c sums",
                              status=1),
    "b2sum_and_cksum": shell("b2sum text; cksum -a crc text; md5sum < numbers"),
    "split_in_parts": run("split -n l/7 -d text part."),
    "split_through_a_filter": run("split -l 900 --filter='gzip -n > $FILE.gz' text part."),
    "csplit_at_pattern": run("csplit -q -z text '/ .*99$/' {3}"),
    "join_files": run("join -a 1 -o 0,1.2,2.3 -e none left right"),
    "comm_and_paste": shell("comm left right | head -50; paste -d, left right | tail -50"),
    "uniq_counts": shell("cut -d' ' -f1 words | sort | uniq -c | sort -k1,1nr -k2"),
    "wc_head_tail": shell("wc text words numbers; head -c 500 text; tail -n +3990 text; tac left | "
                          "head -3"),
    "od_and_base64": shell("od -A x -t x1z -v left | tail -40; base64 -w 60 right; base32 left"),
    "copy_move_remove": shell("cp -a tree copy && mv copy/d1 moved && rm -r copy/d2 && ln -s moved link "
                              "&& ln moved/e1/* . ; cp -r --parents tree/d0 copy"),
    "install_modes": run("install -D -m 0640 text a/b/c/text"),
    "chmod_recursive": shell("chmod -R u=rwX,go= tree; stat -c '%A %s %n' tree/*/*"),
    "dd_converts": run("dd if=text of=out bs=700 skip=1 count=20 conv=ucase,sync status=noxfer"),
    "factor_numbers": run("factor 18446744073709551557 1000000007 999999000001 "
                          "340282366920938463463374607431768211455"),
    "shuf_with_known_source": run("shuf -n 300 --random-source=text numbers"),
    "tsort_pairs": shell("awk '{ print $1, $1 + 1 }' numbers | head -2000 | sort -u | tsort | md5sum"),
    "fold_fmt_pr": shell("fold -w 30 -s text | fmt -w 50 | pr -3 -t | expand | nl | tail -50"),
    "numfmt_units": shell("numfmt --to=iec < numbers | tail -200; numfmt --from=iec 1K 2.5G 1Kx", status=2),
    "date_of_epoch": run("date -u -d @1600000000 '+%F %T %A %j %s'"),
    "env_prints_variables": run("env", normalise=lambda text: b"".join(
        sorted(line for line in text.splitlines(True)
               if b"PRELOAD" not in line and b"TRACE" not in line)),
        because="our own variables are in the environment, as in any traced program"),
    "timeout_kills": run("timeout 0.2 sleep 60", status=124),
    "timeout_kills_hard": run("timeout -s KILL 0.2 sleep 60", status=-9),
    "tee_and_truncate": shell("seq 2000 | tee a b | tail -1; truncate -s 100 a; cat a"),
    "stdbuf_preloads_too": run("stdbuf -oL uniq left"),
    "nice_and_nohup": shell("nice -n 5 nohup seq 5 2>&1; nice"),
    "stat_and_readlink": shell("stat -c '%F %a %h %s %Y' text tree; readlink -f tree/../text; realpath "
                               "--relative-to=tree text"),
}

FINDERS = {
    "find_prints": run("find tree -type f -size -2k -printf '%s %m %TY %p\\n'"),
    "find_executes": run("find tree -name 'file1*' -exec md5sum {} +"),
    "find_deletes": run("find tree -name '*7' -delete"),
    "xargs_in_parallel": shell("find tree -type f | sort | xargs -P 4 -n 3 wc -c | sort"),
    "grep_extended": run("grep -nE '(word1|word2)[0-9]? .*7$' words"),
    "grep_perl_regex": run("grep -P '^(?<w>word\\d)\\d (?=.*99)' words"),
    "grep_recursive": run("grep -rc text tree"),
    "grep_in_large_output": shell("seq 30000 | grep -v 7 > out; wc out"),
    "sed_substitutes": run("sed -E 's/([a-z]+)([0-9]+)/\\2\\1/g; 10,20d; $!N; P; D' words"),
    "sed_in_place": run("sed -i.bak -e '/left 3/d' -e 's/^0+//' left right"),
    "gawk_arrays": run("gawk '{ n[$1] += $2; s[$3] = s[$3] $1 } END { PROCINFO[\"sorted_in\"] = "
                       "\"@ind_str_asc\"; for (k in n) print k, n[k]; for (k in s) t += length(s[k]); "
                       "print t }' words"),
    "gawk_pipes": run("gawk '{ print $2 | \"sort -rn\" } END { close(\"sort -rn\"); \"date -u -d @0 "
                      "+%Y\" | getline y; print y }' words"),
    "mawk_formats": run("mawk '{ printf \"%5d %-10s|%x\\n\", $2, $1, $3 }' words"),
    "diff_unified": run("diff -u left right", status=1),
    "diff_recursive": shell("cp -r tree other; echo more >> other/d0/e0/file0; rm other/d1/e1/file1; "
                            "diff -r --no-dereference tree other", status=1),
    "patch_applies": shell("diff -u left right > p; cp left l; patch -s l p; cmp l right && echo same"),
    "diff3_merges": shell("sed 5d left > a; sed 50d left > b; diff3 -m a left b"),
    "file_types": run("file -b text rows.json items.xml source.c /bin/true", needs=["file"]),
    "iconv_loads_modules": shell("printf 'Gr\\303\\274\\303\\237e' | iconv -f utf-8 -t utf-16le | od -c; "
                                 "iconv -f ascii -t ibm037 left | md5sum"),
    "getent_asks_services": run("getent passwd root daemon"),
    "m4_expands": run("m4 -", stdin=b"define(`f', `ifelse($1, 0, 1, `eval($1 * f(decr($1)))')')f(10)\n"
                      b"define(`n', `ifelse($1, 0, , `$1 n(decr($1))')')n(300)\n"),
    "bc_computes": run("bc -l", stdin=b"scale=300; 4*a(1)\nfor (i = 0; i < 50; i++) 2^i\n2^4000\n"),
    "dc_computes": run("dc -e '50k 2v p [d1-d1<F*]dsFx 30lFxp'", status=0),
    "xmllint_xpath": run("xmllint --format --xpath \"//item[@kind='k5']/name\" items.xml"),
    "xmllint_finds_errors": run("xmllint --noout source.c", status=1),
    "jq_groups": run("jq '[.[] | select(.id % 3 == 0) | {name, sum: (.tags | add)}] | group_by(.sum)' "
                     "rows.json"),
    "jq_streams": run("jq -c --stream 'select(length == 2) | .[1]' rows.json"),
    "jq_reports_an_error": run("jq '.[3] | .name + .id' rows.json", status=5),
    "sqlite3_in_memory": run("sqlite3 :memory: '.read script.sql'"),
    "sqlite3_in_a_file": shell("sqlite3 base '.read script.sql' && sqlite3 base .dump | tail -5; sqlite3 "
                               "base 'pragma integrity_check'; rm base"),
    "sqlite3_reports_an_error": run("sqlite3 :memory: 'select * from nothing'", status=1),
    "dot_draws": shell("awk 'NR < 80 { print \"n\" $3 % 20 \" -> n\" $2 % 15 \";\" } BEGIN { print "
                       "\"digraph g {\" } END { print \"}\" }' words | dot -Tsvg", needs=["dot"]),
}

PACKERS = {
    "tar_round_trip": shell("tar --sort=name --owner=0 --group=0 -cf all.tar tree text && tar -tvf all.tar "
                            "--utc && mkdir x && tar -C x -xf all.tar && diff -r tree x/tree && echo same"),
    "tar_compresses": run("tar --sort=name --owner=0 --group=0 --mtime=@0 -cJf all.tar.xz tree words"),
    "tar_of_a_missing_file": run("tar -cf all.tar nothing", status=2),
    "gzip_round_trip": shell("gzip -9kn text && gzip -lv text.gz | tail -1 | cut -c-30; zcat text.gz | cmp "
                             "- text"),
    "gzip_of_damaged_data": shell("gzip -n text && dd if=/dev/zero of=text.gz bs=1 seek=900 count=50 "
                                  "conv=notrunc status=none; zcat text.gz > out", status=1),
    "bzip2_round_trip": shell("bzip2 -k text numbers && bzip2 -tv text.bz2; bzcat numbers.bz2 | md5sum"),
    "xz_with_threads": shell("xz -T2 -k --block-size=20000 text && xz -dc text.xz | md5sum; xz -l text.xz"),
    "zstd_with_threads": run("zstd -q -T2 -12 --no-progress -o text.zst text"),
    "zip_and_unzip": shell("TZ=UTC zip -q -X -r all.zip tree && unzip -l all.zip && unzip -q -d x all.zip "
                           "&& diff -r tree x/tree", needs=["zip", "unzip"]),
    "openssl_digests": run("openssl dgst -sha3-256 text words"),
    "openssl_encrypts": shell("openssl enc -aes-256-cbc -pbkdf2 -S 0011223344556677 -k word -in text -out "
                              "text.enc && openssl enc -d -aes-256-cbc -pbkdf2 -S 0011223344556677 -k word "
                              "-in text.enc | cmp - text && echo same"),
    "openssl_keys": shell("openssl genrsa -out key 1024 2>/dev/null; openssl rsa -in key -check -noout; "
                          "openssl req -x509 -key key -subj /CN=name -days 2 -out cert && openssl x509 -in "
                          "cert -noout -subject; rm key cert"),
    "ssh_keygen_makes_a_key": shell("ssh-keygen -q -t ed25519 -N '' -C name -f key && ssh-keygen -y -f key | "
                                    "cut -c-20; ls -l key | cut -c-10; rm key key.pub"),
    "curl_of_a_file": run("curl -s -o copy file:///etc/passwd"),
    "curl_of_nothing": run("curl -sS http://127.0.0.1:1/", status=7, normalise=lambda text: b"".join(
        word + b" " for word in text.split() if word not in (b"after",) and not word.isdigit()),
        because="it prints how many milliseconds it took"),
    "dpkg_deb_builds": shell("mkdir -p p/DEBIAN p/usr/share/n; cp text p/usr/share/n; printf 'Package: n\\n"
                             "Version: 1\\nArchitecture: all\\nMaintainer: n <e@x>\\nDescription: d\\n' > "
                             "p/DEBIAN/control; SOURCE_DATE_EPOCH=1600000000 dpkg-deb -Zgzip --root-owner-group "
                             "-b p n.deb && dpkg-deb -I n.deb"),
    "dpkg_query_lists": run("dpkg-query -W -f '${Package} ${Status}\\n' libc6 coreutils nothing", status=1),
}

COMPILERS = {
    "gcc_compiles_and_links": shell("gcc -O2 -g -o program source.c && ./program; echo $?"),
    "gcc_reports_errors": shell("sed s/malloc/mallok/ source.c > bad.c; gcc -Werror -fsyntax-only bad.c; "
                                "echo 'int f( {' | gcc -x c -fsyntax-only -", status=1),
    "gxx_throws": shell("g++ -O0 -o program source.cc && ./program"),
    "cpp_preprocesses": run("cpp -dD source.c"),
    "as_ld_objdump": shell("gcc -O1 -S -o a.s source.c && as -o a.o a.s && ld -r -o b.o a.o && objdump -dr b.o "
                           "&& nm -n b.o && readelf -aW b.o | tail -80"),
    "ar_and_strip": shell("gcc -g -c source.c && ar rcsD lib.a source.o && ar t lib.a && nm -A lib.a && strip "
                          "source.o && size source.o && strings -n 6 source.o | head; objcopy -O binary -j "
                          ".text source.o code"),
    "ld_reports_undefined": shell("echo 'int main(void) { return f(); } ' > f.c; gcc -w -o f f.c", status=1,
                                  normalise=lambda text: b"".join(
                                      line for line in text.splitlines(True) if b"/cc" not in line),
                                  because="it names its temporary files"),
    "clang_compiles": shell("clang -O1 -o program source.c && ./program"),
    "clang_reports_errors": shell("clang -fsyntax-only -x c++ -std=c++17 source.c", status=1),
    "rustc_compiles": shell("echo 'fn main() { let v: Vec<String> = (0..99).map(|i| i.to_string()).collect(); "
                            "println!(\"{}\", v.concat().len()); }' > a.rs; rustc -C codegen-units=1 -o a "
                            "a.rs && ./a; rm -f a", needs=["rustc"]),
    "make_in_parallel": run("make -s -j2"),
    "make_fails": shell("printf 'a: b\\n\\tfalse\\nb:\\n\\techo b\\n' > m; make -f m; echo 'a: c' > m; make -f m",
                        status=2),
    "ninja_builds": shell("printf 'rule c\\n command = sort $in > $out\\nbuild a: c words\\nbuild b: c numbers\\n"
                          "build c: c a b\\n' > build.ninja; ninja --quiet -j2; rm -f .ninja_log .ninja_deps",
                          needs=["ninja"]),
    "meson_configures": shell("""mkdir s; mv source.c s; echo "project('n', 'c') executable('p', 'source.c')" |
sed 's/) /)\\n/' > s/meson.build; meson setup b s > log || cat log; ninja -C b --quiet && b/p; rm -r b log""",
                              needs=["meson", "ninja"], env={"PYTHONDONTWRITEBYTECODE": "1"}),
    "gdb_in_batch": shell("gcc -g -O0 -o program source.c && gdb -nx -batch -ex 'set debuginfod enabled off' "
                          "-ex 'break depth if n == 3' -ex run -ex 'bt 9' -ex 'info locals' -ex 'p n * 2' -ex kill "
                          "program 2>&1 | grep -vE 'lib_?thread|warning|Inferior 1'", needs=["gdb"]),
}
