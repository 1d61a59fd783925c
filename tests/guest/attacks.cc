// SPDX-License-Identifier: MIT
#include "attacks.h"

#include <runtime/io.h>

#include "messages.h"

namespace guest {

namespace {

constexpr Word divide_error = 0, debug = 1, breakpoint = 3, invalid_opcode = 6, protection = 13,
               page_fault = 14, foreign_syscall = 256;

template <Word address>
void read_at(Word) {
  asm volatile("movq (%0), %%rax" : : "r"(address) : "rax");
}
template <Word address>
void write_at(Word) {
  asm volatile("movq %%rax, (%0)" : : "r"(address) : "memory");
}
template <Word address>
void jump_to(Word) {
  asm volatile("jmp *%0" : : "r"(address));
}
template <Word address>
void stack_at(Word) {
  asm volatile("movq %0, %%rsp\n pushq %%rax" : : "r"(address));
}

constexpr Word physmap = 0xffff'8000'0000'0000, kernel_image = 0xffff'ffff'8000'0000,
               tcbs = 0xffff'ffff'c000'0000, devices = 0xffff'ffff'd000'0000, stubs = 0xffff'ffff'e000'0000,
               utcb_word = 0xffff'ffff'e000'1000, not_canonical = 0x0000'8000'0000'0000,
               last_page = 0x0000'7fff'ffff'f000;

// Sets `flags` in RFLAGS and calls Ipc (nothing to send or to receive), then
// ThreadSwitch, then faults into the kernel by KernelInterface.
template <Word flags>
void system_calls_with_flags(Word) {
  for (int i = 0; i < 3; ++i) {
    asm volatile(
        "pushfq\n orq %[flags], (%%rsp)\n popfq\n"
        "xorl %%esi, %%esi\n xorl %%edx, %%edx\n xorl %%r8d, %%r8d\n xorl %%r9d, %%r9d\n"
        "call *l4_links+%c[ipc](%%rip)\n"
        "xorl %%edi, %%edi\n"
        "call *l4_links+%c[thread_switch](%%rip)\n"
        ".byte 0xf0, 0x90\n"
        "pushq $0x202\n popfq\n"
        :
        : [flags] "i"(flags), [ipc] "i"(offsetof(l4_system_calls, ipc)),
          [thread_switch] "i"(offsetof(l4_system_calls, thread_switch))
        : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "memory", "cc");
  }
}

// A call with the flags set that a message takes: the flags belong to the thread.
template <Word flags>
void ipc_with_flags(Word) {
  asm volatile("pushfq\n orq %0, (%%rsp)\n popfq" : : "i"(flags) : "cc", "memory");
  call(l4::ThreadId::global(0x3ffff, 1), 1);
  sleep_us(100);
  asm volatile("pushq $0x202\n popfq" : : : "cc", "memory");
}

void load_selectors(Word selector) {
  const auto word = static_cast<unsigned short>(selector);
  asm volatile("movw %0, %%ds\n movw %0, %%es\n movw %0, %%fs\n movw %0, %%gs" : : "r"(word) : "memory");
}
template <Word selector>
void selectors(Word) {
  const l4::ThreadId self = l4::ThreadId::self();
  load_selectors(selector);
  // The word behind GS is right again when others have run.
  receive(self, timeouts(0, 30));
  expect_eq(L4_MyLocalId().raw, utcb_at(0) + 0x200, "%gs:0");
  load_selectors(selector);
  receive(self, timeouts(0, 100));
  expect_eq(L4_MyLocalId().raw, utcb_at(0) + 0x200, "%gs:0");
}
template <Word selector>
void gs_selector(Word) {
  asm volatile("movw %0, %%gs" : : "r"(static_cast<unsigned short>(selector)));
}

// Through a pointer of 16 and 32 bits, which the program's addresses fit in.
template <Word selector>
void far_jump(Word) {
  static struct [[gnu::packed]] {
    unsigned offset;
    unsigned short segment;
  } target;
  target.segment = selector;
  asm volatile("movl $1f, %0\n ljmpl *%0\n 1:" : "+m"(target.offset) : "m"(target.segment));
}

template <Word number>
void software_interrupt(Word) {
  asm volatile("int %0" : : "i"(number) : "memory");
}

void raw_syscall(Word) { asm volatile("syscall" : : : "rcx", "r11", "memory"); }

void fault_with_bad_stack(Word) { asm volatile("movq %0, %%rsp\n ud2" : : "r"(not_canonical)); }

// MOV SS delays #DB by an instruction: it would come inside the kernel.
void debug_in_shadow(Word) {
  asm volatile(
      "movl %%ss, %%eax\n"
      "pushq %%rax\n"
      "pushfq\n orq $0x100, (%%rsp)\n"
      "xorl %%esi, %%esi\n xorl %%edx, %%edx\n xorl %%r8d, %%r8d\n xorl %%r9d, %%r9d\n"
      "popfq\n"
      "popq %%rcx\n"
      "movw %%cx, %%ss\n"
      "syscall\n"
      :
      :
      : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r11", "memory", "cc");
}

void exchange_to(Word ip) {
  l4_exchange x = {L4_ExRegIp, 0, ip, 0, 0, 0};
  l4_exchange_registers(l4::ThreadId::self().raw, &x);
}

}  // namespace

const Attack attacks[] = {
    {"ud2", [](Word) { asm volatile("ud2"); }, Ending::exception, invalid_opcode, 0},
    {"cli", [](Word) { asm volatile("cli"); }, Ending::exception, protection, 0},
    {"sti", [](Word) { asm volatile("sti"); }, Ending::exception, protection, 0},
    {"hlt", [](Word) { asm volatile("hlt"); }, Ending::exception, protection, 0},
    {"in without the right", [](Word) { runtime::out8(0x80, 0); }, Ending::io_fault, 0x80},
    {"out to the port that ends QEMU", [](Word) { runtime::out8(0xf4, 0x10); }, Ending::io_fault, 0xf4},
    {"in from the interrupt controller", [](Word) { runtime::out8(0x21, 0); }, Ending::io_fault, 0x21},
    {"out of four bytes to the PCI configuration",
     [](Word) {
       asm volatile("outl %%eax, %%dx" : : "a"(0x8000'0000), "d"(0xcf8));
     },
     Ending::io_fault, 0xcf8},
    {"in of four bytes at the end of the ports",
     [](Word) { asm volatile("inl %%dx, %%eax"
                             :
                             : "d"(0xffff)
                             : "eax"); }, Ending::io_fault, 0xffff},
    {"rep outs",
     [](Word) {
       static const char text[4] = "xyz";
       const char* at = text;
       Word count = 3;
       asm volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(0x3f8) : "memory");
     },
     Ending::io_fault, 0x3f8},
    {"read the map of memory", read_at<physmap>, Ending::exception, page_fault, any_value},
    {"read the kernel's image", read_at<kernel_image>, Ending::exception, page_fault, any_value},
    {"read TCBs", read_at<tcbs>, Ending::exception, page_fault, any_value},
    {"read the local APIC", read_at<devices>, Ending::exception, page_fault, any_value},
    {"write the map of memory", write_at<physmap>, Ending::exception, page_fault, any_value},
    {"write the kernel's image", write_at<kernel_image>, Ending::exception, page_fault, any_value},
    {"write TCBs", write_at<tcbs>, Ending::exception, page_fault, any_value},
    {"write the local APIC", write_at<devices>, Ending::exception, page_fault, any_value},
    {"write the stubs", write_at<stubs>, Ending::exception, page_fault, any_value},
    {"write the word behind %gs:0", write_at<utcb_word>, Ending::exception, page_fault, any_value},
    {"write %gs:0", [](Word) { asm volatile("movq $0, %gs:0"); }, Ending::exception, page_fault, any_value},
    {"jump into the map of memory", jump_to<physmap>, Ending::exception, page_fault, any_value},
    {"jump to the kernel's image", jump_to<kernel_image>, Ending::exception, page_fault, any_value},
    {"jump to the word behind %gs:0", jump_to<utcb_word>, Ending::exception, page_fault, any_value},
    {"jump to the end of the kernel's half", jump_to<~Word{0}>, Ending::exception, page_fault, any_value},
    {"jump between the stubs", jump_to<stubs + 8>, Ending::exception, breakpoint, 0},
    {"read a non-canonical address", read_at<not_canonical>, Ending::exception, protection, 0},
    {"write a non-canonical address", write_at<not_canonical>, Ending::exception, protection, 0},
    {"jump to a non-canonical address", jump_to<not_canonical>, Ending::exception, protection, 0},
    {"jump to another non-canonical address", jump_to<0x7fff'8000'0000'0000>, Ending::exception, protection,
     0},
    {"read the last page of the lower half", read_at<last_page>, Ending::exception, page_fault, any_value},
    {"a stack in the kernel's half", stack_at<tcbs + 4096>, Ending::exception, page_fault, any_value},
    // The manuals say #SS, QEMU #GP.
    {"a stack that is not canonical", stack_at<not_canonical + 4096>, Ending::exception, any_value, 0},
    {"an exception with a stack that is not canonical", fault_with_bad_stack, Ending::exception,
     invalid_opcode, 0},
    {"int3", software_interrupt<3>, Ending::exception, breakpoint, 0},
    {"int 0x80", software_interrupt<0x80>, Ending::exception, protection, error_of_gate | 0x80},
    {"int 0", software_interrupt<0>, Ending::exception, protection, error_of_gate | 0},
    {"int 2", software_interrupt<2>, Ending::exception, protection, error_of_gate | 2},
    {"int 8", software_interrupt<8>, Ending::exception, protection, error_of_gate | 8},
    {"int 14", software_interrupt<14>, Ending::exception, protection, error_of_gate | 14},
    {"int 32", software_interrupt<32>, Ending::exception, protection, error_of_gate | 32},
    {"int 255", software_interrupt<255>, Ending::exception, protection, error_of_gate | 255},
    {"int 4", software_interrupt<4>, Ending::exception, protection, error_of_gate | 4},
    {"int 5", software_interrupt<5>, Ending::exception, protection, error_of_gate | 5},
    {"int 17", software_interrupt<17>, Ending::exception, protection, error_of_gate | 17},
    {"int 19", software_interrupt<19>, Ending::exception, protection, error_of_gate | 19},
    // The two instructions that would raise exceptions 4 and 5 are none in 64-bit mode.
    {"into", [](Word) { asm volatile(".byte 0xce"); }, Ending::exception, invalid_opcode, 0},
    {"bound", [](Word) { asm volatile(".byte 0x62, 0x00, 0x00, 0x00, 0x00, 0x00"); }, Ending::exception,
     invalid_opcode, 0},
    // Alignment is not checked, as CR0.AM is 0: exception 17 does not exist.
    {"an access across a word's end with AC set",
     [](Word) {
       static Word words[2];
       asm volatile(
           "pushfq\n orq $0x40000, (%%rsp)\n popfq\n"
           "movq 1(%0), %%rax\n"
           "pushq $0x202\n popfq\n"
           :
           : "r"(words)
           : "rax", "cc", "memory");
     },
     Ending::returns},
    // Without a code segment of 32 bits there is no compatibility mode, and no SYSCALL in it.
    {"far jump to the place of a code segment of 32 bits", far_jump<0x1b>, Ending::exception, protection,
     0x18},
    {"far jump to the kernel's code segment, by a pointer", far_jump<0x08>, Ending::exception, protection,
     0x08},
    {"far jump to the task state segment", far_jump<0x38>, Ending::exception, protection, 0x38},
    {"far jump to the local descriptor table", far_jump<0x07>, Ending::exception, protection, 0x04},
    // QEMU may not know it.
    {"int1", [](Word) { asm volatile(".byte 0xf1"); }, Ending::exception, any_value, 0},
    {"division by zero",
     [](Word) {
       asm volatile("xorl %%ecx, %%ecx\n divl %%ecx" : : : "eax", "edx", "ecx");
     },
     Ending::exception, divide_error, 0},
    {"single step",
     [](Word) {
       asm volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop" : : : "cc", "memory");
     },
     Ending::exception, debug, 0},
    {"syscall outside the stubs", raw_syscall, Ending::exception, foreign_syscall, 0},
    {"sysenter", [](Word) { asm volatile("sysenter"); }, Ending::exception, any_value, any_value},
    {"sysret", [](Word) { asm volatile("sysretq"); }, Ending::exception, protection, 0},
    // QEMU reads the stack of IRET and RET as the kernel would, and SMAP makes it a page fault.
    {"iret to the kernel",
     [](Word) {
       asm volatile(
           "movq %%rsp, %%rax\n pushq $0x10\n pushq %%rax\n pushfq\n pushq $8\n"
           "leaq 1f(%%rip), %%rax\n pushq %%rax\n iretq\n 1:"
           :
           :
           : "rax", "memory");
     },
     Ending::stops},
    {"far jump to the kernel's code segment",
     [](Word) {
       asm volatile("pushq $8\n leaq 1f(%%rip), %%rax\n pushq %%rax\n lretq\n 1:" : : : "rax", "memory");
     },
     Ending::stops},
    {"rdmsr", [](Word) { asm volatile("rdmsr"
                                      :
                                      : "c"(0xc0000082)
                                      : "eax", "edx"); }, Ending::exception,
     protection, 0},
    {"wrmsr", [](Word) { asm volatile("wrmsr"
                                      :
                                      : "c"(0xc0000082), "a"(0), "d"(0)); }, Ending::exception,
     protection, 0},
    {"mov to cr0", [](Word) { asm volatile("movq %0, %%cr0"
                                           :
                                           : "r"(Word{0})); }, Ending::exception,
     protection, 0},
    {"mov from cr0",
     [](Word) {
       Word v;
       asm volatile("movq %%cr0, %0" : "=r"(v));
     },
     Ending::exception, protection, 0},
    {"mov from cr3",
     [](Word) {
       Word v;
       asm volatile("movq %%cr3, %0" : "=r"(v));
     },
     Ending::exception, protection, 0},
    {"mov to cr3", [](Word) { asm volatile("movq %0, %%cr3"
                                           :
                                           : "r"(Word{0})); }, Ending::exception,
     protection, 0},
    {"mov to cr4", [](Word) { asm volatile("movq %0, %%cr4"
                                           :
                                           : "r"(Word{0})); }, Ending::exception,
     protection, 0},
    {"mov to dr7", [](Word) { asm volatile("movq %0, %%db7"
                                           :
                                           : "r"(Word{0x401})); }, Ending::exception,
     protection, 0},
    {"clts", [](Word) { asm volatile("clts"); }, Ending::exception, protection, 0},
    {"invlpg", [](Word) { asm volatile("invlpg (%0)"
                                       :
                                       : "r"(Word{0})); }, Ending::exception, protection, 0},
    {"wbinvd", [](Word) { asm volatile("wbinvd"); }, Ending::exception, protection, 0},
    {"lgdt", [](Word) { asm volatile("lgdt (%0)"
                                     :
                                     : "r"(runtime::kip_address)); }, Ending::exception,
     protection, 0},
    {"lidt", [](Word) { asm volatile("lidt (%0)"
                                     :
                                     : "r"(runtime::kip_address)); }, Ending::exception,
     protection, 0},
    {"ltr", [](Word) { asm volatile("ltr %w0"
                                    :
                                    : "r"(0x38)); }, Ending::exception, protection, any_value},
    {"lldt", [](Word) { asm volatile("lldt %w0"
                                     :
                                     : "r"(0)); }, Ending::exception, protection, 0},
    {"swapgs", [](Word) { asm volatile("swapgs"); }, Ending::exception, protection, 0},
    {"wrgsbase", [](Word) { asm volatile("wrgsbase %0"
                                         :
                                         : "r"(Word{0})); }, Ending::exception,
     invalid_opcode, 0},
    {"wrfsbase", [](Word) { asm volatile("wrfsbase %0"
                                         :
                                         : "r"(Word{0})); }, Ending::exception,
     invalid_opcode, 0},
    {"the kernel's data segment into DS", [](Word) { asm volatile("movw %w0, %%ds"
                                                                  :
                                                                  : "r"(0x10)); },
     Ending::exception, protection, 0x10},
    {"the kernel's code segment into GS", gs_selector<8>, Ending::exception, protection, 8},
    {"the task state segment into ES", [](Word) { asm volatile("movw %w0, %%es"
                                                               :
                                                               : "r"(0x38)); },
     Ending::exception, protection, 0x38},
    {"a selector beyond the table into GS", gs_selector<0xfff8>, Ending::exception, protection, 0xfff8},
    {"the GS selector again, which is absent", gs_selector<0x33>, Ending::exception, 11, 0x30},
    {"null into SS", [](Word) { asm volatile("movw %w0, %%ss"
                                             :
                                             : "r"(0)); }, Ending::exception, protection,
     0},
    {"null into DS, ES, FS and GS", selectors<0>, Ending::returns},
    {"another null into DS, ES, FS and GS", selectors<3>, Ending::returns},
    {"the data segment into DS, ES, FS and GS", selectors<0x23>, Ending::returns},
    {"the code segment into DS, ES, FS and GS", selectors<0x2b>, Ending::returns},
    {"%gs:0 behind a null selector",
     [](Word) {
       Word v;
       asm volatile("movw %w1, %%gs\n movq %%gs:0, %0" : "=r"(v) : "r"(0));
     },
     Ending::page_fault, 0, L4_Readable},
    {"TF and a system call", system_calls_with_flags<0x100>, Ending::exception, debug, any_value},
    {"TF, a system call, in the shadow of MOV SS", debug_in_shadow, Ending::exception, any_value, any_value},
    {"NT and system calls", system_calls_with_flags<0x4000>, Ending::returns},
    {"AC and system calls", system_calls_with_flags<0x40000>, Ending::returns},
    {"DF and system calls", system_calls_with_flags<0x400>, Ending::returns},
    {"IOPL and system calls", system_calls_with_flags<0x3000>, Ending::returns},
    {"ID and system calls", system_calls_with_flags<0x200000>, Ending::returns},
    {"NT, and a switch to others", ipc_with_flags<0x4000>, Ending::returns},
    {"AC, and a switch to others", ipc_with_flags<0x40000>, Ending::returns},
    {"a non-canonical IP by ExchangeRegisters", [](Word) { exchange_to(not_canonical); }, Ending::exception,
     protection, 0},
    {"an IP in the kernel's half by ExchangeRegisters", [](Word) { exchange_to(kernel_image); },
     Ending::exception, page_fault, any_value},
    {"an IP of all ones by ExchangeRegisters", [](Word) { exchange_to(~Word{0}); }, Ending::exception,
     page_fault, any_value},
    {"a message longer than there are registers",
     [](Word) {
       l4::Words m(l4::Tag::make(1, 63, 63));
       l4::send_words(test_thread, m);
       expect_failed(m.tag(), send_overflow);
     },
     Ending::returns},
    {"a fault on a page that nobody has", read_at<0x7000'0000'0000>, Ending::page_fault, 0x7000'0000'0000,
     L4_Readable},
    {"a write to its own code that is read-only for it",
     [](Word) {
       asm volatile("movq $0, 0(%0)" : : "r"(runtime::kip_address) : "memory");
     },
     Ending::page_fault, runtime::kip_address, L4_Writable},
    {"every local id, and wild ones",
     [](Word) {
       for (Word id = 0x40; id != 0; id <<= 1) {
         for (const Word word : {id, ~id & ~Word{0x3f}, runtime::utcb_address + id}) {
           expect(send(l4::ThreadId(word), 1, send_zero).failed());
           L4_ThreadSwitch(l4::ThreadId(word));
         }
       }
     },
     Ending::returns},
    {"system calls that it has no privilege for, with wild arguments",
     [](Word) {
       for (Word w = 1; w != 0; w <<= 1) {
         Word old;
         expect_eq(l4_thread_control(w, ~w, w, ~w, w), 0u);
         expect_eq(l4_space_control(~w, w, ~w, w, ~w, &old), 0u);
         expect_eq(l4_processor_control(w, w, w, w), 0u);
         const Word attributes[] = {w, ~w, w, ~w};
         expect_eq(L4_MemoryControl(w, attributes), 0u);
         l4_exchange x = {~w, w, w, w, w, w};
         expect_eq(l4_exchange_registers(w << 1 | 0x10000, &x), 0u);
         expect_eq(l4_schedule(w, w, w, w, w, &old), 0u);
         l4_exchange own = {0x20 | (w & 0x40), w, w, ~w, w, w};
         l4_exchange_registers(l4::ThreadId::self().raw, &own);
       }
       asm volatile("pushq $0x202\n popfq" : : : "cc", "memory");
     },
     Ending::returns},
};
const unsigned attack_count = sizeof(attacks) / sizeof(attacks[0]);

}  // namespace guest
