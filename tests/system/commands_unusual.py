# SPDX-License-Identifier: Apache-2.0
"""More rows for commands.py: interpreters, servers, commands that fail, and odd surroundings."""
import re

from commands import Row, bash, python, run, shell



def _without_numbers(text):
    """For numbers of processes and threads."""
    return re.sub(rb"(?<=: ) *\d+(?= [A-Z])|0x[0-9a-f]{6,}", b"N", text)


NUMBERED = {"normalise": _without_numbers, "because": "it prints the number of a process or an address"}

PYTHON = {
    "python_json": python("import json; rows = json.load(open('rows.json')); print(sum(sum(r['tags']) for r in "
                          "rows)); print(json.dumps(rows, indent=1)[-200:])"),
    "python_threads": python("""
import threading, queue
work, done = queue.Queue(), queue.Queue()
def body():
    while (n := work.get()) is not None:
        done.put((n, len(str(3 ** n))))
threads = [threading.Thread(target=body) for _ in range(8)]
for t in threads: t.start()
for n in [*range(400), *[None] * 8]: work.put(n)
for t in threads: t.join()
print(sorted(done.queue)[-3:])
"""),
    "python_subprocess": python("""
import subprocess
for i in range(12):
    p = subprocess.run(['sort', '-r'], input=bytes(range(97, 110 + i)), stdout=subprocess.PIPE)
    print(p.returncode, p.stdout)
print(subprocess.Popen('kill -USR1 $$', shell=True).wait())
"""),
    "python_multiprocessing": python("""
import multiprocessing as m
def f(n): return n, sum(i * i for i in range(n))
for method in ('fork', 'forkserver'):
    with m.get_context(method).Pool(3) as pool:
        print(pool.map(abs, range(-20, 0)), sum(pool.map(len, ['x' * n for n in range(300)])))
"""),
    "python_ctypes": python("""
import ctypes
c = ctypes.CDLL(None, use_errno=True)
c.malloc.restype = c.strdup.restype = ctypes.c_void_p
for a in (c.malloc(ctypes.c_size_t(1000)), c.strdup(b'text')):
    c.free(ctypes.c_void_p(a))
print(c.open(b'/nothing', 0), ctypes.get_errno(), c.malloc(ctypes.c_size_t(-1)), ctypes.get_errno())
order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
v = (ctypes.c_int * 99)(*[i * 37 % 99 for i in range(99)])
c.qsort(v, 99, 4, order(lambda a, b: a[0] - b[0])); print(list(v) == list(range(99)))
"""),
    "python_asyncio": python("""
import asyncio
async def serve(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
async def ask(n):
    r, w = await asyncio.open_unix_connection('socket'); w.write(b'line %d\\n' % n)
    text = await r.read(); w.close(); return text
async def main():
    server = await asyncio.start_unix_server(serve, 'socket')
    print(b''.join(await asyncio.gather(*[ask(n) for n in range(60)])))
    p = await asyncio.create_subprocess_exec('cat', 'left', stdout=-1); print(len((await p.communicate())[0]))
    server.close()
asyncio.run(main())
"""),
    "python_executors_and_numbers": python("""
import concurrent.futures as f, decimal, fractions, hashlib, zlib, lzma, bz2
data = open('text', 'rb').read()
with f.ThreadPoolExecutor(4) as pool:
    print([hashlib.sha1(r).hexdigest() for r in pool.map(lambda m: m.compress(data), (zlib, bz2, lzma))])
decimal.getcontext().prec = 200; print(decimal.Decimal(2).sqrt(), sum(fractions.Fraction(1, n) for n in range(1, 60)))
"""),
    "python_sqlite": python("""
import sqlite3
c = sqlite3.connect(':memory:'); c.create_function('twice', 1, lambda n: n * 2)
c.executescript(open('script.sql').read()); print(c.execute('select sum(twice(id)), count(*) from t').fetchall())
"""),
    "python_signals_and_timers": python("""
import signal, os
seen = []
signal.signal(signal.SIGALRM, lambda *a: seen.append(bytearray(1000)))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(seen) < 100: [str(i) * 3 for i in range(100)]
signal.setitimer(signal.ITIMER_REAL, 0); signal.signal(signal.SIGALRM, signal.SIG_IGN)
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), min(len(seen), 100))
"""),
    "python_forks_from_threads": python("""
import os, threading
def body():
    for i in range(8):
        child = os.fork()
        if not child: os._exit(len([bytearray(n) for n in range(50)]))
        assert os.waitpid(child, 0)[1] == 50 << 8
threads = [threading.Thread(target=body) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print('forked')
"""),
    "python_has_no_memory": python("""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400 << 20,) * 2)
try: bytearray(1 << 30)
except MemoryError as e: print('caught')
bytearray(1 << 40)
""", status=1),
    "python_recurses_too_deeply": python("def f(n): return [n, f(n + 1)]\nf(0)", status=1),
    "python_aborts": python("import os; x = [bytes(n) for n in range(999)]; os.abort()", status=-6),
    "python_fault_is_reported": python("import faulthandler, ctypes; faulthandler.enable(); ctypes.string_at(0)",
                                       status=-11, **NUMBERED),
    "python_temporary_files": python("""
import tempfile, shutil, os, mmap
with tempfile.TemporaryDirectory(dir='.') as d:
    shutil.copytree('tree', d + '/x'); print(sum(len(f) for _, _, f in os.walk(d)))
with open('text', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m: m[:4] = b'MMAP'; print(m.rfind(b'text'), len(m))
"""),
    "python_exec_chain": python("""
import os, sys
n = int(os.environ.get('N', 0)); os.environ['N'] = str(n + 1)
if n < 6: os.execv('/usr/bin/python3', ['/usr/bin/python3', '-S', *sys.orig_argv[1:]])
print(n, sorted(os.listdir('/proc/self/fd')))
"""),
}

