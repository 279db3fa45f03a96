/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_table.pml - preload/node_table.c and id_index.c: a record is written, then one swap publishes its id.
 *
 * Three threads intern children of one parent, two of them the same one, while the index grows. One thread may stop
 * for ever at any step. Whatever id a thread is given names what it asked for and stands in a record that is written
 * (so that a reader who goes from what refers to what is referred to finds it), no event is lost, and everyone else
 * comes to an end.
 *
 * An atomic sequence touches shared memory once, but for the swap that puts the larger index in place, which shows
 * at once what nobody else has seen before, and for the copying of a slot, whose words never change one by one before
 * its pages are given back. Not modelled: pages, a second growth, room running out.
 */
#include "common.pml"

#define PARENT 1
#define A 1 /* words of two children, which want the same slot of the first table */
#define B 3
#define OTHER 2 /* and of a child of another node */
#define SIZE(t) (2 * (t)) /* slots of the first table and of the larger one */
#define BASE(t) (2 * (t) - 2)

byte word_of[7]; /* NODES: 0 = not written */
byte node_count = 2;
byte low[6], high[6]; /* slots of both tables: word, id */
byte used, growers;   /* of the first table */
byte table;	      /* of the index */
byte site_of[7];      /* of a node */
byte site_node[6];    /* SITES */
byte site_count = 1;
byte booked[6];	 /* events of a site */
byte done[4];	 /* events by word */

/* id_index_find() */
inline index_find()
{
	atomic { t = table; i = 0; found = 0 };
	do
	:: atomic { i == SIZE(t) -> break }
	:: atomic {
		i < SIZE(t) ->
		at = BASE(t) + (word + i) % SIZE(t);
		found = low[at];
		i++;
		if
		:: found == 0 || found == word -> break
		:: else
		fi
	   }
	od;
#ifdef BROKEN_WAIT
	/* the id comes later than its key: wait for it */
	found != word || high[at] != 0;
#endif
	atomic {
		if
		:: found == word -> id = high[at]
		:: else
		fi
	}
}

/* id_index_put() of a key and its id; winner: the id that stands there, 0 = none */
inline index_put(key, new_id)
{
	atomic { winner = 0; i = 0 };
	do
	:: atomic { i == SIZE(t) -> break }
	:: atomic { i < SIZE(t) -> at = BASE(t) + (key + i) % SIZE(t); found = low[at] };
	   atomic {
		if
#ifdef BROKEN_WAIT
		:: found == 0 && low[at] == 0 -> low[at] = key; winner = new_id
#else
		:: found == 0 && low[at] == 0 && high[at] == 0 ->
			low[at] = key; high[at] = new_id; winner = new_id
#endif
		:: else
		fi
	   };
#ifdef BROKEN_WAIT
	   atomic { if :: winner != 0 -> high[at] = new_id :: else fi };
#endif
	   atomic {
		if
		:: winner != 0 && t == 1 -> used++; break
		:: winner != 0 && t == 2 -> break
		:: winner == 0 && low[at] == key -> winner = high[at]; break
		:: else -> i++
		fi
	   }
	od
}

/* id_index_grow(): the copy is this thread's own until the swap */
inline index_grow()
{
	atomic { k = 0; copied = 0 };
	do
	:: atomic { k == 2 -> break }
	:: atomic {
		k < 2 ->
		own_low[k] = low[k]; own_high[k] = high[k];
		copied = copied + (own_low[k] != 0);
		k++
	   }
	od;
	atomic {
		if
		:: table == 1 ->
			table = 2;
			/* the two words want the places of their numbers there */
			do
			:: k > 0 ->
				k--;
				if
				:: own_low[k] != 0 ->
					low[2 + own_low[k]] = own_low[k];
					high[2 + own_low[k]] = own_high[k]
				:: else
				fi
			:: else -> break
			od;
			is_mine = true
		:: else -> is_mine = false
		fi;
		own_low[0] = 0; own_low[1] = 0; own_high[0] = 0; own_high[1] = 0
	};
	t = 2;
	if
	:: is_mine ->
		atomic { k = (used != copied -> 0 : 2) };
		do
		:: atomic { k == 2 -> break }
		:: atomic { k < 2 -> own_low[0] = low[k]; own_high[0] = high[k]; k++ };
		   if
		   :: own_low[0] != 0 -> index_put(own_low[0], own_high[0])
		   :: else
		   fi
		od;
		/* the old one's pages are given back */
		atomic { low[0] = 0; high[0] = 0 };
		high[1] = 0;
		low[1] = 0
	:: else
	fi
}

