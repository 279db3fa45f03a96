/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stripe.pml - preload/live_table.c and live_stripe.c: blocks come and go while their stripe is frozen, copied
 * and replaced, and its memory is another stripe's at once.
 *
 * One thread inserts and removes a block, a second one removes and inserts another, a third one replaces the stripe;
 * whoever meets a frozen entry replaces it too. One of them may stop for ever. No block is lost, none comes back, each
 * is removed as it was inserted, and nobody waits or tries for ever.
 *
 * A stripe has one group of two entries. An atomic sequence touches shared memory once; an entry's two words change
 * together and are loaded one after the other, as are a slot's. Not modelled: nodes, merging, large and API blocks,
 * groups beside the own one.
 */
#include "common.pml"

#define STRIPES 4     /* pieces of memory: one in the slot and one for each thread */
#define E(i) (2 * stripe + (i))
#define F(i) (2 * fresh + (i))
#define FREE 10	      /* an entry's low: 10 + its number, or a block's address */
#define IS_BLOCK(low) ((low) < FREE)
#define REUSED 1      /* in a tag, which is even else */
#define NOWHERE 9
#define UNKNOWN 255   /* an operation has begun */
#define TRIES_MAX 9

mtype { NOTHING, INSERT, REMOVE, REPLACE }

byte slot_tag = 101, slot_stripe; /* REUSED */
byte low[8], high[8], mark[8];
bool frozen[8];
bool is_free[STRIPES], was_used[STRIPES];
byte expected[3];	/* payload of an address; 0 = it is not there */
byte tags = 100, numbers = FREE;

inline next_operation()
{
	expected[address] = (operation == INSERT -> payload : 0);
	operation = then;
	then = NOTHING;
	is_done = false; is_removed = false; tries = 0;
	if
	:: operation != NOTHING -> expected[address] = UNKNOWN
	:: else
	fi
}

/* live_search() */
inline search()
{
	/* candidates: entries with the mark, then, where marks may be wrong, all */
	atomic {
		at = NOWHERE;
		candidates = (mark[E(0)] == address -> 1 : 0) + (mark[E(1)] == address -> 2 : 0);
		if
		:: (tag & REUSED) != 0 && (operation == REMOVE || is_put) -> candidates = candidates | 12
		:: else
		fi;
		i = 0
	};
	do
	:: atomic {
		candidates != 0 ->
		do
		:: ((candidates >> i) & 1) == 0 -> i++
		:: else -> break
		od;
		candidates = candidates & ~(1 << i);
		seen_low = low[E(i % 2)]
	   };
	   atomic {
		if
		:: seen_low == address ->
			at = E(i % 2); seen_high = high[at]; seen_frozen = frozen[at]; candidates = 0
		:: else
		fi
	   }
	:: atomic { candidates == 0 -> i = 0; break }
	od
}

/* The swap of an entry: both words and the bit that freezes it are one. */
#define SWAP(place, new_low, new_high)                                                             \
	if                                                                                         \
	:: low[place] == seen_low && high[place] == seen_high && !frozen[place] ->                 \
		low[place] = new_low; high[place] = new_high; is_swapped = true                    \
	:: else -> is_swapped = false                                                              \
	fi

/* the rest of live_table_remove_further() */
inline remove_found()
{
	if
	:: atomic { at == NOWHERE && slot_tag == tag -> assert(is_removed); is_done = true }
	:: atomic { at == NOWHERE && slot_tag != tag -> skip }
	:: atomic { at != NOWHERE && seen_frozen -> must_replace = true }
	:: atomic {
		at != NOWHERE && !seen_frozen ->
		SWAP(at, numbers + 1, tag);
		if
		:: is_swapped -> numbers++
		:: else
		fi
	   };
	   if
	   :: is_swapped ->
		mark[at] = 0;
		atomic {
			/* it has not been removed before but for one that was put there again by a copy */
			assert(seen_high == payload);
			is_removed = true;
#ifdef BROKEN_LOOK
			is_done = true
#else
			is_done = slot_tag == tag
#endif
		}
	   :: else
	   fi
	fi
}