LANGUAGES = {
    "perl_hashes": Row(["perl", "-e", "my %h; $h{'key ' . $_ % 500} .= chr(65 + $_ % 26) for 1 .. 9000; print "
                        "map { \"$_ $h{$_}\\n\" } sort keys %h"], env={"PERL_HASH_SEED": "0"}),
    "perl_threads": Row(["perl", "-Mthreads", "-e", "print join ',', map { $_->join } map { my $n = $_; "
                         "threads->create(sub { my @a = map { $_ x $n } 1 .. 200; length join '', @a }) } "
                         "1 .. 6"]),
    "perl_forks_and_pipes": Row(["perl", "-e", "for my $n (1 .. 9) { my $pid = open(my $in, '-|') // die; if (!$pid) "
                                 "{ print 'x' x ($n * 1000); exit $n } local $/; print length(<$in>); close $in; "
                                 "print ' ', $? >> 8, \"\\n\" }"]),
    "perl_dies": Row(["perl", "-we", "use Time::HiRes 'ualarm'; my @a = map { { n => $_ } } 1 .. 99; local $SIG{ALRM} "
                                     "= sub { die \"alarm\\n\" }; ualarm 50000; eval { select undef, undef, undef, 9 "
                                     "}; print $@; $! = 5; die 'the end'"],
                     status=5),
    "perl_regexes": Row(["perl", "-ne", "$n += () = /(?<=w)o(?:r|x)d\\d*?(?=\\s)/g; END { print \"$n\\n\"; $_ = 'ab' x "
                         "20000; print length($1) if /^((?:a|b)*)$/ }", "words"]),
    "ruby_threads_and_fibers": run("ruby -e 'q = Queue.new; t = 5.times.map { |n| Thread.new { 200.times { |i| q << "
                                   "[n, \"s#{i}\" * n] } } }; t.each(&:join); puts q.size; f = Fiber.new { 3.times {"
                                   " |i| Fiber.yield \"y#{i}\" }; :end }; 4.times { puts f.resume }; GC.start; puts "
                                   "fork { exit!(7) }.then { |p| Process.wait2(p)[1].exitstatus }'"),
    "ruby_raises": run("ruby -e 'a = (1..999).map(&:to_s); raise ArgumentError, a.last'", status=1),
    "lua_tables": run("lua5.4 -e 't = {} for i = 1, 20000 do t[\"k\" .. i % 999] = (t[\"k\" .. i % 999] or \"\") .. "
                      "string.char(65 + i % 26) end local n = 0 for k, v in pairs(t) do n = n + #v end print(n, "
                      "pcall(error, {}) , coroutine.wrap(function() coroutine.yield(#t) end)())'"),
    "lua_fails": run("lua5.4 -e 'local t = nil; print(t.x)'", status=1),
    "php_arrays": run("php -n -r '$a = []; for ($i = 0; $i < 30000; $i++) $a[\"k\" . $i % 700][] = $i; ksort($a); echo "
                      "count($a), md5(serialize($a)), strlen(json_encode($a)), \"\\n\";'"),
    "php_runs_out_of_memory": run("php -n -d memory_limit=8M -r '$s = str_repeat(\"x\", 1 << 24);'", status=255),
    "tcl_lists": Row(["tclsh"], stdin=b"for {set i 0} {$i < 9000} {incr i} {lappend l [expr {$i * 7919 % 10007}]; dict "
                     b"incr d [expr {$i % 77}]}\nputs [lrange [lsort -integer $l] 0 20]\nputs [dict size $d]\n"
                     b"puts [catch {nothing} why]:$why\nputs [string length [exec cat text]]\n"),
    "node_maps": run("node -e 'const m = new Map(); for (let i = 0; i < 30000; i++) m.set(`k${i % 7000}`, [i]); "
                     "console.log(JSON.stringify([...m]).length)'"),
    "node_workers_and_children": run("node -e 'const {Worker} = require(\"worker_threads\"), c = require("
                                     "\"child_process\"); let n = 0; for (let i = 0; i < 3; i++) new Worker(\"require("
                                     "`worker_threads`).parentPort.postMessage(Buffer.alloc(99999).length)\", {eval: "
                                     "true}).on(\"message\", l => n += l); process.on(\"exit\", () => console.log(n, "
                                     "String(c.execSync(\"wc -c text\"))))'"),
    "node_throws": run("node -e 'require(\"zlib\").gzipSync(Buffer.alloc(1e5)); throw new Error(\"the end\")'",
                       status=1),
    "vim_edits": run("vim -e -s -u NONE -i NONE -n -c '%s/left/LEFT/g' -c 'g/7$/d' -c 'sort! n' -c wq left",
                     needs=["vim"]),
}

