/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard.pml - preload/shard.c and tracker.c: a shard has one writer at a time, and is adopted with what is in it.
 *
 * Three threads live one after the other or at once, with one exclusive shard between them and shared ones for who
 * finds it taken and for events inside events. A signal handler runs at any step of one of them, or a reader looks. One thread may stop
 * for ever. No event is lost or counted twice, what a reader sees never goes down, and nobody waits.
 *
 * An add of the owner is one instruction without a lock: a load and a store as other threads see it, one step as
 * its own handler does.
 */
#include "common.pml"

#define EVENTS 1
#define OWN 0
#define SHARED 1
#define NESTED 2

byte count[3];	      /* events in each shard */
byte tid;	      /* whose the exclusive one is, as struct mt_shard has it */
byte writers;	      /* of the exclusive one, at this moment */
byte begun, done;     /* events */
bool in_handler[4];   /* by thread */
bool in_instruction[4];
bool is_attached[4], is_exclusive[4];
byte depth[4];

/* counters_add_*(), an exclusive shard */
inline add_owned(me)
{
	atomic {
#ifndef BROKEN_SPLIT_ADD
		in_instruction[me] = true;
#endif
		sum = count[OWN]
	};
	atomic { count[OWN] = sum + 1; in_instruction[me] = false; sum = 0; done++ }
}

inline add_shared(which)
{
	atomic { count[which]++; done++ }
}

/* event_enter() to event_leave() */
inline event(me)
{
	atomic {
		begun++;
		is_nested = depth[me] != 0 || !is_attached[me];
#ifdef BROKEN_SPLIT_ADD
		is_nested = is_nested && !is_exclusive[me];
#endif
		depth[me]++
	};
	if
	:: atomic { is_nested -> is_nested = false }; add_shared(NESTED)
	:: atomic { !is_nested && !is_exclusive[me] -> skip }; add_shared(SHARED)
	:: atomic { !is_nested && is_exclusive[me] -> skip }; add_owned(me)
	fi;
	depth[me]--
}

proctype thread(byte me) provided (stopped != _pid && !in_handler[_pid])
{
	byte i, sum;
	bool is_nested;

	/* shard_acquire() */
#ifdef BROKEN_ACQUIRE
	sum = tid;
	if
	:: atomic { sum == 0 -> tid = me; is_exclusive[me] = true }
	:: atomic { else -> sum = 0 }
	fi;
#else
	atomic {
		if
		:: tid == 0 -> tid = me; is_exclusive[me] = true
		:: else
		fi
	};
#endif
	atomic {
		if
		:: is_exclusive[me] -> writers++; assert(writers == 1)
		:: else
		fi;
		is_attached[me] = true
	};
	do
	:: i < EVENTS -> event(me); i++
	:: else -> break
	od;
	/* thread_detach(), shard_release() */
	is_attached[me] = false;
	atomic { sum = 0; if :: is_exclusive[me] -> writers-- :: else fi };
#ifdef BROKEN_FOLD
	if
	:: is_exclusive[me] -> atomic { sum = count[OWN]; count[OWN] = 0 }; atomic { count[SHARED] = count[SHARED] + sum; sum = 0 }
	:: else
	fi;
#endif
	atomic {
		if
		:: is_exclusive[me] -> assert(tid == me); tid = 0
		:: else
		fi;
		i = 0
	};
	finished++
}

/* Interrupts a thread between two of its instructions; the thread goes on when it has returned. */
proctype handler(byte me) provided (stopped != _pid - 2)
{
	byte sum;
	bool is_nested;

	atomic { !in_instruction[me] -> in_handler[me] = true };
	event(me);
	in_handler[me] = false
}

/* Two looks at all shards, one counter at a time. */
proctype reader()
{
	byte first, second;

	first = count[OWN];
	first = first + count[SHARED];
	first = first + count[NESTED];
	second = count[OWN];
	second = second + count[SHARED];
	second = second + count[NESTED];
	assert(second >= first);
	assert(second <= begun)
}

proctype monitor()
{
	EVERYONE_ELSE_IS_DONE(3);
	assert(done <= begun && count[OWN] + count[SHARED] + count[NESTED] == done);
	assert(stopped != NOBODY || done == begun)
}

init
{
	atomic {
		run thread(1);
		run thread(2);
		run thread(3);
		run stopper();
		if
		:: run handler(3)
		:: run reader()
		fi;
		run monitor()
	}
}
