# SPDX-License-Identifier: Apache-2.0
"""Tables of a measurement, for a terminal."""
import workloads


def _number(value, digits=3):
    if value is None:
        return ""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 0.01 else "0"


def _times(value):
    return "" if value is None else f"{value:.2f}x"


def _size(value):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value is None or value < 1024 or unit == "GiB":
            return "" if value is None else f"{_number(value)} {unit}"
        value /= 1024
    return ""


def align(rows):
    """Lines of columns as wide as needed: the first two to the left, the rest to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [text.ljust(width) if i < 2 else text.rjust(width)
                 for i, (text, width) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def _versus(results, workload, tool, figure):
    """heaptrack's added cost as a multiple of the tool's."""
    if tool in ("none", "heaptrack"):
        return ""
    ours, peer = (results.added(workload, name, figure) for name in (tool, "heaptrack"))
    if ours is None or peer is None or ours <= 0:
        return ""
    return f"{peer / ours:.1f}"


def _figures_micro(results, workload, tool):
    def get(figure):
        return results.median(workload, tool, figure)
    is_traced = tool != "none"
    return [_number(get("pair_ns")), _number(results.added(workload, tool, "pair_ns"))
            if is_traced else "", _number(get("pair_cpu_ns")),
            _number(results.added(workload, tool, "pair_cpu_ns")) if is_traced else "",
            _number(results.added_tree_ns(workload, tool)) if is_traced else "",
            _versus(results, workload, tool, "pair_ns"), _size(get("peak_kib") * 1024),
            _size(get("written_bytes")), _size(get("left_bytes"))]


def _figures_memory(results, workload, tool):
    added = results.added(workload, tool, "peak_kib")
    live = workloads.BY_NAME[workload].live
    return [_size(results.median(workload, tool, "peak_kib") * 1024),
            _size(added * 1024) if added and tool != "none" else "",
            _number(added * 1024 / live) if live and tool != "none" else ""]


def _figures_program(results, workload, tool):
    cells = []
    for figure in ("wall_ms", "cpu_ms"):
        cells += [_number(results.median(workload, tool, figure)),
                  _times(results.ratio(workload, tool, figure)) if tool != "none" else "",
                  _versus(results, workload, tool, figure)]
    return cells + [_size(results.median(workload, tool, "peak_kib") * 1024),
                    _size(results.median(workload, tool, "written_bytes")),
                    _size(results.median(workload, tool, "left_bytes"))]


def _figures_server(results, workload, tool):
    cells = []
    for figure in ("set_per_s", "get_per_s"):
        cells += [_number(results.median(workload, tool, figure)),
                  _times(results.ratio(workload, tool, figure)) if tool != "none" else ""]
    return cells + [_number(results.median(workload, tool, "cpu_ms")),
                    _size(results.median(workload, tool, "peak_kib") * 1024)]


PROGRAM_HEADS = ["wall ms", "", "heaptrack/it", "CPU ms", "", "heaptrack/it", "peak", "written",
                 "left"]
KINDS = {
    "micro": (["ns/pair", "added", "CPU ns", "added", "added, tree", "heaptrack/it", "peak",
               "written", "left"], _figures_micro),
    "memory": (["peak", "added", "B/block"], _figures_memory),
    "program": (PROGRAM_HEADS, _figures_program),
    "server": (["SET/s", "", "GET/s", "", "CPU ms", "peak"], _figures_server),
    "start": (PROGRAM_HEADS, _figures_program),
}


def _rows(results, group):
    heads, figures = KINDS[group]
    rows = [["", "", *heads]]
    for workload in (one for one in workloads.ALL if one.group == group):
        label = workload.name
        for tool in results.tools(workload.name):
            rows.append([label, tool, *figures(results, workload.name, tool)])
            label = ""
        for tool, why in results.failures.get(workload.name, {}).items():
            rows.append([label, tool, why[:60], *[""] * (len(heads) - 1)])
            label = ""
    return rows


def lines(results):
    """Everything that was measured, one table for each group of workloads."""
    for group in workloads.GROUPS:
        rows = _rows(results, group)
        if len(rows) > 1:
            yield ""
            yield from align(rows)


def verdict_lines(rows):
    """Each promise, what was measured, the limit."""
    yield ""
    yield from align([["", "promise", "measured", "limit"]] + [
        ["kept" if row.is_kept else "NOT KEPT", row.what, f"{_number(row.value)} {row.unit}",
         f"{'>=' if row.is_least else '<='} {_number(row.limit)}"] for row in rows])
