/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard_entries.pml - preload/shard.c: how the writers of a shared shard find and make their counters.
 *
 * Three threads book on two sites, the second of which needs a wider directory. One may stop for ever. Each entry
 * hangs on its site's list once, from the moment that anything is counted in it, wherever the shard has lost sight of
 * it since; no event is lost; nobody waits.
 */
#include "common.pml"

#define NARROW 1 /* directories; the second one has a page more */
#define WIDE 2
#define PAGE(d, n) (2 * (d) - 2 + (n))

byte directory = NARROW;
byte page_of[4];  /* PAGE(directory, number) -> page; 0 = none */
byte page_count = 1;
byte place[7];	  /* page -> entry; a page holds one site here */
byte head[2];	  /* of a site's list */
byte next[7];	  /* entry -> entry */
byte entry_site[7];
byte entry_count = 1;
byte count[7];
byte begun[2], done[2]; /* events of a site */

/* shard_place() */
inline find_place()
{
	d = directory;
	if
	:: site >= d ->
		/* shard_widen(): a copy of what the narrow one leads to at this moment */
		seen = page_of[PAGE(NARROW, 0)];
		atomic {
			if
			:: directory == NARROW -> directory = WIDE; page_of[PAGE(WIDE, 0)] = seen
			:: else
			fi;
			d = WIDE; seen = 0
		}
	:: else
	fi;
	page = page_of[PAGE(d, site)];
	if
	:: page == 0 ->
		atomic {
			if
			:: page_of[PAGE(d, site)] == 0 -> page_of[PAGE(d, site)] = page_count; page_count++
			:: else
			fi;
			page = page_of[PAGE(d, site)]
		}
	:: else
	fi
}

/* shard_link() */
inline link()
{
	first = head[site];
	do
	:: next[mine] = first;
	   atomic {
		if
#ifdef BROKEN_LINK
		:: true -> head[site] = mine; first = 0; break
#else
		:: head[site] == first -> head[site] = mine; first = 0; break
		:: else -> first = head[site]
#endif
		fi
	   }
	od
}

proctype thread(byte site, then) CAN_STOP
{
	byte d, page, seen, entry, mine, first;

	do
	:: site == 2 -> break
	:: else ->
		begun[site]++;
		/* shard_counters() */
		atomic { d = directory; entry = 0 };
		if
		:: site < d ->
			page = page_of[PAGE(d, site)];
			if
			:: page != 0 -> entry = place[page]
			:: else
			fi
		:: else
		fi;
		if
		:: entry == 0 ->
			/* shard_make_counters() */
			find_place();
			atomic { mine = entry_count; entry_count++; entry_site[mine] = site };
#ifndef BROKEN_PLACE
			link();
#endif
			atomic {
				if
				:: place[page] == 0 -> place[page] = mine
				:: else
				fi;
				entry = place[page]
			}
#ifdef BROKEN_PLACE
			if
			:: entry == mine -> link()
			:: else
			fi
#endif
		:: else
		fi;
		atomic {
			assert(entry_site[entry] == site);
			count[entry]++; done[site]++;
			site = then; then = 2;
			d = 0; page = 0; entry = 0; mine = 0
		}
	od;
	finished++
}

proctype monitor()
{
	byte site, entry, steps, sum;

	EVERYONE_ELSE_IS_DONE(3);
	atomic {
		do
		:: site < 2 ->
			entry = head[site];
			sum = 0;
			steps = 0;
			do
			:: entry != 0 ->
				assert(entry_site[entry] == site && steps < entry_count);
				sum = sum + count[entry];
				entry = next[entry];
				steps++
			:: else -> break
			od;
			assert(sum == done[site] && sum <= begun[site]);
			assert(stopped != NOBODY || sum == begun[site]);
			site++
		:: else -> break
		od
	}
}

init
{
	atomic {
		run thread(0, 1);
		run thread(0, 2);
		run thread(1, 2);
		run stopper();
		run monitor()
	}
}
