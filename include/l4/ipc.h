// SPDX-License-Identifier: MIT
// Synchronous communication (manual: 5.6 Ipc). One system call has an optional
// send phase and then an optional receive phase; all functions here are forms of
// it. Anybody may call them; the space's redirector (space.h) may limit with whom.
//
// The message to send is in the message registers, the received one is there
// afterwards; the result is its tag. If L4_IpcFailed(tag), L4_ErrorCode() says why:
//
//   bit 0     0: the send phase failed (nothing was received), 1: the receive phase
//   bits 1-3  1 timeout    the partner was not ready in time
//             2 no partner the partner does not exist, has been deleted, or (send
//                          phase) is L4_anythread or L4_anylocalthread
//             3 cancelled  ExchangeRegisters ended the wait
//             4 overflow   the message did not fit: no or too small a string
//                          buffer, no window for mappings, no kernel memory, or a
//                          tag that does not describe a message
//             5 transfer timeout of the caller, 6 of the partner
//             7 aborted    ExchangeRegisters ended the transfer half-way
//   bits 4-63 with codes 4 to 7: bytes transferred before
#ifndef L4_IPC_H
#define L4_IPC_H

#include "message.h"
#include "tcr.h"

#define L4_IpcTimeout 1
#define L4_IpcNoPartner 2
#define L4_IpcCancelled 3
#define L4_IpcOverflow 4
#define L4_IpcXferTimeoutOwn 5
#define L4_IpcXferTimeoutPartner 6
#define L4_IpcAborted 7

// L4_IpcErrorCodeOf: one of the codes above from the word L4_ErrorCode().
// L4_IpcErrorInReceive: did the receive phase fail?
L4_INLINE L4_Word_t L4_IpcErrorCodeOf(L4_Word_t error_code) { return error_code >> 1 & 7; }
L4_INLINE L4_Bool_t L4_IpcErrorInReceive(L4_Word_t error_code) { return error_code & 1; }

// --- The tag of a received message ------------------------------------------------

// L4_IpcFailed, L4_IpcSucceeded: did the call do what it was asked?
L4_INLINE L4_Bool_t L4_IpcFailed(L4_MsgTag_t t) { return t.raw >> 15 & 1; }
L4_INLINE L4_Bool_t L4_IpcSucceeded(L4_MsgTag_t t) { return !(t.raw >> 15 & 1); }
// L4_IpcPropagated: sent in another thread's name; L4_ActualSender() is who did it.
L4_INLINE L4_Bool_t L4_IpcPropagated(L4_MsgTag_t t) { return t.raw >> 12 & 1; }
// L4_IpcRedirected: meant for L4_IntendedReceiver(), the caller is the redirector.
L4_INLINE L4_Bool_t L4_IpcRedirected(L4_MsgTag_t t) { return t.raw >> 13 & 1; }
// L4_IpcXcpu: came from another processor.
L4_INLINE L4_Bool_t L4_IpcXcpu(L4_MsgTag_t t) { return t.raw >> 14 & 1; }
// L4_Set_Propagation: send the message in the name that L4_Set_VirtualSender set.
L4_INLINE void L4_Set_Propagation(L4_MsgTag_t* t) { t->raw |= 1UL << 12; }

// --- The call itself ---------------------------------------------------------------

typedef L4_Word_t l4_ipc_function(L4_Word_t, L4_Word_t, L4_Word_t, L4_Word_t*);

// l4_ipc_by_utcb: Ipc or Lipc with all message registers in the UTCB.
L4_INLINE L4_MsgTag_t l4_ipc_by_utcb(l4_ipc_function* function, L4_ThreadId_t to,
                                     L4_ThreadId_t from_specifier, L4_Word_t timeouts, L4_ThreadId_t* from) {
  L4_Word_t* utcb = l4_utcb();
  L4_Word_t mr[8];
  int i;
  for (i = 0; i < 8; ++i) mr[i] = utcb[i];
  from->raw = function(to.raw, from_specifier.raw, timeouts, mr);
  for (i = 0; i < 8; ++i) utcb[i] = mr[i];
  return L4_LITERAL(L4_MsgTag_t, .raw = mr[0]);
}

// L4_Ipc: sends to `to`, then receives from `from_specifier`.
//   to              a thread id, local or global; L4_nilthread: no send phase
//   from_specifier  a thread id, L4_anythread, L4_anylocalthread; L4_nilthread: no
//                   receive phase
//   timeouts        L4_Timeouts(send, receive)
//   *from           who sent: a local id for a thread of the same space, else the
//                   global id; undefined without a receive phase
// Result and errors as at the top of this file.
L4_INLINE L4_MsgTag_t L4_Ipc(L4_ThreadId_t to, L4_ThreadId_t from_specifier, L4_Word_t timeouts,
                             L4_ThreadId_t* from) {
  return l4_ipc_by_utcb(l4_ipc_registers, to, from_specifier, timeouts, from);
}
// L4_Lipc: the same for partners that are probably in the same space.
L4_INLINE L4_MsgTag_t L4_Lipc(L4_ThreadId_t to, L4_ThreadId_t from_specifier, L4_Word_t timeouts,
                              L4_ThreadId_t* from) {
  return l4_ipc_by_utcb(l4_lipc_registers, to, from_specifier, timeouts, from);
}