GIT = """git() { command git -c user.name=n -c user.email=e@x -c init.defaultBranch=m -c gc.auto=0 -c pack.threads=1 "$@"; }
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
git init -q r; cd r
for i in 1 2 3 4 5; do seq $((i * 7)) 3 300 > file; cp ../left other$i; git add .; git commit -q -m "change $i"; done
"""
AS_USER = """as() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || { chmod 711 ..; chmod 777 . ../out; }
"""
POSTGRES = AS_USER + """cat > script.sql
b=$(echo /usr/lib/postgresql/*/bin); b=${b##* }
as $b/initdb -N -A trust -U me -D $PWD/data > log0 || cat log0
as $b/pg_ctl -D data -w -o "-F -k $PWD -c listen_addresses=''" -l log1 start > log2 || cat log1 log2
psql -h $PWD -U me -d postgres -q -f script.sql
psql -h $PWD -U me -d postgres -c 'select count(*), md5(string_agg(k, v::text order by id)) from t' -c 'select 1/0'
echo $?; as $b/pg_ctl -D data -m fast stop > log2; rm -r data log*
"""
POSTGRES_SQL = """create table t(id integer primary key, k text, v real);
insert into t select x, 'key ' || (x * 7919 % 1007), x / 3.0 from generate_series(1, 3000) c(x);
create index i on t(k); analyze t;
select k, count(*), round(sum(v)) from t group by k having count(*) > 2 order by 3 desc limit 10;
create function f(n integer) returns integer language plpgsql as $$ begin return n * 2; exception when others then
return 0; end $$;
select sum(f(id)) from t;
"""
NGINX = """printf 'pid %s/pid; error_log %s/log; worker_processes 2; events { } http { access_log off; root %s/tree;
client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
gzip on; gzip_min_length 10; gzip_types *; server { listen unix:%s/socket; } }' $(yes $PWD | head -9) > conf
chmod 711 ..; chmod 777 ../out 2>/dev/null; chmod 755 . ; nginx -c $PWD/conf -e $PWD/log || cat log
for i in 7 12 13 19 29; do
curl -s --compressed --unix-socket socket http://x/d$((i % 3))/e$((i % 4))/file$i | md5sum; done
for i in nothing d0/ d0/e3/file3; do curl -s --unix-socket socket -o /dev/null -w '%{http_code}\\n' http://x/$i; done
pid=$(cat pid); nginx -c $PWD/conf -e $PWD/log -s quit; while kill -0 $pid 2>/dev/null; do sleep 0.02; done
rm -rf log socket *_temp [0-9]
"""
REDIS = """redis-server --port 0 --unixsocket $PWD/socket --save '' --daemonize yes --dir $PWD --logfile log > /dev/null
r="redis-cli -s socket"; until $r ping > out 2>&1; do sleep 0.02; done
awk '{ print "rpush", $1, $2; print "zadd z", $3, $2; print "hincrby h", $1, $3 }' words | $r > replies
$r llen word5; $r zrange z 0 5 withscores; $r hget h word9; $r eval 'return #redis.call("keys", "*")' 0
$r lrange word1 x 1; $r save; $r flushall async; $r dbsize; $r shutdown nosave; rm -f log dump.rdb socket
"""

