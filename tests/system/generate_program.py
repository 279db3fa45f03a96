#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a program of 200 allocation sites of all kinds that prints what each of them really did.

Sites are inlined functions, templates, static functions of one name in two files, recursive ones, plain
ones, operator new, and one in a library that the program loads. The program runs two phases, writes a
snapshot after each by the client API, and prints one JSON line per site and phase.
"""
import argparse
import os
import random
import subprocess

KINDS = (("plain", 60), ("inlined", 40), ("template", 40), ("twin", 30), ("recursive", 15),
         ("new", 14), ("plugin", 1))
CALLS = ("malloc(bytes)", "calloc(1, bytes)", "realloc(NULL, bytes)", "aligned_alloc(16, bytes)")
ALONE = "__attribute__((noinline, noclone))"


def keep(number):
    """Keeps the frame on the stack, and functions of equal text from being made one."""
    return f'\t__asm__ volatile("/* {number} */" ::: "memory");'


class Site:
    """Where a site is, and how many blocks it allocates and frees in each of the two phases."""

    def __init__(self, number, kind, generator):
        self.number = number
        self.kind = kind
        self.call = generator.choice(CALLS)
        self.bytes = generator.randrange(1, 40) * 16 + (0 if "aligned" in self.call else
                                                        generator.randrange(16))
        first = generator.randrange(1, 30)
        self.plan = {"new": (0, 0, generator.randrange(1, 30), 0),
                     "gone": (first, 0, 0, first),
                     "grown": (first, first // 2, generator.randrange(5, 30), generator.randrange(3)),
                     "shrunk": (first + 5, 1, 1, 3 + first // 2),
                     "same": (first, first // 3, 0, 0),
                     "churning": (first, 0, first * 3, first * 3)}[
                         generator.choice(("new", "gone", "grown", "shrunk", "same", "churning"))]
        self.file = self.line = self.function = None

    def bytes_aligned(self):
        return self.bytes


class File:
    """A source file that knows where its lines are."""

    def __init__(self, name, generator, shift):
        self.name = name
        self.lines = ["/* generated */"]
        self.generator = generator
        self.shift = shift

    def add(self, *lines):
        self.lines += lines

    def space(self):
        """Moves what follows, where lines are to be moved."""
        if self.shift:
            self.lines += ["/* moved */"] * self.generator.randrange(4)

    def site(self, site, function, head, call=None):
        """A function with the site's one allocation."""
        self.space()
        self.add(head, "{", f"\tvoid *p = {call or site.call};", keep(site.number), "\treturn p;", "}", "")
        site.file, site.function = self.name, function
        site.line = len(self.lines) - 4


def _plain(files, site):
    name = f"site_plain_{site.number}"
    files["main.c"].site(site, name, f"static {ALONE} void *{name}(size_t bytes)")
    return name


def _inlined(files, site):
    name, holder = f"site_inlined_{site.number}", f"holder_{site.number}"
    files["inlined.h"].site(site, name, "static inline __attribute__((always_inline)) "
                            f"void *{name}(size_t bytes)")
    main = files["main.c"]
    main.space()
    main.add(f"static {ALONE} void *{holder}(size_t bytes)", "{", f"\tvoid *p = {name}(bytes);", keep(site.number),
             "\treturn p;", "}", "")
    return holder


def _recursive(files, site):
    name, main = f"site_recursive_{site.number}", files["main.c"]
    main.space()
    main.add(f"static {ALONE} void *{name}_deep(size_t bytes, int depth)", "{", "\tvoid *p;", "",
             "\tif (depth > 0)", f"\t\tp = {name}_deep(bytes, depth - 1);", "\telse",
             f"\t\tp = {site.call};", keep(site.number), "\treturn p;", "}", "",
             f"static void *{name}(size_t bytes)", "{", "\tstatic int depth;", "",
             f"\treturn {name}_deep(bytes, depth++ % 7);", "}", "")
    site.file, site.function = main.name, f"{name}_deep"
    site.line = len(main.lines) - 11
    return name


def _twin(files, site):
    unit = files["unit_a.c" if site.number % 2 else "unit_b.c"]
    name = f"site_twin_{site.number // 2}"
    unit.site(site, name, f"static {ALONE} void *{name}(size_t bytes)")
    shown = f"{unit.name[:6]}_{name}"
    unit.add(f"void *(*const {shown})(size_t) = {name};", "")
    files["sites.h"].add(f"extern void *(*const {shown})(size_t);")
    return shown


def _template(files, site):
    name = f"site_template<{site.number}>"
    unit = files["unit.cc"]
    unit.site(site, name, f"template <> {ALONE} void *{name}(size_t bytes)")
    unit.add(f'extern "C" void *(*const template_{site.number})(size_t) = {name};', "")
    files["sites.h"].add(f"extern void *(*const template_{site.number})(size_t);")
    return f"template_{site.number}"


def _new(files, site):
    name = f"site_new_{site.number}"
    unit = files["unit.cc"]
    unit.site(site, name, f"static {ALONE} void *{name}(size_t bytes)", "new char[bytes]")
    unit.add(f'extern "C" void *(*const new_{site.number})(size_t) = {name};', "")
    files["sites.h"].add(f"extern void *(*const new_{site.number})(size_t);")
    return f"new_{site.number}"


def _plugin(files, site):
    plugin = files["plugin.c"]
    plugin.site(site, "site_plugin", f"static {ALONE} void *site_plugin(size_t bytes)")
    plugin.add("void *plugin_allocate(size_t bytes);", "void *plugin_allocate(size_t bytes)", "{",
               "\tvoid *p = site_plugin(bytes);", keep(site.number), "\treturn p;", "}")
    return "plugin_allocate"


