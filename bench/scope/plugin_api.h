// SPDX-License-Identifier: MIT
// The functions of QEMU's TCG plugin interface, version 1, that this plugin calls.
// The emulator itself defines them; distributions ship no header for them.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

using PluginId = std::uint64_t;
struct qemu_plugin_tb;      // a block of instructions that is being translated
struct qemu_plugin_insn;    // one instruction of it
struct qemu_plugin_hwaddr;  // where an access goes
struct PluginInfo;          // about the emulator; not looked at here
using PluginMemoryInfo = std::uint32_t;

enum PluginCallbackFlags { plugin_no_registers = 0 };
enum PluginAccess { plugin_reads = 1, plugin_writes = 2, plugin_reads_and_writes = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb*, void (*)(unsigned cpu, void*), PluginCallbackFlags,
                                          void*);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn*, void (*)(unsigned cpu, void*),
                                            PluginCallbackFlags, void*);
void qemu_plugin_register_vcpu_mem_cb(qemu_plugin_insn*,
                                      void (*)(unsigned cpu, PluginMemoryInfo, std::uint64_t address, void*),
                                      PluginCallbackFlags, PluginAccess, void*);

std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb*, std::size_t);
const void* qemu_plugin_insn_data(const qemu_plugin_insn*);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn*);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn*);
void* qemu_plugin_insn_haddr(const qemu_plugin_insn*);  // the emulator's own address of it
char* qemu_plugin_insn_disas(const qemu_plugin_insn*);  // to be freed

unsigned qemu_plugin_mem_size_shift(PluginMemoryInfo);
bool qemu_plugin_mem_is_store(PluginMemoryInfo);
// Only in a callback of an access, and valid until the next one.
qemu_plugin_hwaddr* qemu_plugin_get_hwaddr(PluginMemoryInfo, std::uint64_t address);
bool qemu_plugin_hwaddr_is_io(const qemu_plugin_hwaddr*);
std::uint64_t qemu_plugin_hwaddr_phys_addr(const qemu_plugin_hwaddr*);

// What the emulator looks for in a plugin.
__attribute__((visibility("default"))) extern int qemu_plugin_version;
__attribute__((visibility("default"))) int qemu_plugin_install(PluginId, const PluginInfo*, int argc,
                                                               char** argv);

}  // extern "C"