/* live_insert_found() */
inline insert_found()
{
	if
	:: atomic { seen_frozen -> must_replace = true }
	:: atomic { !seen_frozen && is_put -> is_done = slot_tag == tag }
	fi
}

/* live_put(), live_put_into() */
inline insert_put()
{
	if
	:: atomic { slot_tag != tag -> skip }
	:: atomic { else -> free = (mark[E(0)] == 0 -> 1 : 0) + (mark[E(1)] == 0 -> 2 : 0) };
	   must_replace = true;
	   do
	   :: atomic { free != 0 && must_replace && !is_done -> at = E((free & 1) != 0 -> 0 : 1); free = ((free & 1) != 0 -> free & 2 : 0); seen_low = low[at] };
	      atomic { seen_high = high[at]; seen_frozen = frozen[at] };
	      if
	      :: atomic { seen_high == tag && !seen_frozen && !IS_BLOCK(seen_low) && slot_tag == tag -> skip };
		 atomic {
			SWAP(at, address, payload)
		 };
		 if
		 :: is_swapped -> mark[at] = address; atomic { is_done = true; must_replace = false }
		 :: else -> if :: frozen[at] -> free = 0 :: else fi
		 fi
#ifdef BROKEN_PUT
	      :: atomic { !IS_BLOCK(seen_low) && (seen_high != tag || slot_tag != tag) && !seen_frozen -> SWAP(at, address, payload); if :: is_swapped -> mark[at] = address; is_done = true; must_replace = false :: else fi }
	      :: atomic { IS_BLOCK(seen_low) || seen_frozen -> if :: frozen[at] -> free = 0 :: else fi }
#else
	      :: atomic { else -> if :: frozen[at] -> free = 0 :: else fi }
#endif
	      fi
	   :: atomic { free == 0 || is_done -> free = 0; break }
	   od;
	   /* full, or frozen: by a copy there is room again */
	   atomic {
		if
		:: must_replace && slot_tag != tag -> must_replace = false
		:: else
		fi
	   }
	fi
}

/* live_stripe_new() */
inline new_stripe()
{
	atomic {
		fresh = 0;
		do
		:: !is_free[fresh] -> fresh++
		:: else -> break
		od;
		is_free[fresh] = false;
		tags = tags + 2;
		fresh_tag = tags + (was_used[fresh] -> REUSED : 0);
		was_used[fresh] = true
	};
#ifdef BROKEN_NEW
	/* the tag first: a block of before, which a late thread looks for, has the tag for its payload */
	atomic { high[F(0)] = fresh_tag; frozen[F(0)] = false };
	low[F(0)] = FREE;
	atomic { high[F(1)] = fresh_tag; frozen[F(1)] = false };
	low[F(1)] = FREE;
#else
	low[F(0)] = FREE;
	atomic { high[F(0)] = fresh_tag; frozen[F(0)] = false };
	low[F(1)] = FREE;
	atomic { high[F(1)] = fresh_tag; frozen[F(1)] = false };
#endif
	mark[F(0)] = 0;
	mark[F(1)] = 0
}

/* live_stripe_add_all(): nobody reads the copy before it is in the slot, so that what late threads do there counts */
inline copy_all()
{
	i = 0;
	do
	:: atomic { i < 2 -> seen_low = low[E(i)] };
	   atomic { seen_high = high[E(i)]; i++ };
	   if
	   :: IS_BLOCK(seen_low) ->
		atomic {
			if
			:: mark[F(0)] == 0 && !IS_BLOCK(low[F(0)]) -> at = F(0)
			:: !(mark[F(0)] == 0 && !IS_BLOCK(low[F(0)])) && mark[F(1)] == 0 && !IS_BLOCK(low[F(1)]) -> at = F(1)
			:: else -> at = NOWHERE
			fi
		};
		if
		:: at != NOWHERE ->
#ifdef BROKEN_COPY
			low[at] = seen_low;
			high[at] = seen_high;
#else
			high[at] = seen_high;
			low[at] = seen_low;
#endif
			mark[at] = seen_low
		:: else -> i = 3
		fi
	   :: else
	   fi
	:: atomic { i >= 2 -> break }
	od
}