SERVERS = {
    "git_history": shell(GIT + "git log -p --stat; git diff HEAD~3 --word-diff | tail -30; git blame -s -L1,20 file; "
                         "rm .git/index"),
    "git_gc_and_fsck": shell(GIT + "git gc -q --aggressive; git fsck --full --strict; git count-objects -v; git "
                             "verify-pack -v .git/objects/pack/*.idx | tail -3; git bundle create -q b m; git "
                             "bundle verify b; rm .git/index"),
    "git_branches_and_merges": shell(GIT + "git checkout -q -b side HEAD~2; echo x >> file; git commit -qam side; git "
                                     "merge -q m; git status --short; git diff --stat; git grep -c left; git stash; "
                                     "git rev-parse HEAD; rm -f .git/index"),
    "git_clones": shell(GIT + "cd ..; git clone -q --no-local r s 2>&1; git -C s log --format=%H; git -C s pull 2>&1; "
                        "rm r/.git/index s/.git/index"),
    "git_fails": shell(GIT + "rm .git/index; git log nothing", status=128),
    "nginx_serves_and_quits": shell(NGINX, needs=["nginx", "curl"]),
    "redis_serves_and_stops": shell(REDIS, needs=["redis-server", "redis-cli"]),
    "redis_server_refuses_options": shell("redis-server --nothing x --port 0 2>&1 | tail -3", needs=["redis-server"]),
    "postgres_serves_and_stops": bash(POSTGRES, needs=["psql"], stdin=POSTGRES_SQL.encode()),
}

