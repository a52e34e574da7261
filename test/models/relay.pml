/*
 * Two relays, one sink (src/outbox/dispatcher.ts, src/outbox/lease.sql.ts).
 *
 * Transactions take their numbers before they commit, so a later number may be visible first. A
 * relay reads transactions below the oldest running one only, delivers them, and then moves the
 * sink's position, if it still holds the lease and the position is the one that it began at. A
 * lease may expire while its relay hangs; a relay may die.
 *
 * Promise: each event is delivered, and none before an earlier one of its order (all are of one).
 *
 * Mutations: -DEAGER reads every visible transaction. -DEARLY moves the position before it delivers.
 */
#define EVENTS 3
#define NOBODY 2

bool begun[EVENTS], visible[EVENTS], delivered[EVENTS];
byte position; /* Events below it are delivered. */
byte owner = NOBODY;

proctype Transaction(byte number) { visible[number] = true }

/* Transactions begin in the order of their numbers and commit in any order. */
active proctype Shop() {
  byte number;
  do
  :: number == EVENTS -> break
  :: number < EVENTS -> atomic { begun[number] = true; run Transaction(number); number++ }
  od
}

inline readable(from, upper) {
  upper = from;
  do
#ifdef EAGER
  :: upper < EVENTS && begun[upper] && (visible[upper] || (upper + 1 < EVENTS && visible[upper + 1])) -> upper++
#else
  :: upper < EVENTS && visible[upper] -> upper++
#endif
  :: else -> break
  od
}

inline deliver(number) {
  atomic {
    if
    :: visible[number] && !delivered[number] -> assert(number == 0 || delivered[number - 1]); delivered[number] = true
    :: else
    fi
  }
}

active [2] proctype Relay() {
  byte from, upper, next;
  do
  :: position == EVENTS -> break
  :: atomic { owner == NOBODY && position < EVENTS -> owner = _pid % 2; from = position; readable(from, upper) }
#ifdef EARLY
    position = upper;
#endif
    next = from;
    do
    :: next < upper -> deliver(next); next++
    :: next == upper -> break
    :: _pid % 2 == 0 && next < upper -> goto dead /* One relay dies; the other takes over when the lease expires. */
    od;
    atomic {
      if
      :: owner == _pid % 2 && position == from -> position = upper
      :: else
      fi;
      owner = (owner == _pid % 2 -> NOBODY : owner)
    }
  od;
dead:
  skip
}

/* A lease expires at any time. */
active proctype Clock() {
  do
  :: owner != NOBODY -> owner = NOBODY
  :: position == EVENTS -> break
  od
}

active proctype Judge() {
  byte number;
  position == EVENTS;
  do
  :: number == EVENTS -> break
  :: else -> assert(delivered[number]); number++
  od
}