/* live_stripe_replace() */
inline replace()
{
	if
	:: atomic { slot_tag == tag -> frozen[E(0)] = true };
#ifndef BROKEN_FREEZE
	   frozen[E(1)] = true;
#endif
	   i = 3;
	   do
	   :: atomic { i == 3 -> skip }; new_stripe(); copy_all();
	      if
	      :: i == 3 -> is_free[fresh] = true
	      :: else
	      fi
	   :: atomic { i == 2 -> break }
	   od;
	   atomic {
		if
#ifdef BROKEN_TAG
		:: slot_stripe == stripe -> slot_tag = fresh_tag; slot_stripe = fresh; is_swapped = true
#else
		:: slot_tag == tag && slot_stripe == stripe ->
			slot_tag = fresh_tag; slot_stripe = fresh; is_swapped = true
#endif
		:: else -> is_swapped = false
		fi
	   };
	   atomic {
		is_free[(is_swapped -> stripe : fresh)] = true;
		fresh = 0; fresh_tag = 0; is_swapped = false
	   }
	:: atomic { slot_tag != tag -> skip }
	fi
}

proctype thread(mtype operation; byte address, payload; mtype then) CAN_STOP
{
	byte tag, stripe, at, i, candidates, free, seen_low, seen_high, tries, fresh, fresh_tag;
	bool seen_frozen, is_put, is_removed, is_swapped, must_replace, is_done;

	if
	:: operation != NOTHING -> expected[address] = UNKNOWN
	:: else
	fi;
	do
	:: operation == NOTHING -> break
	:: else ->
		/* live_path_find() */
		atomic { tag = slot_tag; tries++; assert(tries < TRIES_MAX) };
		stripe = slot_stripe;
		if
		:: operation == REPLACE -> must_replace = true
		:: operation == REMOVE -> search(); remove_found()
		:: operation == INSERT ->
			search();
			if
			:: at != NOWHERE -> insert_found()
			:: else -> insert_put()
			fi
		fi;
		if
		:: must_replace -> replace()
		:: else
		fi;
		atomic {
			is_done = is_done || operation == REPLACE;
			tag = 0; stripe = 0; at = 0; i = 0; seen_low = 0; seen_high = 0; seen_frozen = false;
			is_swapped = false; must_replace = false;
			if
			:: is_done -> next_operation()
			:: else
			fi
		}
	od;
	finished++
}

proctype monitor()
{
	byte i, address;
	byte found[3];

	EVERYONE_ELSE_IS_DONE(3);
	atomic {
		do
		:: i < 2 ->
			address = low[2 * slot_stripe + i];
			if
			:: IS_BLOCK(address) ->
				assert(found[address] == 0);
				found[address] = high[2 * slot_stripe + i]
			:: else
			fi;
			i++
		:: else -> break
		od;
		assert(expected[1] == UNKNOWN || expected[1] == found[1]);
		assert(expected[2] == UNKNOWN || expected[2] == found[2])
	}
}

#define IS_THERE(i, address, payload)                                                              \
	low[i] = address; high[i] = payload; mark[i] = address; expected[address] = payload

init
{
	atomic {
		low[0] = FREE; high[0] = slot_tag; low[1] = FREE; high[1] = slot_tag;
		was_used[0] = true;
		is_free[1] = true; is_free[2] = true; is_free[3] = true;
		if
		/* late in memory that is in new use */
		:: IS_THERE(1, 1, 5);
		   run thread(REMOVE, 1, 5, NOTHING);
		   run thread(NOTHING, 0, 0, NOTHING);
		   run thread(REPLACE, 0, 0, REPLACE)
		:: run thread(NOTHING, 0, 0, NOTHING);
		   run thread(INSERT, 1, 5, NOTHING);
		   run thread(REPLACE, 0, 0, REPLACE)
		/* somebody has stopped while he froze the stripe */
		:: IS_THERE(0, 2, 3); frozen[0] = true;
		   run thread(NOTHING, 0, 0, NOTHING);
		   run thread(REMOVE, 2, 3, NOTHING);
		   run thread(INSERT, 1, 5, NOTHING)
		fi;
		run stopper();
		run monitor()
	}
}