SHELLS = {
    "bash_arrays_and_strings": bash("for i in {1..900}; do a[i]=$((i * i)); declare -A m[k$((i % 37))]+=$i; "
                                    "s+=${a[i]//1/one}; done; echo ${#a[@]} ${#m[@]} ${#s} ${s: -20}; mapfile -t l < "
                                    "left; printf '%s|' \"${l[@]:5:3}\""),
    "bash_pipes_and_status": bash("yes | head -3 | tr y n; echo ${PIPESTATUS[*]}; seq 99999 | head -1; echo "
                                  "${PIPESTATUS[*]}; (exit 9) | cat; echo $?; set -o pipefail; false | true; echo $?; "
                                  "! true; echo $?"),
    "bash_subshells": bash("f() { (( $1 )) && (f $(($1 - 1)); echo $1 $BASH_SUBSHELL) ; }; f 12; cat <(sort -r left | "
                           "head -2) <(tr a-z A-Z < right | tail -2); x=$(echo $(echo $(seq 5))); echo $x; exec 3< "
                           "left; read -u3 y; echo $y"),
    "bash_traps": bash("trap 'echo usr1' USR1; trap 'echo exit $?' EXIT; trap 'echo err' ERR; kill -USR1 $$; false; "
                       "(trap 'echo sub' EXIT); bash -c 'kill -INT $$'; echo $?; exit 5", status=5),
    "bash_jobs_and_coprocess": bash("coproc bc; echo '2^200' >&${COPROC[1]}; read -u ${COPROC[0]} n; echo $n; for i in "
                                    "1 2 3; do (exit $i) & p+=($!); done; for q in ${p[@]}; do wait $q; echo $?; done; "
                                    "sleep 30 & kill -TERM $!; wait $!; echo $?"),
    "bash_kills_itself": bash("a=$(seq 1000); kill -TERM $$", status=-15),
    "dash_here_documents": shell("cat <<E | while read a b; do echo \"$b/$a\"; done | sort\n$(cut -d' ' -f1,3 "
                                 "left)\nE\nf() { local x=$1; [ $x = 0 ] || { f $((x - 1)); echo $x; }; }; f 200 | "
                                 "tail -2"),
    "dash_traps_and_signals": shell("trap 'echo term' TERM; trap 'echo bye' 0; kill -TERM $$; (kill -KILL $$ & wait) ; "
                                    "echo no",
                                    status=-9),
    "dash_syntax_error": shell("echo a; if then", status=2),
    "shell_reads_a_terminal": run("script -qec 'stty size; tty > /dev/null && echo terminal; read a; ls --color=auto "
                                  "-C tree' /dev/null", stdin=b"answer\n", unsteady=("stdout",),
                                  because="the echo of the answer comes before or after the first line"),
    "python_on_a_terminal": run("script -qec '/usr/bin/python3 -c \"import os; print(os.isatty(0), os.ttyname(1)[:9]); "
                                "print(open(0).fileno())\"' /dev/null"),
    "stty_fails_without_terminal": run("stty -a", status=1),
}

SIGNALS = ("ABRT", "BUS", "FPE", "HUP", "ILL", "INT", "PIPE", "SEGV", "SYS", "TERM", "USR2", "XCPU")

