/* SPDX-License-Identifier: MIT
 * Two threads in two address spaces throw a message to and fro: a plain X.2 root task.
 *
 * ping is the first thread. It makes a second space, is the pager of the thread in it, and
 * then its partner. */
#include <l4/ipc.h>
#include <l4/kip.h>
#include <l4/pagefault.h>
#include <l4/schedule.h>
#include <l4/space.h>
#include <l4/thread.h>

#define ROUNDS 10000
#define READY 1
#define KIP_AREA 0x80000000UL
#define UTCB_AREA 0x80100000UL

extern char pong_start[];
static char pong_stack[4096] __attribute__((aligned(16)));

/* --- The console: the serial port. Its ports come from sigma0 when they are touched. ------- */

static void out8(unsigned short port, unsigned char value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char in8(unsigned short port) {
  unsigned char value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void put_text(const char* text) {
  for (; *text; ++text) {
    while (!(in8(0x3fd) & 0x20)) {
    }
    out8(0x3f8, (unsigned char)*text);
  }
}

static void put_number(L4_Word_t value) {
  char text[24];
  char* at = text + sizeof(text) - 1;
  *at = 0;
  do *--at = (char)('0' + value % 10);
  while (value /= 10);
  put_text(at);
}

static void end(int success) {
  out8(0xf4, success ? 0x10 : 0x11);
  for (;;) L4_Sleep(L4_Never);
}

static void check(L4_Word_t good, const char* what) {
  if (good) return;
  put_text("x2: ");
  put_text(what);
  put_text(" fails with error ");
  put_number(L4_ErrorCode());
  put_text("\n");
  end(0);
}

/* --- pong, in its own space ------------------------------------------------------------------ */

void pong(void) {
  L4_ThreadId_t ping = L4_Pager();
  L4_MsgTag_t tag = {.raw = 0};
  L4_Set_Label(&tag, READY);
  L4_Set_MsgTag(tag);
  for (;;) L4_Call(ping); /* what ping sends is what ping gets back */
}

/* --- ping -------------------------------------------------------------------------------------- */

/* The new space sees this program at the addresses where ping sees it. */
static void answer_fault(L4_ThreadId_t thread) {
  L4_Msg_t message;
  L4_Word_t address;
  L4_StoreMR(1, &address);
  (void)*(volatile char*)address; /* ping must have the page before it can give it */
  L4_MsgClear(&message);
  L4_MsgAppendMapItem(&message, L4_MapItem(L4_FpageAddRights(L4_FpageLog2(address & ~0xfffUL, 12),
                                                             L4_FullyAccessible), address & ~0xfffUL));
  L4_MsgLoad(&message);
  L4_Reply(thread);
}

static void make_pong(void* kip, L4_ThreadId_t pong_id) {
  L4_Fpage_t kip_area = L4_FpageLog2(KIP_AREA, (int)L4_KipAreaSizeLog2(kip));
  L4_Fpage_t utcb_area = L4_FpageLog2(UTCB_AREA, (int)L4_UtcbAreaSizeLog2(kip));
  L4_Word_t old;
  L4_Msg_t message;
  check(L4_ThreadControl(pong_id, pong_id, L4_Myself(), L4_nilthread, (void*)~0UL), "ThreadControl");
  check(L4_SpaceControl(pong_id, 0, kip_area, utcb_area, L4_nilthread, &old), "SpaceControl");
  check(L4_ThreadControl(pong_id, pong_id, L4_nilthread, L4_Myself(), (void*)UTCB_AREA), "ThreadControl");
  L4_MsgClear(&message);
  L4_MsgAppendWord(&message, (L4_Word_t)pong_start);
  L4_MsgAppendWord(&message, (L4_Word_t)(pong_stack + sizeof(pong_stack)));
  L4_MsgLoad(&message);
  check(!L4_IpcFailed(L4_Send(pong_id)), "the start message");
}

int root_main(void) {
  L4_Word_t version, flags, id, round;
  L4_Clock_t start, stop;
  L4_MsgTag_t tag;
  void* kip = L4_KernelInterface(&version, &flags, &id);
  L4_ThreadId_t pong_id = L4_GlobalId(L4_ThreadIdUserBase(kip) + 16, 2);

  __L4_Init(); /* the addresses of the system calls */
  put_text("x2: the kernel is ");
  put_text(L4_KernelVersionString(kip));
  put_text("\n");
  make_pong(kip, pong_id);
  for (tag = L4_Receive(pong_id); L4_IsPageFault(tag); tag = L4_Receive(pong_id)) answer_fault(pong_id);
  check(L4_Label(tag) == READY, "the first message");

  start = L4_SystemClock();
  for (round = 0; round < ROUNDS; ++round) {
    L4_LoadMR(0, 0);
    check(!L4_IpcFailed(L4_Call(pong_id)), "Ipc");
  }
  stop = L4_SystemClock();
  put_number(ROUNDS);
  put_text(" round trips, ");
  put_number((stop.raw - start.raw) * 1000 / ROUNDS);
  put_text(" ns each\n");
  end(1);
  return 0;
}
