# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: initdb, pgbench with several clients, and every sum, index and page of the result checked."""
import glob
import os
import re

import harness

CLIENTS = 8
QUICK = ("tpcb",)
SCRIPTS = {"tpcb": ["-b", "tpcb-like"], "prepared": ["-b", "tpcb-like", "-M", "prepared"],
           "reconnecting": ["-b", "simple-update", "-C"]}
SUMS = ("select count(*) from pgbench_accounts", "select count(*) from pgbench_history",
        "select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts",
        "select bool_and(a.abalance = h.sum) from pgbench_accounts a join (select aid, sum(delta) from pgbench_history "
        "group by aid) h using (aid)",
        "select count(*) from (select bt_index_check(oid, true) from pg_class where relkind = 'i' and relam = 403) i",
        "select sum(x * x), count(distinct md5((x % 1000)::text)) from generate_series(1, 100000) x",
        "select count(*) from pg_proc a join pg_proc b on a.prorettype = b.prorettype and a.pronargs = b.pronargs")


def parts(is_long):
    return tuple(SCRIPTS) if is_long else QUICK


def _as_user(command):
    return [harness.need("runuser"), "-u", "nobody", "--", *command] if os.getuid() == 0 else command


def run(stage, part):
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not folders:
        raise harness.Skip("postgresql is not installed")
    stage.open_to_others()
    folder, data = folders[-1], os.path.join(stage.work, "data")
    found = {}

    def do(name, *command):
        status, output = stage.run(_as_user([os.path.join(folder, command[0]), *command[1:]]))
        found[name] = "passed" if status == 0 else f"failed: {output[-1500:]}"
        return output

    target = ["-h", stage.work, "-U", "me"]
    do("initdb", "initdb", "-k", "-A", "trust", "-U", "me", "-D", data)
    do("start", "pg_ctl", "-D", data, "-w", "-l", os.path.join(stage.work, "log"), "-o",
       f"-k {stage.work} -c listen_addresses='' -c max_parallel_workers_per_gather=2 -c jit=off", "start")
    try:
        do("fill", "pgbench", *target, "-i", "-q", "postgres")
        output = do("load", "pgbench", *target, "-n", "-c", str(CLIENTS), "-j", "2", "-t", "40", *SCRIPTS[part],
                    "postgres")
        found["transactions"] = str(re.findall(r"(?:processed|failed transactions): (\S+)", output))
        do("extension", "psql", *target, "-c", "create extension amcheck", "postgres")
        for query in SUMS:
            found[query] = do(f"status of {query}", "psql", *target, "-At", "-c", query, "postgres").strip()
        do("vacuum", "vacuumdb", *target, "-q", "-f", "-z", "postgres")
        found["lines of the dump"] = str(do("dump", "pg_dump", *target, "-s", "postgres").count("\n"))
    finally:
        do("stop", "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    do("checksums", "pg_checksums", "-D", data, "--check")
    return found
