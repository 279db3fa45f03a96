/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.pml - a thread that stops for ever at any step, and what holds of all others then.
 */
#define NOBODY 255
#define CAN_STOP provided (stopped != _pid)

byte stopped = NOBODY;
byte finished; /* threads that came to their end */

/* Threads have the numbers 1 to 3; where the first one has a twin that is the second one. */
proctype stopper()
{
	if
	:: stopped = 2
	:: stopped = 3
	:: true
	fi
}

/* Nothing can be done any more: nobody waits for the one that has stopped. */
#define EVERYONE_ELSE_IS_DONE(count)                                                               \
	timeout;                                                                                   \
	assert(finished >= (stopped == NOBODY -> count : count - 1))
