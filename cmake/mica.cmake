# SPDX-License-Identifier: MIT
# Compile options shared by the parts of the build.

set(MICA_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Wcast-align -Wunused -Wnull-dereference -Wimplicit-fallthrough
  $<$<CONFIG:Release>:-Werror>)

# Code that leaves the FPU's registers alone. clang takes -mgeneral-regs-only too,
# but then refuses to parse the standard headers, which name `long double`.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(MICA_NO_FPU -mno-sse -mno-mmx)
else()
  set(MICA_NO_FPU -mgeneral-regs-only)
endif()

# Code that runs without a C++ run-time library under it.
add_library(mica_freestanding INTERFACE)
target_compile_options(mica_freestanding INTERFACE
  -ffreestanding -fno-stack-protector -fno-pic -fno-pie -mno-red-zone
  -fcf-protection=none -fno-asynchronous-unwind-tables -fno-omit-frame-pointer
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit>
  $<$<COMPILE_LANGUAGE:CXX>:${MICA_WARNINGS}>)
target_link_options(mica_freestanding INTERFACE
  -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)

# Debug information changes no instruction, but the size of files that are loaded and searched at
# boot. So a release has it in a file of its own, NAME.elf.debug, where gdb and addr2line find it.
set(MICA_DEBUG_INFO $<$<CONFIG:Release>:-g>)
function(mica_split_debug_info name)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_custom_command(TARGET ${name} POST_BUILD VERBATIM
      COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${name}> $<TARGET_FILE_NAME:${name}>.debug
      COMMAND ${CMAKE_OBJCOPY} --strip-debug --add-gnu-debuglink=$<TARGET_FILE_NAME:${name}>.debug
        $<TARGET_FILE:${name}>
      WORKING_DIRECTORY $<TARGET_FILE_DIR:${name}>)
  endif()
endfunction()

# What user programs have beyond that: the public headers, and system calls of one
# instruction (include/l4/arch.h). To be linked after mica_freestanding, since it
# takes the frame pointer back.
add_library(mica_user INTERFACE)
target_include_directories(mica_user INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/servers)
target_compile_options(mica_user INTERFACE -fomit-frame-pointer $<$<CONFIG:Debug>:-Og>
  $<$<COMPILE_LANGUAGE:CXX>:${MICA_DEBUG_INFO}>)
target_compile_definitions(mica_user INTERFACE L4_PLAIN_CALLS)

# mica_user_program(name SOURCES... [ADDRESS hex] [FPU] [REGIONS]): a static X.2 program.
# ADDRESS is where it is linked and, since sigma0 maps one to one, where it is
# loaded when the first stage starts it. FPU lets it use SSE registers. REGIONS gives a task of
# the root server a region mapper, and with it a heap (include/mica/regions.h).
function(mica_user_program name)
  cmake_parse_arguments(P "FPU;REGIONS" "ADDRESS" "" ${ARGN})
  if(NOT P_ADDRESS)
    set(P_ADDRESS 0x1000000)
  endif()
  add_executable(${name} ${P_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE mica_freestanding mica_user mica_runtime)
  if(P_REGIONS)
    target_link_libraries(${name} PRIVATE mica_regions)
  endif()
  if(NOT P_FPU)
    target_compile_options(${name} PRIVATE ${MICA_NO_FPU})
  endif()
  target_link_options(${name} PRIVATE
    -Wl,-T,${PROJECT_SOURCE_DIR}/servers/runtime/program.ld
    -Wl,--defsym=program_base=${P_ADDRESS})
  set_target_properties(${name} PROPERTIES SUFFIX .elf
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/servers/runtime/program.ld)
  mica_split_debug_info(${name})
endfunction()
