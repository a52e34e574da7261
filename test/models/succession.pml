/*
 * A hold that ends passes its units to the line (src/drop/succession.ts, src/drop/end-entry.ts).
 *
 * The command reads the head of the line before the round, because the round has to lock its row.
 * Under the locks it looks again: if another entry is the head by then, it starts anew.
 *
 * Promise: held + bought + free is the stock. Nobody waits while units are free. Nobody is overtaken,
 * and nobody is served who has left.
 *
 * Mutations: -DTRUSTS passes the unit to the entry that was read. -DKEEPS does not pass it on.
 */
#define ENTRIES 4
#define STOCK 1

mtype = { absent, waiting, held, ended, bought };
mtype entry[ENTRIES] = absent;
byte free = STOCK;
byte arrived; /* Entries are numbered in the order of arrival. */
byte called;  /* The highest number that was served. */

inline headOf(head) {
  head = 0;
  do
  :: head < arrived && entry[head] != waiting -> head++
  :: else -> break
  od
}

inline invariants() {
  byte i = 0, taken = 0;
  bool someoneWaits = false;
  do
  :: i == ENTRIES -> break
  :: else ->
    taken = taken + (entry[i] == held || entry[i] == bought -> 1 : 0);
    someoneWaits = someoneWaits || entry[i] == waiting;
    assert(!(entry[i] == waiting && i < called));
    i++
  od;
  assert(taken + free == STOCK);
  assert(!(someoneWaits && free > 0))
}

inline enter(number) {
  atomic {
    number = arrived;
    arrived++;
    if
    :: free > 0 -> free--; entry[number] = held; called = number
    :: else -> entry[number] = waiting
    fi;
    invariants()
  }
}

/* Ends a hold. */
inline end(number) {
  byte seen = 0, head = 0;
  bool done = false;
  do
  :: done -> break
  :: else ->
    atomic { headOf(seen) }
    atomic {
      headOf(head);
#ifdef TRUSTS
      head = seen;
#endif
      if
      :: head != seen /* NeedsChanged */
      :: head == seen ->
        entry[number] = ended;
        if
#ifdef KEEPS
        :: true -> free++
#else
        :: head < arrived -> assert(entry[head] == waiting); entry[head] = held; called = (head > called -> head : called)
        :: else -> free++
#endif
        fi;
        done = true;
        invariants()
      fi
    }
  od
}

proctype Person() {
  byte number;
  enter(number);
  do
  :: entry[number] == held -> end(number); break
  :: atomic { entry[number] == held -> entry[number] = bought; invariants() } break
  :: atomic { entry[number] == waiting -> entry[number] = ended; invariants() } break
  :: timeout -> break /* In line until the end of the drop. */
  od
}

init {
  atomic {
    byte i = 0;
    do
    :: i == ENTRIES -> break
    :: else -> run Person(); i++
    od
  }
}