// --- Derived forms (manual: 5.6, derived functions) ---------------------------------
// Without ..._Timeout(s) the timeouts are L4_Never, but a reply never waits.

// L4_Call: sends to `to` and waits for its answer.
L4_INLINE L4_MsgTag_t L4_Call_Timeouts(L4_ThreadId_t to, L4_Time_t send_timeout, L4_Time_t receive_timeout) {
  L4_ThreadId_t from;
  return L4_Ipc(to, to, L4_Timeouts(send_timeout, receive_timeout), &from);
}
L4_INLINE L4_MsgTag_t L4_Call(L4_ThreadId_t to) { return L4_Call_Timeouts(to, L4_Never, L4_Never); }

// L4_Send: sends, waiting until the partner takes the message.
L4_INLINE L4_MsgTag_t L4_Send_Timeout(L4_ThreadId_t to, L4_Time_t send_timeout) {
  L4_ThreadId_t from;
  return L4_Ipc(to, L4_nilthread, L4_Timeouts(send_timeout, L4_Never), &from);
}
L4_INLINE L4_MsgTag_t L4_Send(L4_ThreadId_t to) { return L4_Send_Timeout(to, L4_Never); }
// L4_Reply: sends to a partner that waits; error 1 if it does not.
L4_INLINE L4_MsgTag_t L4_Reply(L4_ThreadId_t to) { return L4_Send_Timeout(to, L4_ZeroTime); }

// L4_Receive: takes a message from that thread only.
L4_INLINE L4_MsgTag_t L4_Receive_Timeout(L4_ThreadId_t from, L4_Time_t receive_timeout) {
  L4_ThreadId_t sender;
  return L4_Ipc(L4_nilthread, from, L4_Timeouts(L4_Never, receive_timeout), &sender);
}
L4_INLINE L4_MsgTag_t L4_Receive(L4_ThreadId_t from) { return L4_Receive_Timeout(from, L4_Never); }

// L4_Wait: takes a message from anybody; *from is the sender.
L4_INLINE L4_MsgTag_t L4_Wait_Timeout(L4_Time_t receive_timeout, L4_ThreadId_t* from) {
  return L4_Ipc(L4_nilthread, L4_anythread, L4_Timeouts(L4_Never, receive_timeout), from);
}
L4_INLINE L4_MsgTag_t L4_Wait(L4_ThreadId_t* from) { return L4_Wait_Timeout(L4_Never, from); }

// L4_ReplyWait: replies to `to` and waits for the next message from anybody: the
// loop of a server. A partner that does not wait for the reply ends the call with
// error 1 in the send phase, and nothing is received; then use L4_Wait.
L4_INLINE L4_MsgTag_t L4_ReplyWait_Timeout(L4_ThreadId_t to, L4_Time_t receive_timeout, L4_ThreadId_t* from) {
  return L4_Ipc(to, L4_anythread, L4_Timeouts(L4_ZeroTime, receive_timeout), from);
}
L4_INLINE L4_MsgTag_t L4_ReplyWait(L4_ThreadId_t to, L4_ThreadId_t* from) {
  return L4_ReplyWait_Timeout(to, L4_Never, from);
}

// L4_Lcall, L4_LreplyWait: L4_Call and L4_ReplyWait through Lipc; the latter waits
// for threads of the same space only.
L4_INLINE L4_MsgTag_t L4_Lcall(L4_ThreadId_t to) {
  L4_ThreadId_t from;
  return L4_Lipc(to, to, L4_Timeouts(L4_Never, L4_Never), &from);
}
L4_INLINE L4_MsgTag_t L4_LreplyWait(L4_ThreadId_t to, L4_ThreadId_t* from) {
  return L4_Lipc(to, L4_anylocalthread, L4_Timeouts(L4_ZeroTime, L4_Never), from);
}

// L4_Sleep: does nothing for a time (L4_Never: for ever). It is a receive from
// oneself, so the message registers keep all but the tag, and ExchangeRegisters can
// end it early.
L4_INLINE void L4_Sleep(L4_Time_t t) { L4_Receive_Timeout(L4_MyLocalId(), t); }

#if defined(__cplusplus)
// The shorter names of the manual's C++ binding.
L4_INLINE L4_MsgTag_t L4_Call(L4_ThreadId_t to, L4_Time_t send_timeout, L4_Time_t receive_timeout) {
  return L4_Call_Timeouts(to, send_timeout, receive_timeout);
}
L4_INLINE L4_MsgTag_t L4_Send(L4_ThreadId_t to, L4_Time_t t) { return L4_Send_Timeout(to, t); }
L4_INLINE L4_MsgTag_t L4_Receive(L4_ThreadId_t from, L4_Time_t t) { return L4_Receive_Timeout(from, t); }
L4_INLINE L4_MsgTag_t L4_Wait(L4_Time_t t, L4_ThreadId_t* from) { return L4_Wait_Timeout(t, from); }
L4_INLINE L4_MsgTag_t L4_ReplyWait(L4_ThreadId_t to, L4_Time_t t, L4_ThreadId_t* from) {
  return L4_ReplyWait_Timeout(to, t, from);
}
#endif

#endif
