# SPDX-License-Identifier: Apache-2.0
# Builds the guest agent against musl with Debian's g++: libstdc++'s header-only parts, musl's C library, the kernel's
# headers and liburing's, and nothing of glibc. Why musl: docs/decisions/0002-musl-for-the-guest.md.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
# gcc compiles C++ just as g++ does, and does not link libstdc++.
set(CMAKE_CXX_COMPILER gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(triplet x86_64-linux-gnu)

# /usr/include holds glibc's headers beside the ones we want; links pick those out.
set(picked ${CMAKE_BINARY_DIR}/picked-headers)
file(MAKE_DIRECTORY ${picked})
foreach(header linux asm-generic liburing liburing.h xxhash.h)
    file(CREATE_LINK /usr/include/${header} ${picked}/${header} SYMBOLIC)
endforeach()
file(CREATE_LINK /usr/include/${triplet}/asm ${picked}/asm SYMBOLIC)

execute_process(COMMAND g++ -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND g++ -print-file-name=include OUTPUT_VARIABLE compiler_headers OUTPUT_STRIP_TRAILING_WHITESPACE)

string(JOIN " " CMAKE_CXX_FLAGS_INIT
    -nostdinc -nostdinc++
    -isystem /usr/include/c++/${version} -isystem /usr/include/${triplet}/c++/${version}
    -isystem /usr/include/x86_64-linux-musl -isystem ${compiler_headers} -idirafter ${picked}
    -include ${CMAKE_CURRENT_LIST_DIR}/shim.hpp
    -fno-threadsafe-statics -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections)
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT
    -static -specs /usr/lib/x86_64-linux-musl/musl-gcc.specs -Wl,--gc-sections -Wl,-z,norelro
    -Wl,--build-id=none)
