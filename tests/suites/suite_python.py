# SPDX-License-Identifier: Apache-2.0
"""Python's own tests, those that allocate, fork, start threads and processes, and take signals."""
import glob
import os
import xml.etree.ElementTree

import harness

QUICK = ("test_atexit", "test_ctypes", "test_embed", "test_json", "test_mmap", "test_os", "test_posix", "test_pty",
         "test_resource", "test_select", "test_struct", "test_thread", "test_threading_local",
         "test_zlib")
MORE = ("test_array", "test_bytes", "test_bz2", "test_decimal", "test_dict", "test_eintr", "test_epoll",
        "test_exceptions", "test_faulthandler", "test_file_eintr", "test_fork1", "test_gc", "test_hashlib", "test_io",
        "test_list", "test_lzma", "test_multiprocessing_main_handling", "test_pathlib", "test_pickle", "test_poll",
        "test_queue", "test_re", "test_selectors", "test_set", "test_shutil", "test_signal", "test_sort",
        "test_stable_abi_ctypes", "test_subprocess", "test_support", "test_tempfile", "test_threading",
        "test_threadsignals", "test_unicode", "test_wait3", "test_wait4", "test_weakref", "test_xml_etree")


def parts(is_long):
    return sorted(QUICK + MORE) if is_long else QUICK


def run(stage, part):
    if not glob.glob("/usr/lib/python3*/test/test_thread.py"):
        raise harness.Skip("libpython3.11-testsuite is not installed")
    path = os.path.join(stage.folder, "results.xml")
    # Every object through malloc: that is where the shim is.
    status, output = stage.run(["/usr/bin/python3", "-m", "test", "--junit-xml", path, part],
                               PYTHONMALLOC="malloc", PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    found = {"status": str(status)}
    if not os.path.exists(path):
        return {**found, "output": output[-2000:]}
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[case.get("name")] = kind
    return found
