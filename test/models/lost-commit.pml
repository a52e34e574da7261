/*
 * A round whose COMMIT got no response (src/till/round-executor.ts, src/till/postgres-store.ts).
 *
 * The till sends a transaction: the row of the round's id, the changes, COMMIT. The connection may
 * break at any moment, and the server may go on with what it has received. The till then claims the
 * id on another connection. The claim waits for a transaction that has inserted the id; a
 * transaction that finds its id claimed fails. The response to the claim may be lost, too.
 *
 * Promise: a command takes effect at most once, and exactly once if its caller was told so.
 *
 * Mutations: -DREADS looks the id up and claims nothing. -DRETRIES repeats a lost round at once.
 */
#define TRIES 3

mtype = { idle, running, inserted, committed, aborted };
mtype transaction[TRIES] = idle;
bool claimed[TRIES];
bool broken[TRIES];
byte effects;
bool told, refused;

/* A round at the server. It may end at any step if its connection has broken. */
proctype Server(byte round) {
  transaction[round] = running;
  atomic {
    if
    :: claimed[round] -> transaction[round] = aborted
    :: !claimed[round] -> transaction[round] = inserted
    :: broken[round] -> transaction[round] = aborted
    fi
  }
  atomic {
    if
    :: transaction[round] == inserted -> transaction[round] = committed; effects++
    :: transaction[round] == inserted && broken[round] -> transaction[round] = aborted
    :: transaction[round] == aborted
    fi
  }
}

active proctype Till() {
  byte round;
  bool done, lost, isCommitted;
  do
  :: done || round == TRIES -> break
  :: else ->
    run Server(round);
    lost = false;
    if
    :: transaction[round] == committed -> isCommitted = true
    :: transaction[round] == aborted -> isCommitted = false
    :: broken[round] = true; lost = true
    fi;
#ifdef RETRIES
    isCommitted = false && lost;
#else
    do
    :: !lost -> break
#ifdef READS
    :: lost -> isCommitted = transaction[round] == committed; break
#else
    :: atomic { lost && (transaction[round] != inserted) ->
        if
        :: transaction[round] == committed
        :: else -> claimed[round] = true
        fi;
        if
        :: isCommitted = transaction[round] == committed; lost = false
        :: skip /* The response to the claim was lost: claim again. */
        :: refused = true; goto end /* The time is over: UNAVAILABLE, which tells nothing. */
        fi }
#endif
    od;
#endif
    if
    :: isCommitted -> done = true; told = true
    :: else -> round++
    fi
  od;
  if
  :: !done -> refused = true
  :: else
  fi;
end:
  assert(!told || effects == 1)
}

/* At any moment. */
active proctype AtMostOnce() { assert(effects <= 1) }
