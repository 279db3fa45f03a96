/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.pml - preload/counters.h and analyzer/model/load_counters.c: counters are read while they are added to.
 *
 * A site has an entry of an exclusive shard, whose owner is left by a handler in the middle of an event or stops for
 * ever, and one of a shared shard. The reader copies both twice, the words of an entry in any order, and all once
 * more if that was not settled. It never sees more freed than allocated, in what is only approximate neither; in an
 * exclusive entry that it takes for settled there is no half of an event; and it comes to an end.
 */
#define VERSION 0
#define ALLOC_COUNT 1
#define ALLOC_BYTES 2 /* of blocks of one byte */
#define FREE_COUNT 3
#define FREED_BYTES 4
#define WORDS 5
#define TRIES 2

byte word[WORDS]; /* of the owner's entry */
byte shared_freed;
byte handed_on;	     /* blocks that another thread may free */
byte half_allocated; /* allocations that have been left between their words */
byte half_freed;
bool is_over;

/* counters_begin(), the adds, counters_end(); a handler may jump out behind each of them, once */
inline event(count, bytes, halves)
{
	atomic { version = word[VERSION] | 1; word[VERSION] = version };
#ifdef BROKEN_VERSION
	word[VERSION] = version + 1;
#endif
	if
	:: atomic { may_leave -> may_leave = false }
	:: word[count]++;
	   if
	   :: atomic { may_leave -> may_leave = false; halves++ }
	   :: word[bytes]++;
	      if
	      :: atomic { may_leave -> may_leave = false }
#ifdef BROKEN_VERSION
	      :: true
#else
	      :: word[VERSION] = version + 1
#endif
	      fi
	   fi
	fi
}

proctype owner()
{
	byte version;
	bool may_leave = true;

	event(ALLOC_COUNT, ALLOC_BYTES, half_allocated);
	if
	:: word[ALLOC_COUNT] == 1 -> handed_on = 1; event(ALLOC_COUNT, ALLOC_BYTES, half_allocated)
	:: else
	fi;
	if
	:: word[ALLOC_COUNT] == 2 -> event(FREE_COUNT, FREED_BYTES, half_freed)
	:: else
	fi
}

/* counters_add_free_shared() */
proctype other()
{
	handed_on == 1 || is_over;
	if
	:: handed_on == 1 -> shared_freed++
	:: else
	fi
}

/* One pass over the group: reader_read() of both entries. */
inline pass(copy, copy_shared)
{
	do
	:: atomic { (unread & 1) -> seen[copy + 0] = word[0]; unread = unread & 30 }
	:: atomic { (unread & 2) -> seen[copy + 1] = word[1]; unread = unread & 29 }
	:: atomic { (unread & 4) -> seen[copy + 2] = word[2]; unread = unread & 27 }
	:: atomic { (unread & 8) -> seen[copy + 3] = word[3]; unread = unread & 23 }
	:: atomic { (unread & 16) -> seen[copy + 4] = word[4]; unread = unread & 15 }
	:: atomic { unread == 0 -> copy_shared = shared_freed; unread = 31; break }
	od
}

#define FIRST(field) seen[field]
#define SECOND(field) seen[WORDS + (field)]
#define IS_EQUAL(field) (FIRST(field) == SECOND(field))

/* load_reread() */
proctype reader()
{
	byte seen[2 * WORDS];
	byte first_shared, second_shared, tries, i;
	byte unread = 31;
	bool is_settled;

	do
	:: pass(0, first_shared);
	   pass(WORDS, second_shared);
	   atomic {
		/* settle() */
		is_settled = IS_EQUAL(0) && IS_EQUAL(1) && IS_EQUAL(2) && IS_EQUAL(3) && IS_EQUAL(4);
#ifndef BROKEN_MIX
		if
		:: !is_settled ->
			SECOND(FREE_COUNT) = FIRST(FREE_COUNT);
			SECOND(FREED_BYTES) = FIRST(FREED_BYTES)
		:: else
		fi;
		second_shared = first_shared;
#endif
#ifndef BROKEN_ODD
		is_settled = is_settled && SECOND(VERSION) % 2 == 0;
#endif
		assert(SECOND(FREE_COUNT) + second_shared <= SECOND(ALLOC_COUNT));
		assert(!is_settled ||
		       SECOND(ALLOC_COUNT) - SECOND(ALLOC_BYTES) <= half_allocated);
		assert(!is_settled || SECOND(FREE_COUNT) - SECOND(FREED_BYTES) <= half_freed);
		tries++;
		do
		:: i < 2 * WORDS -> seen[i] = 0; i++
		:: else -> break
		od;
		i = 0; first_shared = 0; second_shared = 0;
		if
		:: is_settled || tries == TRIES -> is_over = true; break
		:: else
		fi
	   }
	od
}

proctype monitor()
{
	timeout;
	assert(is_over)
}

init
{
	atomic {
		run owner();
		run other();
		run reader();
		run monitor()
	}
}
