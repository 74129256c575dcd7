// SPDX-License-Identifier: Apache-2.0
// What Debian's libstdc++ headers expect of glibc and musl does not say. Forced in front of every
// guest file.
#pragma once

#define _GLIBCXX_OS_DEFINES 1
#define __GLIBC_PREREQ(major, minor) 0
#define __locale_t locale_t

#include <time.h>

extern "C" int pthread_cond_clockwait(void*, void*, int, const struct timespec*);
