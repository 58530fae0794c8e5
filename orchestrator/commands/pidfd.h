// pidfd_open and pidfd_send_signal: glibc 2.36 forgot to declare them as C functions for C++.
#pragma once

#include <sys/types.h>

extern "C" {
#include <sys/pidfd.h>
}