MAKERS = {name[1:]: function for name, function in list(globals().items())
          if name in ("_plain", "_inlined", "_recursive", "_twin", "_template", "_new", "_plugin")}

MAIN_TAIL = r"""
static const struct {
	const char *file, *function;
	int line;
	size_t bytes;
	int plan[4];
} truths[] = {
@TRUTHS@
};

#define SITES (sizeof(truths) / sizeof(truths[0]))

struct tally {
	long alloc_count, free_count;
};

static void *blocks[SITES][200];
static struct tally tallies[2][SITES];

static void step(size_t i, int allocs, int frees, struct tally *t)
{
	for (int k = 0; k < allocs; k++)
		blocks[i][t->alloc_count++] = allocate(i, truths[i].bytes);
	for (int k = 0; k < frees; k++)
		free(blocks[i][t->free_count++]);
}

static void tell(int phase, size_t i)
{
	const struct tally *t = &tallies[phase][i];
	long bytes = (long)truths[i].bytes;

	if (t->alloc_count == 0)
		return;
	printf("{\"phase\":%d,\"file\":\"%s\",\"function\":\"%s\",\"line\":%d,\"alloc_count\":%ld,"
	       "\"alloc_bytes\":%ld,\"free_count\":%ld,\"freed_bytes\":%ld,\"live_blocks\":%ld,"
	       "\"live_bytes\":%ld}\n",
	       phase, truths[i].file, truths[i].function, truths[i].line, t->alloc_count,
	       t->alloc_count * bytes, t->free_count, t->free_count * bytes,
	       t->alloc_count - t->free_count, (t->alloc_count - t->free_count) * bytes);
}

int main(int argc, char **argv)
{
	static char path[4096];
	void *library;

	if (argc != 3)
		return 2;
	library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		return 3;
	*(void **)&plugin_allocate = dlsym(library, "plugin_allocate");
	for (int phase = 0; phase < 2; phase++) {
		for (size_t i = 0; i < SITES; i++) {
			tallies[phase][i] = tallies[0][i];
			step(i, truths[i].plan[2 * phase], truths[i].plan[2 * phase + 1],
			     &tallies[phase][i]);
		}
		snprintf(path, sizeof(path), "%s/%c.snap", argv[2], "ab"[phase]);
		if (memtrace_snapshot(path, NULL))
			return 4;
	}
	for (size_t i = 0; i < SITES; i++) {
		tell(0, i);
		tell(1, i);
	}
	return 0;
}
"""


def generate(seed, folder, shift=False, omit=()):
    """Sources into folder. Those sites whose number % 10 is in `omit` are never called.

    Everything about a site depends on the seed alone; shift moves lines and nothing else.
    """
    generator, moves = random.Random(seed), random.Random(seed + 1)
    kinds = [kind for kind, count in KINDS for _ in range(count)]
    sites = [Site(number, kind, generator) for number, kind in enumerate(kinds)]
    files = {name: File(name, moves, shift) for name in
             ("main.c", "inlined.h", "sites.h", "unit_a.c", "unit_b.c", "unit.cc", "plugin.c")}
    for name in ("unit_a.c", "unit_b.c", "unit.cc", "plugin.c"):
        files[name].add("#include <stdlib.h>")
    for name in ("unit_a.c", "unit_b.c", "unit.cc"):
        files[name].add("#include <stddef.h>", "")
    files["unit.cc"].add("template <int N> void *site_template(size_t bytes);", "")
    files["main.c"].add("#include <dlfcn.h>", "#include <stdio.h>", "#include <stdlib.h>",
                        '#include "memtrace/memtrace.h"', '#include "inlined.h"',
                        '#include "sites.h"', "static void *(*plugin_allocate)(size_t);", "")
    files["inlined.h"].add("#include <stdlib.h>")
    calls = [MAKERS[site.kind](files, site) for site in sites]
    _finish_main(files["main.c"], sites, calls, omit)
    os.makedirs(folder, exist_ok=True)
    for name, file in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write("\n".join(file.lines) + "\n")
    return sites


def _finish_main(main, sites, calls, omit):
    main.add("static void *allocate(size_t i, size_t bytes)", "{", "\tswitch (i) {")
    for site, call in zip(sites, calls):
        main.add(f"\tcase {site.number}: return {call}(bytes);")
    main.add("\t}", "\treturn NULL;", "}")
    truths = []
    for site in sites:
        plan = (0, 0, 0, 0) if site.number % 10 in omit else site.plan
        truths.append(f'\t{{"{site.file}", "{site.function}", {site.line}, {site.bytes}, '
                      f'{{{", ".join(map(str, plan))}}}}},')
    main.add(MAIN_TAIL.replace("@TRUTHS@", "\n".join(truths)))


def build(folder, include, level="-O2"):
    """Compiles the sources; returns (program, plugin)."""
    flags = [level, "-g", "-fno-builtin-malloc", f"-I{include}", "-D_GNU_SOURCE"]
    commands = [["gcc", *flags, "-c", name] for name in ("main.c", "unit_a.c", "unit_b.c")]
    commands += [["g++", *flags, "-fpermissive", "-w", "-c", "unit.cc"],
                 ["g++", "-o", "program", "main.o", "unit_a.o", "unit_b.o", "unit.o", "-ldl"],
                 ["gcc", *flags, "-fPIC", "-shared", "-o", "plugin.so", "plugin.c"]]
    for command in commands:
        subprocess.run(command, cwd=folder, check=True)
    return os.path.join(folder, "program"), os.path.join(folder, "plugin.so")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("folder")
    parser.add_argument("--shift", action="store_true", help="move lines")
    options = parser.parse_args()
    generate(options.seed, options.folder, options.shift)


if __name__ == "__main__":
    main()