/* id_index_insert() */
inline index_insert()
{
	t = table;
	if
	:: atomic { t == 1 && used > 0 -> copied = used };
	   atomic { k = growers; growers++ };
	   if
	   :: copied == 2 || k == 0 -> index_grow()
	   :: else
	   fi;
	   t = table;
	   copied = 0
	:: atomic { else -> skip }
	fi;
	index_put(word, id);
	atomic { if :: winner != 0 -> id = winner :: else fi }
}

/* node_intern() */
inline node_intern()
{
	atomic { id = 0; found = node_count };
	if
	:: found > PARENT + 1 ->
		atomic {
			found = word_of[PARENT + 1];
#ifdef BROKEN_NEXT
			if :: found != 0 -> id = PARENT + 1 :: else fi
#else
			if :: found == word -> id = PARENT + 1 :: else fi
#endif
		};
		if
		:: id == 0 -> index_find()
		:: else
		fi
	:: else
	fi;
	if
	:: id == 0 ->
		atomic { id = node_count; node_count++ };
#ifndef BROKEN_ORDER
		word_of[id] = word;
#endif
		atomic { own_id = id };
		if
		:: id != PARENT + 1 -> index_insert()
		:: else
		fi;
#ifdef BROKEN_ORDER
		word_of[own_id] = word
#endif
	:: else
	fi;
	assert(word_of[id] == word)
}

/* node_site() */
inline node_site()
{
	site = site_of[id];
	if
	:: site == 0 ->
		atomic { winner = site_count; site_count++ };
		site_node[winner] = id;
		atomic {
#ifdef BROKEN_SITE
			site_of[id] = winner;
#else
			if :: site_of[id] == 0 -> site_of[id] = winner :: else fi;
#endif
			site = site_of[id]
		}
	:: else
	fi;
	assert(site_node[site] == id && site_of[id] == site)
}

proctype thread(byte word, then) CAN_STOP
{
	byte id, own_id, site, winner, t, i, k, at, found, copied;
	byte own_low[2], own_high[2];
	bool is_mine;

	do
	:: word == 0 -> break
	:: else ->
		node_intern();
		node_site();
		atomic {
			booked[site]++; done[word]++;
			word = then; then = 0;
			id = 0; own_id = 0; site = 0; winner = 0; t = 0; i = 0; k = 0; at = 0;
			found = 0; copied = 0; is_mine = false
		}
	od;
	finished++
}

proctype monitor()
{
	byte site, word;
	byte sum[4];

	EVERYONE_ELSE_IS_DONE(3);
	atomic {
		site = 1;
		do
		:: site < site_count ->
			if
			:: booked[site] > 0 ->
				word = word_of[site_node[site]];
				sum[word] = sum[word] + booked[site]
			:: else
			fi;
			site++
		:: else -> break
		od;
		assert(sum[A] == done[A] && sum[B] == done[B] && sum[0] == 0);
		assert(stopped != NOBODY || (sum[A] == 2 && sum[B] == 1))
	}
}

init
{
	atomic {
		word_of[PARENT] = OTHER;
		/* there is so much in the index that the next insertion makes it grow */
		table = 1; low[0] = OTHER; high[0] = PARENT; used = 1;
		run thread(A, 0);
		run thread(A, 0);
		run thread(B, 0);
		run stopper();
		run monitor()
	}
}