FAILURES = {
    "cat_missing_file": run("cat nothing text/x /root/../tree", status=1),
    "ls_bad_option": run("ls --no-such-option", status=2),
    "command_not_found": shell("no-such-command; echo $?; ./text; exec ./tree", status=126),
    "every_signal_kills": bash("".join(f"bash -c 'x=$(seq 999); kill -{name} $$; sleep 9' 2>&1; echo {name} $?\n"
                                       for name in SIGNALS), **NUMBERED),
    "perl_is_killed": Row(["perl", "-e", "my @a = map { [$_] } 1 .. 5000; kill 'SEGV', $$; sleep 9"], status=-11),
    "writer_to_a_closed_pipe": bash("perl -e '$SIG{PIPE} = \"IGNORE\"; for (1 .. 99999) { print \"line $_\\n\" or exit "
                                    "3 }' | head -2; echo ${PIPESTATUS[*]}; { sort numbers numbers; echo $? >&2; } | "
                                    "head -1"),
    "full_device": shell("seq 99999 > /dev/full; echo $?; sort text > /dev/full", status=2),
    "read_only_place": shell("touch /proc/nothing; mkdir /sys/nothing; cp text /proc/; echo $?", status=0),
    "directory_as_file": run("sort tree", status=2),
    "loop_of_links": shell("ln -s a b; ln -s b a; cat a; stat -L b", status=1),
    "name_too_long": shell("touch $(printf '%0300d' 0)", status=1),
    "arguments_too_long": bash("/bin/true $(head -c 3000000 /dev/zero | tr '\\0' x)", status=126),
    "closed_input": shell("cat <&-; sort <&-; echo $?; tr a b <&-", status=1),
    "closed_output": shell("seq 9 >&-; echo $?; ls tree >&-; echo $?; python3 -c 'print(1)' >&-; echo $?"),
    "closed_errors": shell("ls nothing 2>&-; echo $?; sh -c 'exec 0<&- 1>&- 2>&-; ls tree; sort text > out'; head -2 "
                           "out"),
    "all_closed_in_python": shell("exec 3>out; python3 -c 'import os; os.close(0); os.closerange(1, 3); os.write(3, "
                                  "b\"%d\" % os.open(\"text\", 0)); os.write(3, repr([len(str(2 ** n)) for n in "
                                  "range(99)]).encode())'; cat out"),
}

LIMITS = {
    "little_address_space": bash("ulimit -v 60000; sort -S 1M text | md5sum; perl -e '$x = \"a\" x 1e9; print length "
                                 "$x'; echo $?"),
    "no_address_space": bash("ulimit -v 16000; sort -S 1M numbers | tail -1; ls tree; dd if=text of=/dev/null bs=1G; "
                             "perl -e '$x = \"a\" x 1e9'; echo $?",
                             because="what the library maps, 6 MiB at first, counts as well: a program that wants to "
                                     "the last MiB what the limit leaves gets less"),
    "few_descriptors": bash("ulimit -n 11; sort --batch-size=4 -S 64K -T . text | md5sum; find tree -type f | wc -l; "
                            "python3 -c '\nl = []\ntry:\n  for i in range(20): l.append(open(\"text\"))\nexcept "
                            "OSError as e: print(i, e)'"),
    "small_stack": bash("ulimit -s 256; sort -n numbers | tail -1; perl -e 'sub f { $_[0] ? 1 + f($_[0] - 1) : 0 } "
                        "print f(3000)'; gawk 'function f(n) { return n ? 1 + f(n - 1) : 0 } BEGIN { print f(500) }'"),
    "stack_overflow": shell("printf 'int f(int n) { volatile char a[999]; a[n %% 999] = 1; return n ? f(n + 1) + a[0] "
                            ": 0; } int main(void) { return f(1); }' > f.c; gcc -O0 -w -o f f.c; ./f; echo $?"),
    "small_files": bash("trap '' XFSZ; ulimit -f 20; seq 99999 > out; echo $?; sort -S 64K -T . text > sorted; echo "
                        "$?; wc -c out"),
    "small_files_kill": bash("ulimit -f 20; seq 99999 > out; echo $?; wc -c out", **NUMBERED),
    "locked_memory_and_data": bash("ulimit -l 0 -d 60000; perl -e '@a = (1) x 200000; print scalar @a'; xz -c -6 text "
                                   "| md5sum; python3 -c 'print(len(bytearray(1 << 29)))' 2>&1 | tail -1"),
    "few_processes": Row(["python3", "-c", "import resource, os, signal\nif not os.getuid(): "
                                           "os.setuid(65533)\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\ntry: "
                                           "os.fork() or os._exit(0)\nexcept OSError as e: print(e)"]),
    "no_core": bash("ulimit -c 0; bash -c 'kill -SEGV $$'; echo $?; ls", **NUMBERED),
}

