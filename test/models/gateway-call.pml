/*
 * An attempt at the payment gateway in two phases (src/settlement/ask-gateway.ts,
 * docs/internals/settlement.md): a capture, or with -DREFUND a refund.
 *
 * The request and the job settle the same attempt. Calls and answers may be lost, or arrive late.
 * The gateway binds its answer to the idempotency key, also the answer "later", and may forget a
 * key. It captures a payment once, but would refund a second time under another key. The second
 * round changes an attempt only while it is open. A payment that is given up is watched until no
 * call can be on the way, and its money is returned.
 *
 * Promise: the effect happens once at most. In the end it has happened, and has not been undone,
 * exactly if the attempt is done. While the attempt may succeed, it fails only without an effect.
 *
 * Mutations: -DBELIEVES believes a refusal of a repeated call. -DFORGETS does not watch.
 * -DREFUND -DNEXTKEY uses the next key if there was no answer.
 */
#define KEYS 3

mtype = { open, done, failed };
mtype = { none, executed, later, refused, lost };
mtype attempt = open;
mtype bound[KEYS] = none;
byte effects;
bool undone;
byte underway;
bool expired;

/* One call under one key. It may get lost, and so may its answer. */
inline send(key, answer) {
  if
  :: atomic {
      if
      :: bound[key] != none -> answer = bound[key]
#ifdef REFUND
      :: bound[key] == none -> effects++; bound[key] = executed; answer = executed
#else
      :: bound[key] == none && effects > 0 -> bound[key] = refused; answer = refused
      :: bound[key] == none && effects == 0 -> effects++; bound[key] = executed; answer = executed
#endif
      :: bound[key] == none && effects == 0 -> bound[key] = later; answer = later
      :: bound[key] == none && effects == 0 -> bound[key] = refused; answer = refused
      fi }
  :: answer = lost
  fi;
  if
  :: answer = lost
  :: skip
  fi;
  underway--
}

/* The second round: under the order's lock, and only while the attempt is open. */
inline settle(outcome) {
  atomic {
    if
    :: attempt == open ->
      assert(outcome != failed || effects == 0 || expired);
      attempt = outcome
    :: else
    fi
  }
}

inline ask(first) {
  byte key = 0;
  mtype answer = none;
  bool found = false;
  if
  :: !first -> found = effects > 0
  :: else
  fi;
  do
  :: found -> settle(done); break
  :: !found && (expired || key == KEYS) -> break
  :: atomic { !found && !expired && key < KEYS -> underway++ } /* A call is on the way until its timeout. */
    send(key, answer);
    if
    :: answer == executed -> found = true
    :: answer == lost ->
#ifdef NEXTKEY
      key++
#else
      break
#endif
    :: answer == later -> key++; found = effects > 0
    :: answer == refused ->
#ifdef BELIEVES
      settle(failed); break
#else
      if
      :: effects > 0 -> found = true
      :: else -> settle(failed); break
      fi
#endif
    fi
  od
}

active proctype Request() { ask(true) }

active proctype Job() {
  do
  :: attempt != open -> break
  :: attempt == open && !expired -> ask(false)
#ifndef REFUND
  :: atomic { attempt == open && !expired -> expired = true }
  :: attempt == open && expired ->
    /* The last look before the payment is given up. */
    if
    :: effects > 0 -> settle(done)
    :: else -> settle(failed)
    fi
#endif
  od;
#ifndef FORGETS
  do
  :: attempt == failed && effects > 0 && !undone -> undone = true
  :: underway == 0 && (attempt != failed || effects == 0 || undone) -> break
  od
#endif
}

#ifndef REFUND
/* Of a payment, the gateway forgets its first key. */
active proctype Forgetting() {
  if
  :: atomic { bound[0] == executed -> bound[0] = none }
  :: timeout
  fi
}
#endif

active proctype Judge() {
  timeout -> assert(effects <= 1);
  assert(attempt == open || (attempt == done) == (effects == 1 && !undone))
}
