# SPDX-License-Identifier: Apache-2.0
"""Totals of Debian's own programs equal those of the counting preload in front, to the block."""
import http.client
import os
import signal
import socket
import subprocess
import time

import harness
import oracle
import programs
from harness import Run, need


_sizes = []  # of snapshots: (program, bytes, sites)


def _measure(name, run):
    """Squeezes each trace file of a run and notes bytes and sites."""
    for number, path in enumerate(run.files()):
        snapshot = os.path.join(run.folder, f"{number}.snap")
        harness.memtrace("snapshot", path, "-o", snapshot)
        sites = sum(row["site_count"] for row in harness.report(snapshot, "--by", "thread")["rows"])
        _sizes.append((name, os.path.getsize(snapshot), sites))


def _compare(name):
    with Run([], front=[harness.COUNTING]) as run:
        programs.prepare(name, run).finish()
        images, events = oracle.check(run)
        _measure(name, run)
        return f"{images} processes, {events} allocations"


def _define(name):
    def test():
        return _compare(name)
    test.__module__ = __name__
    globals()[f"{name}_is_exact"] = test


for _name in programs.ALL:
    _define(_name)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_port(port, process):
    for _ in range(2000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.01)
    raise AssertionError("the server does not answer")


NGINX = """daemon off; master_process on; worker_processes 2; pid {0}/pid; error_log {0}/error.log;
events {{ worker_connections 128; }}
http {{ access_log {0}/access.log; root {0}/pages; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s; gzip on; gzip_min_length 10;
server {{ listen 127.0.0.1:{1}; }} }}
"""


def nginx_under_load_is_exact():
    with Run([], front=[harness.COUNTING]) as run:
        port, pages = _free_port(), os.path.join(run.folder, "pages")
        os.mkdir(pages)
        os.chmod(run.folder, 0o755)
        os.chmod(run.out, 0o777)
        for i in range(20):
            programs._write(pages, f"{i}.html", f"page {i} " * 500)
        conf = programs._write(run.folder, "nginx.conf", NGINX.format(run.folder, port))
        run.command = [need("nginx"), "-c", conf, "-e", os.path.join(run.folder, "error.log")]
        process = run.start()
        _wait_for_port(port, process)
        for i in range(300):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for j in range(5):
                headers = {"Accept-Encoding": "gzip"} if j % 2 else {}
                connection.request("GET", f"/{(i + j) % 25}.html", headers=headers)
                connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGQUIT)
        harness.equal(process.wait(timeout=60), 0, "status")
        images, events = oracle.check(run)
        return f"{images} processes, {events} allocations"


def redis_over_its_own_allocator_under_load_is_exact():
    with Run([], front=[harness.COUNTING]) as run:
        port = _free_port()
        run.command = [need("redis-server"), "--port", str(port), "--save", "", "--dir", run.folder]
        process = run.start(stdout=subprocess.DEVNULL)
        _wait_for_port(port, process)
        subprocess.run([need("redis-benchmark"), "-p", str(port), "-q", "-n", "20000", "-P", "16",
                        "-r", "10000", "-t", "set,get,lpush,zadd"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True, timeout=harness.TIMEOUT)
        subprocess.run([need("redis-cli"), "-p", str(port), "shutdown", "nosave"], check=False,
                       stdout=subprocess.DEVNULL, timeout=harness.TIMEOUT)
        harness.equal(process.wait(timeout=60), 0, "status")
        images, events = oracle.check(run)
        return f"{images} processes, {events} allocations"


def snapshots_take_at_most_512_bytes_a_site_on_the_mean():
    if len(_sizes) < 12:
        raise harness.Skip("needs the other tests of this file")
    size, sites = (sum(row[i] for row in _sizes) for i in (1, 2))
    worst = max(_sizes, key=lambda row: row[1] / max(row[2], 1))
    assert size <= 512 * sites, f"{size} bytes for {sites} sites; {worst}"
    return f"{size / sites:.0f} bytes a site over {sites} sites; most: {worst}"


harness.main(globals())