SURROUNDINGS = {
    "huge_environment": bash("for i in {1..900}; do printf -v V$i %0900d $i; export V$i; done; env | grep -c ^V; sort "
                             "-n numbers | tail -1; python3 -c 'import os; print(len(os.environ[\"V77\"]))'"),
    "many_arguments": bash("printf '%s\\n' $(seq 30000) | tail -1; /bin/echo $(seq 20000) | wc; perl -e 'print scalar "
                           "@ARGV' $(seq 9000)"),
    "empty_environment": run("env -i /usr/bin/sort -n numbers"),
    "odd_variables": shell("env LD_BIND_NOW=1 MALLOC_ARENA_MAX=1 MALLOC_PERTURB_=85 "
                           "GLIBC_TUNABLES=glibc.malloc.tcache_count=0 LC_ALL=nothing.UTF-8 TZ=:/nothing sort text | "
                           "md5sum; MALLOC_TOP_PAD_=1 ls -l --time-style=+%Z tree"),
    "glibc_checks_its_heap": shell("GLIBC_TUNABLES=glibc.malloc.check=3 gawk '{ a[$1] = a[$1] $2 } END { print "
                                   "length(a) }' words"),
    "umask_of_nothing": bash("umask 0777; touch a; mkdir b; seq 5 > c; sort text > d; ls -l | cut -c-10; chmod 700 b"),
    "changed_root": shell("[ $(id -u) = 0 ] || exit 0; mkdir r; cp -rL --parents /lib/x86_64-linux-gnu/libc.so.6 "
                          "/lib64/ld-linux-x86-64.so.2 /bin/seq r; env -u LD_PRELOAD -u NO_PRELOAD chroot r /bin/seq "
                          "3; rm -r r"),
    "other_user": bash("[ $(id -u) = 0 ] || exit 0; chmod 711 ..; setpriv --reuid=65533 --regid=65533 --clear-groups "
                       "sh -c 'id -u; sort -n numbers | tail -1; touch new; echo $?'"),
    "no_new_privileges": run("setpriv --no-new-privs sh -c 'grep NoNewPrivs /proc/self/status; sort -n numbers | tail "
                             "-1'"),
    "new_session_and_group": bash("setsid -w sh -c 'ps -o stat= $$ | cut -c1,2; sort -u numbers | wc -l'; set -m; "
                                  "(sleep 0.1; echo bg) & wait; echo $?"),
    "own_namespace": run("unshare -r sh -c 'id -u; sort -n numbers | tail -1'"),
    "lock_and_nice": shell("flock lock -c 'ionice -c 3 nice sort -n numbers | tail -1'; flock -n lock true && echo "
                           "free; taskset 1 sort -R --random-source=text left | md5sum"),
    "statically_linked": shell("gcc -static -O1 -o program source.c && ./program", needs=["gcc"]),
    "proc_shows_the_library": run("grep -c libmemtrace /proc/self/maps", unsteady=("status", "stdout"), status=1,
                                  because="the library is mapped"),
    "ldd_lists_the_library": shell("ldd /bin/ls", normalise=lambda text: b"".join(
        line.split(b"(")[0] + b"\n" for line in text.splitlines() if b"libmemtrace" not in line),
        because="the loader loads the library first and says so"),
    "orphans_and_daemons": bash("(setsid sh -c 'sleep 0.1; seq 5 > late' > /dev/null 2>&1 &); until [ -s late ]; do "
                                "sleep 0.02; done; cat late"),
    "fifo_between_processes": bash("mkfifo f; sort -r left > f & head -3 f; wait $!; echo $?; rm f"),
    "sparse_and_large_files": shell("truncate -s 3G big; stat -c %s big; tail -c 10 big | od -c; cp --sparse=always "
                                    "big b2; cmp -n 9999 big b2; rm big b2"),
    "locale_and_collation": shell("LC_ALL=C.UTF-8 sort -f words | md5sum; printf '\\303\\251\\n' | LC_ALL=C.UTF-8 sed "
                                  "'s/./x/g'; locale -a"),
}
